/**
 * A client of the API that knows what it was told. It calls from an address of its own, since the API counts requests by
 * address; and it takes a command for acknowledged as soon as the status line has arrived, whatever becomes of the rest.
 */
import { Agent, request } from 'node:http';

export interface Answer {
  /** Undefined: the connection ended before any answer. */
  readonly status: number | undefined;
  /** Undefined where the body did not arrive whole, or there was none. */
  readonly body: unknown;
}

export interface ApiClient {
  ask(method: string, path: string, options?: { readonly body?: unknown; readonly key?: string }): Promise<Answer>;
  close(): void;
}

/** `baseUrl` ends with `/api/v1`. */
export function apiClient(baseUrl: string, localAddress: string): ApiClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress });
  return {
    ask: (method, path, { body, key } = {}) =>
      new Promise((resolve) => {
        const headers = {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(key !== undefined && { 'idempotency-key': key }),
        };
        const asked = request(`${baseUrl}${path}`, { method, headers, agent, timeout: 30_000 }, (response) => {
          const { statusCode: status } = response;
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          response.once('error', () => resolve({ status, body: undefined }));
          response.once('end', () => resolve({ status, body: text === '' ? undefined : JSON.parse(text) }));
        });
        asked.once('timeout', () => asked.destroy());
        // After the status line the response says itself how it ended.
        asked.once('error', () => resolve({ status: undefined, body: undefined }));
        asked.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
}

export interface ShownEvent {
  readonly position: number;
  readonly type: string;
  readonly request?: { readonly key: string };
}

/** Every event from a position on, as far as the node shows them now. Positions without a gap are asserted by whoever asks. */
export async function eventsFrom(client: ApiClient, from: number): Promise<readonly ShownEvent[]> {
  const events: ShownEvent[] = [];
  for (let next = from; ; ) {
    const { status, body } = await client.ask('GET', `/events?from=${next}&limit=1000`);
    if (status !== 200 || body === undefined) throw new Error(`the events from ${next} on were not answered: ${status}`);
    const page = body as { readonly events: readonly ShownEvent[]; readonly next: number; readonly last: number };
    events.push(...page.events);
    next = page.next;
    if (next > page.last) return events;
  }
}
