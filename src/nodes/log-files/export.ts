/**
 * A log as lines. A whole export holds the hash of every batch and can be verified and imported; one that leaves events
 * out or changes them has no batch lines, so nobody takes it for the whole. Where a log no longer begins with position 1,
 * the first batch line also names the hash before it, without which the batch could not be checked.
 */
import type { Envelope } from '../../events/event.ts';
import type { EventLog } from '../../events/log.ts';
import { dropped } from '../../events/log-errors.ts';
import { momentText } from '../../events/moment-text.ts';
import { batchLine, eventToLine } from '../../events/ndjson.ts';

export interface ExportOptions {
  /** Positions, inclusive. */
  readonly from?: number;
  readonly to?: number;
  /** Moments, inclusive. */
  readonly since?: number;
  readonly until?: number;
  readonly type?: string;
  readonly service?: string;
  /** Puts other names in the place of actors' names and addresses, the same for the same. Reasons stay as they were written. */
  readonly redact?: boolean;
}

/** Whether what is exported with these options can be verified. */
export function isWhole({ redact = false, ...filters }: ExportOptions): boolean {
  return !redact && Object.values(filters).every((filter) => filter === undefined);
}

/** Lines, without line ends, a batch's at a time. */
export async function* exportLines(log: EventLog, options: ExportOptions): AsyncGenerator<readonly string[]> {
  const whole = isWhole(options);
  const redact = options.redact ? redactor() : (event: Envelope) => event;
  refuseWhatWasDropped(log, options);
  const { position: begin } = log.oldest;
  for await (const { first, last, previousHash, hash, events } of log.readStored(
    options.from === undefined ? {} : { from: options.from },
  )) {
    if (first > (options.to ?? Number.POSITIVE_INFINITY)) return;
    const lines = events.filter((event) => isAsked(event, options)).map((event) => eventToLine(redact(event)));
    const mark = first === begin && first > 1 ? { first, last, hash, previous: previousHash } : { first, last, hash };
    yield whole ? [...lines, batchLine(mark)] : lines;
  }
}

/** Nobody shall take what is left of a time for all of it. */
function refuseWhatWasDropped({ oldest }: EventLog, { from, to, since, until }: ExportOptions): void {
  if (oldest.position === 1) return;
  for (const position of [from, to])
    if (position !== undefined && position < oldest.position) throw dropped(`position ${position}`, oldest);
  for (const at of [since, until]) if (at !== undefined && at < oldest.at) throw dropped(`what was at ${momentText(at)}`, oldest);
}

function isAsked({ position, at, type, data }: Envelope, options: ExportOptions): boolean {
  const { from = 0, to = Number.POSITIVE_INFINITY, since = 0, until = Number.POSITIVE_INFINITY } = options;
  if (position < from || position > to || at < since || at > until) return false;
  if (options.type !== undefined && type !== options.type) return false;
  return options.service === undefined || (data as { readonly service?: unknown }).service === options.service;
}

function redactor(): (event: Envelope) => Envelope {
  const names = new Map<string, string>();
  const instead = (kind: string, name: string) => {
    const key = `${kind} ${name}`;
    const known = names.get(key) ?? `${kind}-${names.size + 1}`;
    names.set(key, known);
    return known;
  };
  return (event) => {
    const { actor } = event;
    if (actor === undefined) return event;
    const address = actor.address === undefined ? {} : { address: instead('address', actor.address) };
    return { ...event, actor: { kind: actor.kind, name: instead(actor.kind, actor.name), ...address } };
  };
}
