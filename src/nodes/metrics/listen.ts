/**
 * Where Prometheus asks: `/metrics`, and `/health` for whoever only wants to know that the process lives. On a listener
 * of its own, because it is asked by other machines than the API is, and says nothing that has to be hidden.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parseListenAddress } from '../listen-address.ts';
import { listenAddressInvalid, listenError } from '../listen-error.ts';
import { listenOn } from '../listen-on.ts';
import type { Metrics } from './metrics.ts';

/** Every limit of this listener (I9). */
const limits = {
  /** Open connections; new ones beyond are closed at once. */
  connectionsMax: 32,
  /** From a request's first byte to its last. */
  requestMsMax: 5_000,
} as const;

type ReadableMetrics = Pick<Metrics, 'render' | 'contentType'>;

export interface MetricsListener {
  readonly port: number;
  /** Takes no more requests, and resolves when everything is closed; who is being answered is cut off. */
  close(): Promise<void>;
}

/** Listens on `host:port` (port 0 takes a free one, no host takes every address). Rejects with a ListenError. */
export async function listenMetrics(metrics: ReadableMetrics, listenAddress: string): Promise<MetricsListener> {
  const address = parseListenAddress(listenAddress);
  if (address === undefined) throw listenAddressInvalid('metrics', listenAddress);
  const { requestMsMax } = limits;
  const server = createServer({ requestTimeout: requestMsMax, headersTimeout: requestMsMax }, (request, response) => {
    void answer(metrics, request, response);
  });
  server.maxConnections = limits.connectionsMax;
  try {
    await listenOn(server, address);
  } catch (error) {
    throw listenError('metrics', address, error);
  }
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(metrics: ReadableMetrics, { method, url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = url.replace(/\?.*$/s, '');
  const plain = { 'content-type': 'text/plain; charset=utf-8' };
  if (path !== '/metrics' && path !== '/health') {
    response.writeHead(404, plain).end('There is /metrics and /health.\n');
  } else if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { ...plain, allow: 'GET, HEAD' }).end('Only GET and HEAD are taken.\n');
  } else if (path === '/health') {
    response.writeHead(200, plain).end('OK');
  } else {
    try {
      const text = await metrics.render();
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    } catch {
      response.writeHead(500, plain).end('The metrics could not be gathered.\n');
    }
  }
}
