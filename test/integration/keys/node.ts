/** A node that keeps keys, as tests run it: a real engine on a real log, real key files, and a clock moved by hand. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { type Command, isRefusal } from '../../../src/commands/command.ts';
import type { Configuration } from '../../../src/events/catalogue/configuration.ts';
import type { Event } from '../../../src/events/event.ts';
import { openLevelLog } from '../../../src/events/level-log.ts';
import type { EventLog } from '../../../src/events/log.ts';
import { type VirtualClock, virtualClock } from '../../../src/nodes/clock.ts';
import { type Keys, type KeysParts, openKeys } from '../../../src/nodes/dns/keys/keys.ts';
import { createEngine, type Engine, type Listener } from '../../../src/nodes/engine.ts';
import { keysOf } from '../../../src/projections/keys.ts';
import { app, applying, oneDomain, order } from '../../given.ts';

export const start = Date.UTC(2026, 10, 21);
export const hour = 3_600_000;
export const day = 24 * hour;

/** How to stop the nodes of each test. */
const running = new WeakMap<TestContext, (() => Promise<void>)[]>();

export function newFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'opengslb-keys-'));
  // Whatever runs on it stops first.
  test.after(async () => {
    for (const stop of running.get(test) ?? []) await stop();
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** `app` is a zone of its own; this is said about its keys. */
export const withDnssec = (dnssec: object = {}): Configuration => oneDomain(['192.0.2.1'], {}, { overwatch: { dnssec } });

export interface KeyNode {
  readonly engine: Engine;
  readonly log: EventLog;
  readonly keys: Keys;
  readonly clock: VirtualClock;
  /** What the node said of itself. */
  readonly logged: readonly string[];
  /** The zones that were to be signed anew, in turn. */
  readonly changed: readonly string[];
  /** `1 active, 2 published` with the tags of its keys numbered as they came. */
  stages(zone?: string): string;
  give(command: Command): Promise<readonly Event[]>;
  /** Lets time pass, and what is due be done. */
  pass(ms: number): Promise<void>;
  /** Closes this before everything else. */
  closing(close: () => Promise<void>): void;
  stop(): Promise<void>;
}

export interface NodeOptions {
  readonly folder: string;
  readonly configuration?: Configuration;
  /** Default: the start of every test. */
  readonly at?: number;
  readonly resolver?: KeysParts['resolver'];
  readonly shownSince?: KeysParts['shownSince'];
  /** Where its log is, in the folder. */
  readonly logName?: string;
}

/** Starts on what lies in the folder, as an overwatch does; it stops with the test, or before. */
export async function runNode(
  test: TestContext,
  { folder, configuration = withDnssec(), at = start, resolver, shownSince, logName = 'log' }: NodeOptions,
): Promise<KeyNode> {
  const clock = virtualClock(at);
  const log = await openLevelLog({ directory: join(folder, logName), node: 'ow-1' });
  const listeners: Listener[] = [];
  const engine = createEngine({ clock, chance: () => 0, log }, listeners, (error) => assert.fail(String(error)));
  const logged: string[] = [];
  const changed: string[] = [];
  let stopped = false;
  const closers: (() => Promise<void>)[] = [() => engine.stop(), () => log.close()];
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    for (const close of closers) await close();
  };
  running.set(test, [...(running.get(test) ?? []), stop]);

  await engine.fold(log);
  engine.start();
  const give = async (command: Command) => {
    const outcome = await engine.execute(order(command));
    assert(!isRefusal(outcome), JSON.stringify(outcome));
    return outcome.events;
  };
  await give(applying(configuration, { force: true }));
  const keys = await openKeys({
    ...{ engine, clock, secrets: join(folder, 'secrets'), logger: pino({ level: 'debug' }, { write: (line) => logged.push(line) }) },
    ...{ onChange: (zone: string) => changed.push(zone), ...(resolver !== undefined && { resolver }) },
    ...(shownSince !== undefined && { shownSince }),
  });
  closers.unshift(() => keys.stop());
  listeners.push(keys.listener);
  keys.begin();

  const numbers = new Map<number, number>();
  const numberOf = (keyTag: number) => numbers.get(keyTag) ?? numbers.set(keyTag, numbers.size + 1).size;
  return {
    ...{ engine, log, keys, clock, logged, changed, give, stop },
    closing: (close) => void closers.unshift(close),
    stages: (zone = app) =>
      keysOf(engine.state, zone)
        .map(({ keyTag, stage }) => `${numberOf(keyTag)} ${stage}`)
        .join(', '),
    async pass(ms) {
      await clock.moveTo(clock.now() + ms);
      await until('the node is idle', () => engine.waiting.orders === 0);
    },
  };
}

export async function until(what: string, holds: () => boolean): Promise<void> {
  for (const began = performance.now(); !holds(); await new Promise((resolve) => setImmediate(resolve))) {
    assert.ok(performance.now() - began < 20_000, `never came about: ${what}`);
  }
}
