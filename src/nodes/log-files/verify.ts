/** Whether a log, or a whole export of one, is what was written: every batch's hash, every position, every moment. */
import { stat } from 'node:fs/promises';
import { type LogEnd, LogError, noHash } from '../../events/log.ts';
import { withStoppedLog } from './stopped-log.ts';
import { readWholeExport } from './whole-export.ts';

export interface Verdict {
  /** Null where nothing was sound enough to say it. */
  readonly node: string | null;
  readonly batches: number;
  readonly events: number;
  /** The first position, and when it was; null where nothing is sound. Above 1 what was before it was dropped. */
  readonly begins: { readonly position: number; readonly at: number } | null;
  /** The last position that is sound, when it was, and the hash that vouches for all up to it. */
  readonly position: number;
  readonly at: number;
  readonly hash: string;
  /** What does not fit; null: all of it is sound. */
  readonly problem: { readonly code: string; readonly error: string; readonly remedy: string } | null;
}

const differences: readonly string[] = ['log-broken', 'log-tail-lost'];

/** `path` is a data folder, a log directory, or an NDJSON file. Rejects where it cannot be looked at, or not be verified. */
export async function verifyLog(path: string, onProgress: (events: number) => void = () => {}): Promise<Verdict> {
  const seen = {
    node: null as string | null,
    begins: null as Verdict['begins'],
    batches: 0,
    events: 0,
    end: { position: 0, at: 0, hash: noHash } as LogEnd,
  };
  const note = (end: LogEnd, events: number) => {
    seen.begins ??= { position: end.position - events + 1, at: end.at };
    seen.end = end;
    seen.batches += 1;
    seen.events += events;
    onProgress(seen.events);
  };
  let problem: Verdict['problem'] = null;
  try {
    if ((await stat(path).catch(() => undefined))?.isFile()) {
      for await (const { node, end, events } of readWholeExport(path)) {
        seen.node = node;
        note(end, events);
      }
    } else {
      await withStoppedLog(path, async (log) => {
        seen.node = log.node;
        for await (const { last, at, hash, events } of log.readStored()) note({ position: last, at, hash }, events.length);
      });
    }
  } catch (error) {
    if (!(error instanceof LogError) || !differences.includes(error.code)) throw error;
    problem = { code: error.code, error: error.message, remedy: error.remedy };
  }
  const { node, begins, batches, events, end } = seen;
  return { node, begins, batches, events, position: end.position, at: end.at, hash: Buffer.from(end.hash).toString('hex'), problem };
}
