/**
 * Keeps the log from growing for ever: says when everything is restated in a checkpoint, and lets go of what is before
 * one that is old enough. It looks at the start, then once a minute, and sooner where much is written.
 *
 *     a checkpoint is due    a day after the one before, or when a quarter of the bytes that are allowed were written since
 *     what goes, by age      all before the newest checkpoint that is older than the retention
 *     what goes, by size     and where that leaves too much: all before the oldest checkpoint that leaves no more than allowed
 *     what stays             the newest checkpoint and what follows it, whatever that takes; and everything while the disk refuses
 */
import { AssertionError } from 'node:assert';
import { isRefusal, type Order } from '../commands/command.ts';
import { bytesOf } from '../events/byte-size.ts';
import { durationMs } from '../events/duration.ts';
import type { EventLog, LogStart } from '../events/log.ts';
import type { State } from '../projections/state.ts';
import type { Engine, Listener } from './engine.ts';
import type { Clock } from './world.ts';

const dayMs = 86_400_000;
const lookEveryMsDefault = 60_000;
/** Some megabytes: between two looks the log grows by no more than this beyond what is allowed. */
const lookEveryEvents = 10_000;
/** A checkpoint that was refused is tried again after this. */
const againAfterMs = 3_600_000;

const order: Order = { command: { kind: 'takeCheckpoint' }, actor: { kind: 'system', name: 'retention' } };

export interface RetentionLimits {
  /** How old what is kept may become. */
  readonly retentionMs: number;
  /** How much the log may take on the disk. */
  readonly bytesMax: number;
}

/** What went. */
export interface DroppedReport {
  readonly events: number;
  readonly bytes: number;
  /** Where the log begins now. */
  readonly oldest: LogStart;
}

export interface RetentionKeeper {
  readonly listener: Listener;
  /** From now on it looks. The engine runs. */
  start(): void;
  /** It looks no more; closing the log ends what it is at. */
  stop(): void;
}

export interface RetentionKeeperOptions {
  readonly engine: () => Engine;
  readonly log: EventLog;
  readonly clock: Clock;
  /** As they are when it looks; undefined: there is no configuration yet. Default: those of the configuration in force. */
  readonly limits?: (state: State) => RetentionLimits | undefined;
  /** Removes caches that are of use no more. */
  readonly removeSnapshotsBefore: (position: number) => Promise<void>;
  /** Of the log's time. Default: a minute. */
  readonly lookEveryMs?: number;
  readonly onDropped: (report: DroppedReport) => void;
  readonly warn: (sentence: string) => void;
}

export function createRetentionKeeper(options: RetentionKeeperOptions): RetentionKeeper {
  const { engine, log, clock, limits = limitsInForce, lookEveryMs = lookEveryMsDefault, removeSnapshotsBefore, onDropped, warn } = options;
  /** Position of a checkpoint -> the one before it, so that most are not read again. */
  const previous = new Map<number, LogStart | null>();
  let running = false;
  let isFirstLook = true;
  let looking = false;
  let heard = 0;
  let refusedUntil = 0;
  let callOff: (() => void) | undefined;

  async function look(): Promise<void> {
    const { refusing, state } = engine();
    const allowed = limits(state);
    if (refusing !== undefined || allowed === undefined || state.position === 0) return;
    // A process that was killed may have noted a beginning and not have removed all that was before it.
    if (isFirstLook && log.oldest.position > 1) await log.dropBefore(log.oldest.position);
    isFirstLook = false;
    if (await isCheckpointDue(state, allowed)) await takeCheckpoint();
    const cut = await placeToCut(state, allowed);
    if (cut !== undefined) await drop(cut);
  }

  async function isCheckpointDue({ checkpoint }: State, { bytesMax }: RetentionLimits): Promise<boolean> {
    const last = checkpoint ?? log.oldest;
    if (clock.now() < refusedUntil) return false;
    return clock.now() - last.at >= dayMs || (await log.size(last.position)) >= bytesMax / 4;
  }

  async function takeCheckpoint(): Promise<void> {
    const outcome = await engine().execute(order);
    if (!isRefusal(outcome) || !running) return;
    refusedUntil = clock.now() + againAfterMs;
    warn(`no checkpoint was taken: ${outcome.error}; ${outcome.remedy}`);
  }

  /** The table above; undefined: nothing has to go. */
  async function placeToCut(state: State, { retentionMs, bytesMax }: RetentionLimits): Promise<LogStart | undefined> {
    const goesBefore = clock.now() - retentionMs;
    if (log.oldest.at > goesBefore && (await log.size()) <= bytesMax) return undefined;
    const places = await checkpoints(state);
    const byAge = places.findLastIndex(({ at }) => at <= goesBefore);
    let cut = places[byAge];
    for (const place of places.slice(byAge + 1)) {
      if ((await log.size((cut ?? log.oldest).position)) <= bytesMax) break;
      cut = place;
    }
    return cut;
  }

  /** Those behind the beginning of the log, oldest first. */
  async function checkpoints({ checkpoint }: State): Promise<readonly LogStart[]> {
    const places: LogStart[] = [];
    for (let place = checkpoint ?? null; place !== null && place.position > log.oldest.position; place = await before(place)) {
      places.unshift(place);
    }
    return places;
  }

  async function before({ position }: LogStart): Promise<LogStart | null> {
    const known = previous.get(position);
    if (known !== undefined) return known;
    for await (const { events } of log.read({ from: position })) {
      const found = events.find((event) => event.position === position);
      const place = found?.type === 'log.checkpoint' ? found.data.previous : null;
      previous.set(position, place);
      return place;
    }
    return null;
  }

  async function drop(cut: LogStart): Promise<void> {
    const { position: begin } = log.oldest;
    const bytes = await log.size();
    await log.dropBefore(cut.position);
    await removeSnapshotsBefore(cut.position);
    for (const position of previous.keys()) if (position < cut.position) previous.delete(position);
    onDropped({ events: cut.position - begin, bytes: Math.max(0, bytes - (await log.size())), oldest: log.oldest });
  }

  /** A failing disk is the engine's business; here it only means that nothing was dropped this time. */
  function lookNow(): void {
    if (looking || !running) return;
    looking = true;
    heard = 0;
    look()
      .catch((error: Error) => {
        if (error instanceof AssertionError) throw error;
        if (running) warn(`nothing was dropped from the log: ${error.message}`);
      })
      .finally(() => {
        looking = false;
      });
  }

  function lookAgainAndAgain(): void {
    lookNow();
    callOff = clock.wakeAt(clock.now() + lookEveryMs, lookAgainAndAgain);
  }

  return {
    listener({ cause }) {
      if (!('event' in cause)) return;
      if (cause.event.type === 'log.checkpoint') previous.set(cause.event.position, cause.event.data.previous);
      heard += 1;
      if (heard >= lookEveryEvents && running && !looking) queueMicrotask(lookNow);
    },
    start() {
      running = true;
      callOff = clock.wakeAt(clock.now(), lookAgainAndAgain);
    },
    stop() {
      running = false;
      callOff?.();
    },
  };
}

function limitsInForce({ configuration }: State): RetentionLimits | undefined {
  if (configuration === undefined) return undefined;
  const { retention, max_bytes: bytesMax } = configuration.configuration.log;
  return { retentionMs: durationMs(retention), bytesMax: bytesOf(bytesMax) };
}
