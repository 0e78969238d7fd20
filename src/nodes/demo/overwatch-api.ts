/** The overwatch's REST API as the demo uses it: overrides, and what the overwatch thinks of each server. */
import { z } from 'zod';
import { DemoError } from './demo-error.ts';

/** What the overwatch thinks of one server, for showing beside what the client sees. */
export interface ServerStanding {
  readonly address: string;
  readonly status: string;
  readonly reason: string;
}

export interface OverwatchApi {
  readonly url: string;
  /** Undefined where it does not answer. */
  standings(service: string): Promise<readonly ServerStanding[] | undefined>;
  setOverride(service: string, address: string, action: 'up' | 'down' | 'drain', reason: string): Promise<void>;
  clearOverride(service: string, address: string): Promise<void>;
}

const server = z.object({ address: z.string(), verdict: z.object({ status: z.string(), reason: z.string() }) });
/** The demo's servers have one port each, so the first of a candidate is all there is. */
const answersBody = z.object({ candidates: z.array(z.object({ servers: z.tuple([server]) })) });

const requestWithinMs = 5_000;

export function overwatchApi(origin: string): OverwatchApi {
  const url = `${origin}/api/v1`;

  async function command(method: 'PUT' | 'DELETE', path: string, body?: unknown): Promise<void> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(requestWithinMs),
    }).catch((error: Error) => {
      throw new DemoError('refused', `the overwatch did not answer ${method} ${path}`, 'look at what it printed', error);
    });
    if (response.ok) return;
    const text = await response.text();
    throw new DemoError('refused', `the overwatch answered ${method} ${path} with ${response.status}: ${text}`, 'look at its reason');
  }

  return {
    url,
    async standings(service) {
      try {
        const response = await fetch(`${url}/services/${service}/answers`, { signal: AbortSignal.timeout(requestWithinMs) });
        if (!response.ok) return undefined;
        const { candidates } = answersBody.parse(await response.json());
        return candidates.map(({ servers: [{ address, verdict }] }) => ({ address, status: verdict.status, reason: verdict.reason }));
      } catch {
        return undefined;
      }
    },
    setOverride: (service, address, action, reason) => command('PUT', `/overrides/${service}/${address}`, { action, reason }),
    clearOverride: (service, address) => command('DELETE', `/overrides/${service}/${address}`),
  };
}
