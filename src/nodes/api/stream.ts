/**
 * `/api/v1/events/stream`: the facts of this node over a WebSocket, from any position on, without a gap. It only reads:
 * what a client sends is passed over. Who may come is decided by the same door as everywhere, before the protocol is
 * changed; where tokens are needed, the request carries one as any other does, which programs can and browsers cannot, so
 * for a page there is no stream then. Where no token is needed, a page must be this API's own, because a browser lets
 * every page open a WebSocket to anywhere and read it.
 */
import { EventEmitter } from 'node:events';
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import websocket from '@fastify/websocket';
import type { FastifyRequest } from 'fastify';
import { browserProblem } from './browsers.ts';
import { identityOf } from './door.ts';
import { ApiError, rawResponse, shortened } from './errors.ts';
import { apiLimits } from './limits.ts';
import type { Api, RouteContext } from './route-context.ts';
import { reads } from './shapes.ts';
import { closeCodes, type StreamConsumer, type StreamSource, serveStream, stopping } from './stream-consumer.ts';
import { readStreamQuery, type StreamQuery } from './stream-query.ts';
import { createTail } from './stream-tail.ts';
import { createTurns } from './stream-turns.ts';

const path = '/events/stream';

export function streamRoutes(api: Api, { log, logger, clock, recentChanges }: RouteContext): void {
  const turns = createTurns(apiLimits.streamSliceMs);
  const onTrouble = (error: unknown) => logger.error({ err: error }, 'a stream of events failed');
  const source: StreamSource = { log, recent: recentChanges, tail: createTail(log, turns), turns, clock, onTrouble };
  const open = new Map<StreamConsumer, string>();

  void api.register(async (scope) => {
    const upgrades = takeUpgrades(api, `${scope.prefix}${path}`);
    await scope.register(websocket, {
      // The library listens here; what else wants to upgrade is answered as if it did not.
      options: { server: upgrades as never, maxPayload: apiLimits.streamMessageBytesMax, perMessageDeflate: false },
      errorHandler: (_error, socket) => socket.terminate(),
      preClose(done) {
        for (const consumer of open.keys()) consumer.close(...stopping);
        const callOff = clock.wakeAt(clock.now() + apiLimits.closeMs, () => {
          for (const socket of this.websocketServer.clients) socket.terminate();
        });
        this.websocketServer.close(callOff);
        done();
      },
    });
    // Nobody reads a next request from a connection that was to become something else.
    scope.addHook('onResponse', async ({ raw }) => {
      if (raw.headers.upgrade !== undefined) raw.socket.destroySoon();
    });
    scope.route({
      method: 'GET',
      url: path,
      config: reads,
      preHandler: async (request) => admit(request, [...open.values()]),
      handler: () => {
        throw new ApiError('upgrade-required', 'events are streamed over a WebSocket', 'open a WebSocket here, or GET /api/v1/events');
      },
      wsHandler(socket, request) {
        const query = readStreamQuery(request.query);
        const problem = 'problem' in query ? { code: closeCodes.badFilter, reason: query.problem } : outside(query, source);
        if (problem !== undefined) return socket.close(problem.code, reasonText(problem.reason));
        const consumer = serveStream(source, socket, request.raw.socket, query as StreamQuery);
        open.set(consumer, addressOf(request));
        socket.on('close', () => open.delete(consumer));
      },
    });
  });
}

function admit(request: FastifyRequest, addresses: readonly string[]): void {
  const { host, origin } = request.headers;
  const { byToken } = identityOf(request);
  // By the rule for changes: that a page only reads is no comfort here.
  const asked = { method: 'WEBSOCKET', host, origin, fromLoopback: false, trustProxyHeaders: true, byToken };
  if (browserProblem(asked) !== undefined) {
    const error = `a page of ${shortened(origin ?? '')} may not read the events of this node`;
    throw new ApiError('cross-site', error, 'open this API by its address or as localhost, or use a program that is not a browser');
  }
  const { streamsMax, streamsPerAddressMax } = apiLimits;
  const ofThis = addresses.filter((address) => address === addressOf(request)).length;
  if (addresses.length < streamsMax && ofThis < streamsPerAddressMax) return;
  const error = `there are ${addresses.length} streams open, ${ofThis} of them from there; ${streamsMax} and ${streamsPerAddressMax} are allowed`;
  throw new ApiError('too-many-requests', error, 'close one that is not needed, or come back later');
}

function addressOf(request: FastifyRequest): string {
  return identityOf(request).actor.address ?? '';
}

/** Why the log cannot be read from there. */
function outside({ from, changes }: StreamQuery, { log, recent }: StreamSource) {
  if (changes && recent === undefined) return { code: closeCodes.badFilter, reason: 'query.changes: this node derives no changes' };
  if (from === undefined) return undefined;
  const [oldest, end] = [log.oldest.position, log.synced.position];
  if (from < oldest) return { code: closeCodes.belowRetention, reason: String(oldest) };
  return from > end + 1 ? { code: closeCodes.badFilter, reason: `query.from: the log ends at ${end}` } : undefined;
}

/** The reason of a closing has at most 123 bytes. */
function reasonText(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}

/**
 * Node hands every request that names another protocol to whoever listens for that, and so would leave `curl --http2`
 * without an answer. Those for the stream go on to the library; any other is answered as if it had not named one.
 */
function takeUpgrades(api: Api, streamPath: string): EventEmitter {
  const upgrades = new EventEmitter();
  api.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const isStream = request.url?.replace(/\?.*$/s, '') === streamPath;
    if (isStream && request.headers.upgrade?.toLowerCase() === 'websocket') return upgrades.emit('upgrade', request, socket, head);
    socket.on('error', () => socket.destroy());
    if (request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined) {
      const error = 'a request with a body cannot change the protocol as well';
      return socket.end(rawResponse(new ApiError('request-malformed', error, 'send it without the header Upgrade')));
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.on('finish', () => socket.end());
    return api.server.emit('request', request, response);
  });
  return upgrades;
}
