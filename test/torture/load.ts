/**
 * The load of one round, until the node is killed under it: clients that command, one that reads the events, one that asks DNS,
 * and a web server that comes and goes. All of them note what they were told, and stop when it is over.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { type RunningOverwatch, resolve, until } from '../e2e/overwatch-process.ts';
import { type ApiClient, apiClient, type ShownEvent } from './api-client.ts';
import { type Draws, drawsFrom } from './chance.ts';
import { nextCommand, type Target } from './commands.ts';
import type { Ledger } from './ledger.ts';
import { addressesOf, clients, type Stage, steady, steadyAnswer } from './stage.ts';

/** When a round ends: so many acknowledgements, then so many milliseconds, perhaps with an orderly stop begun before the kill. */
export interface End {
  readonly afterAcknowledgements: number;
  readonly afterMs: number;
  readonly stopFirst: boolean;
  /** Instead of waiting for the moment, an orderly stop is killed as soon as it begins to write its snapshot, if it does. */
  readonly atSnapshot: boolean;
}

export interface Seen {
  /** What the reader was shown. */
  readonly events: readonly ShownEvent[];
  readonly dnsAnswers: number;
}

export interface LoadOptions {
  readonly node: RunningOverwatch;
  readonly stage: Stage;
  readonly ledger: Ledger;
  /** The services that the clients may touch in this round. */
  readonly services: readonly string[];
  readonly end: End;
  /** The last position before the round. */
  readonly from: number;
  readonly round: number;
  readonly seed: number;
}

/** Resolves when the node is dead and everybody has noticed. */
export async function loadUntilKilled(options: LoadOptions): Promise<Seen> {
  const { node, ledger, round, end, stage } = options;
  const over = new AbortController();
  let acknowledged = 0;
  let enough = () => {};
  const isEnough = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const isOver = () => over.signal.aborted;
  const onAcknowledged = () => {
    acknowledged += 1;
    if (acknowledged >= end.afterAcknowledgements) enough();
  };
  const commanding = Array.from({ length: clients }, async (_, client) => {
    const draws = drawsFrom(options.seed + 7919 * round + client);
    const api = apiClient(node.apiUrl, `127.0.1.${1 + client}`);
    try {
      for (let count = 0; !isOver(); count++) {
        const target = draws.pick(targetsOf(client, options.services, stage.port));
        const command = nextCommand(target, ledger.held(target), `round-${round}-client-${client}-${count}`, draws);
        const { status, body } = await api.ask(command.method, command.path, command);
        const isAcknowledged = status !== undefined && status < 300;
        const isPutOff = status === undefined || (status === 503 && (body as { reason?: string }).reason === 'log-unavailable');
        assert(isAcknowledged || isPutOff, `${command.method} ${command.path} was answered ${status} ${JSON.stringify(body)}`);
        ledger.note({ command, isAcknowledged });
        if (!isAcknowledged) return;
        onAcknowledged();
      }
    } finally {
      api.close();
      // Whoever cannot go on lets the round end, and its failure be seen.
      enough();
    }
  });
  const killing = isEnough.then(async () => {
    if (end.stopFirst) {
      over.abort();
      process.kill(node.pid, 'SIGTERM');
    }
    await (end.stopFirst && end.atSnapshot ? snapshotBegun(stage.dataFolder, node) : moment(end.afterMs));
    over.abort();
    await node.end('SIGKILL');
  });
  const watching = [
    readEvents(node, options.from, isOver),
    askDns(node, over.signal),
    flap(stage, isOver, drawsFrom(options.seed + round)),
  ] as const;
  const results = await Promise.allSettled([...watching, killing, ...commanding]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  const [events, dnsAnswers] = await Promise.all(watching);
  return { events, dnsAnswers };
}

export function targetsOf(client: number, services: readonly string[], port: number): readonly Target[] {
  return services.flatMap((service) => addressesOf(client).map((address) => ({ service, address, port })));
}

/** The moment of a kill is drawn, and not to be waited for by any condition. */
export function moment(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves when a snapshot is being written, or the node has ended without one. */
async function snapshotBegun(dataFolder: string, node: RunningOverwatch): Promise<void> {
  const folder = join(dataFolder, 'snapshots');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ended = new AbortController();
  try {
    const begun = once(watch(folder, { signal: ended.signal }), 'change');
    const stopped = until('the node stops', () => (ended.signal.aborted || /"stopped"/.test(node.output()) ? true : undefined), 30_000);
    await Promise.race([begun, stopped]);
  } finally {
    ended.abort();
  }
}

async function readEvents(node: RunningOverwatch, from: number, isOver: () => boolean): Promise<readonly ShownEvent[]> {
  const api: ApiClient = apiClient(node.apiUrl, '127.0.1.100');
  const events: ShownEvent[] = [];
  for (let next = from + 1; !isOver(); ) {
    const { status, body } = await api.ask('GET', `/events?from=${next}&limit=1000`);
    if (body === undefined) break;
    assert.equal(status, 200, JSON.stringify(body));
    const page = body as { readonly events: readonly ShownEvent[]; readonly next: number };
    events.push(...page.events);
    next = page.next;
    // A client's budget of questions fills up again at a hundred a second.
    if (page.events.length === 0) await moment(10);
  }
  api.close();
  return events;
}

/** The steady service is answered rightly as long as the node lives. Nobody waits for the answer of a dead one. */
async function askDns(node: RunningOverwatch, over: AbortSignal): Promise<number> {
  for (let answers = 0; ; answers++) {
    const answer = await resolve(node.dnsPort, steady, 'A', over).catch((error: unknown) => String(error));
    if (over.aborted) return answers;
    assert.equal(answer, steadyAnswer, `${steady}, under load`);
  }
}

async function flap(stage: Stage, isOver: () => boolean, draws: Draws): Promise<void> {
  while (!isOver()) {
    await stage.flap();
    await moment(20 + draws.whole(200));
  }
}
