/**
 * The demo's client: asks for `/` of the service every 50 ms through its own caching resolver, with connections that
 * it keeps alive, going round the addresses of the answer that it holds, as proxies and gRPC clients do. It never tries
 * a failed request again elsewhere, so nothing that went wrong is hidden.
 */
import { Agent, get } from 'node:http';
import type { Clock } from '../world.ts';
import type { ClientLog, RequestEnded } from './client-log.ts';
import { createResolver, type DnsServer } from './resolver.ts';

const everyMs = 50;
/** The witness's. */
const witnessEveryMs = 100;
const requestWithinMs = 1_000;
const pageCharactersMax = 64;

export interface ClientOptions {
  readonly service: string;
  readonly port: number;
  readonly dns: DnsServer;
  readonly clock: Clock;
  readonly log: ClientLog;
  /** Whether a witness asks beside it, without a cache. */
  readonly witness: boolean;
}

export interface Client {
  start(): void;
  /** Asks one address, whatever DNS says of it. */
  askDirectly(address: string): Promise<void>;
  /** Sends nothing more, and resolves when what was on its way has ended. */
  stop(): Promise<void>;
}

export function createClient({ service, port, dns, clock, log, witness }: ClientOptions): Client {
  const asking = { server: dns, name: service, clock, onSeen: log.add };
  const resolver = createResolver({ ...asking, by: 'client' });
  const onlooker = createResolver({ ...asking, by: 'witness' });
  const agent = new Agent({ keepAlive: true });
  /** At most a hundred: looking up takes 4 s at the longest, and asking 1 s. */
  const inFlight = new Set<Promise<void>>();
  const timers: (() => void)[] = [];
  let turn = 0;

  async function askService(): Promise<void> {
    const startedAt = clock.now();
    const seen = await resolver.resolve();
    if (seen.kind === 'no-answer') {
      log.add(ended(startedAt, { address: null, error: `not resolved: ${seen.error}` }));
      return;
    }
    turn += 1;
    await askAddress(startedAt, seen.addresses[turn % seen.addresses.length] as string, false);
  }

  async function askAddress(startedAt: number, address: string, direct: boolean): Promise<void> {
    const asked = { agent, address, port, service, clock };
    await fetchPage(asked)
      .then((page) => log.add(ended(startedAt, { address, direct, server: page })))
      .catch((error: Error) => log.add(ended(startedAt, { address, direct, error: error.message })));
  }

  function ended(startedAt: number, what: Pick<RequestEnded, 'address'> & Partial<RequestEnded>): RequestEnded {
    return { kind: 'request', startedAt, at: clock.now(), server: null, error: null, direct: false, ...what };
  }

  function sendOne(): void {
    const request = askService().finally(() => inFlight.delete(request));
    inFlight.add(request);
  }

  return {
    start() {
      timers.push(every(clock, everyMs, sendOne));
      if (witness) timers.push(every(clock, witnessEveryMs, () => void onlooker.ask()));
    },
    askDirectly: (address) => askAddress(clock.now(), address, true),
    async stop() {
      for (const callOff of timers.splice(0)) callOff();
      await Promise.all(inFlight);
      agent.destroy();
    },
  };
}

/** Calls `tick` now and then each `intervalMs`. A tick that is a little late delays no other; ticks that were missed are not made up for. */
function every(clock: Clock, intervalMs: number, tick: () => void): () => void {
  let callOff = () => {};
  const beat = (at: number) => {
    tick();
    const next = Math.max(at + intervalMs, clock.now());
    callOff = clock.wakeAt(next, () => beat(next));
  };
  beat(clock.now());
  return () => callOff();
}

interface Asked {
  readonly agent: Agent;
  readonly address: string;
  readonly port: number;
  readonly service: string;
  readonly clock: Clock;
}

/** The page, which is the server's name. Rejects with a short sentence. */
function fetchPage({ agent, address, port, service, clock }: Asked): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ agent, host: address, port, path: '/', headers: { host: `${service}:${port}` } });
    const callOff = clock.wakeAt(clock.now() + requestWithinMs, () => {
      request.destroy(new Error(`no answer within ${requestWithinMs} ms`));
    });
    const fail = (error: Error) => {
      callOff();
      reject(error);
    };
    request.on('error', fail);
    request.once('response', (response) => {
      let page = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        page += piece;
        if (page.length > pageCharactersMax) request.destroy(new Error('the page is longer than any of the demo'));
      });
      response.on('error', fail);
      response.once('end', () => {
        callOff();
        if (response.statusCode === 200) resolve(page.trim());
        else reject(new Error(`status ${response.statusCode}`));
      });
    });
  });
}
