/**
 * Adds up what readers count. Their counts begin anew at 2^32, so what was added since the last look is added here to
 * sums that do not; looked at often enough, nothing is lost. What was asked for by another name than a service's own is
 * the rest of all.
 */
import { type Rcode, rcodes } from '../codes.ts';
import type { DurationsCounted, QueriesCounted } from '../numbers.ts';
import { controlOf, type TableTally, tallyOf, typeLabels } from '../table/control.ts';
import type { TableWriter } from '../table/writer.ts';
import { createDomains, domainCells, durationRows, durationStride, type ReaderCounts } from './reader-counts.ts';

export interface Tallies {
  /** Looks at everything: to be called now and then. */
  gather(): void;
  queries(): readonly QueriesCounted[];
  dropped(): TableTally['dropped'];
  durations(): readonly DurationsCounted[];
  /** Makes room for more services; readers are to count there from now on. */
  grow(services: number): void;
  /** For how many services there is room. */
  readonly room: number;
}

export interface TalliesOptions {
  readonly writer: () => TableWriter;
  readonly counts: readonly ReaderCounts[];
}

/** What one reader counts by service, and what of each was seen: by cell, where anything was ever counted. */
interface DomainSheet {
  readonly counted: Int32Array;
  readonly services: number;
  readonly seen: (Int32Array | undefined)[];
}

type Label = QueriesCounted['type'];
const rowRcodes = Object.keys(rcodes) as Rcode[];

export function createTallies({ writer, counts }: TalliesOptions): Tallies {
  let room = roomOf(counts);
  /** By cell, then by service. */
  const sums: (Float64Array | undefined)[] = [];
  let sheets: DomainSheet[] = counts.map(({ domains }) => sheetOf(domains));
  /** Readers that are in the middle of a batch may still count there. */
  const outgrown: DomainSheet[] = [];
  const answered = new Map<string, number>();
  const dropped = new Map<string, { readonly of: TableTally['dropped'][number]; count: number }>();
  const seen = new Map<string, number>();
  /** A rest is never less than it was, though what it is taken from was read a moment later. */
  const rests = new Map<string, number>();

  const news = (key: string, count: number): number => {
    const more = (count - (seen.get(key) ?? 0)) >>> 0;
    seen.set(key, count);
    return more;
  };
  const addSheet = ({ counted, services, seen: before }: DomainSheet): void => {
    for (let cell = 0; cell < domainCells; cell += 1) {
      const from = cell * services;
      for (let service = 0; service < services; service += 1) {
        const count = counted[from + service]!;
        if (count === (before[cell]?.[service] ?? 0)) continue;
        const seenOfCell = (before[cell] ??= new Int32Array(services));
        (sums[cell] ??= new Float64Array(room))[service]! += (count - seenOfCell[service]!) >>> 0;
        seenOfCell[service] = count;
      }
    }
  };
  const gather = (): void => {
    const { control: buffer, workers } = writer();
    const control = controlOf(buffer, workers);
    counts.forEach((_, reader) => {
      const tally = tallyOf(control, reader);
      for (const { transport, type, rcode, count } of tally.answered) {
        const key = `${type} ${rcode}`;
        answered.set(key, (answered.get(key) ?? 0) + news(`${reader} ${transport} ${key}`, count));
      }
      for (const of of tally.dropped) {
        const key = `${of.transport} ${of.reason}`;
        const entry = dropped.get(key) ?? { of, count: 0 };
        entry.count += news(`${reader} dropped ${key}`, of.count);
        dropped.set(key, entry);
      }
    });
    for (const sheet of [...outgrown, ...sheets]) addSheet(sheet);
  };

  const ofServices = (): { rows: QueriesCounted[]; sumOf: Map<string, number> } => {
    const names = new Map([...writer().serviceNumbers()].map(([service, number]) => [number, service]));
    const rows: QueriesCounted[] = [];
    const sumOf = new Map<string, number>();
    for (let cell = 0; cell < domainCells; cell += 1) {
      const type = typeLabels[cell % typeLabels.length] as Label;
      const rcode: Rcode = cell < typeLabels.length ? 'NOERROR' : 'SERVFAIL';
      for (const [number, service] of names) {
        const count = sums[cell]?.[number] ?? 0;
        if (count === 0) continue;
        rows.push({ service, type, rcode, count });
        sumOf.set(`${type} ${rcode}`, (sumOf.get(`${type} ${rcode}`) ?? 0) + count);
      }
    }
    return { rows, sumOf };
  };

  return {
    gather,
    queries() {
      gather();
      const { rows, sumOf } = ofServices();
      for (const [key, total] of answered) {
        const [type, rcode] = key.split(' ') as [Label, Rcode];
        const rest = Math.max(rests.get(key) ?? 0, total - (sumOf.get(key) ?? 0));
        rests.set(key, rest);
        if (rest > 0) rows.push({ service: undefined, type, rcode, count: rest });
      }
      return rows;
    },
    dropped() {
      gather();
      return [...dropped.values()].map(({ of, count }) => ({ ...of, count }));
    },
    durations: () => rowRcodes.flatMap((rcode, row) => durationsIn(counts, rcode, row)),
    grow(services) {
      gather();
      outgrown.push(...sheets);
      room = services;
      sums.forEach((ofCell, cell) => {
        if (ofCell === undefined) return;
        sums[cell] = new Float64Array(room);
        sums[cell].set(ofCell);
      });
      for (const each of counts) each.domains = createDomains(services);
      sheets = counts.map(({ domains }) => sheetOf(domains));
    },
    get room() {
      return room;
    },
  };
}

function roomOf([first]: readonly ReaderCounts[]): number {
  return (first?.domains.length ?? 0) / domainCells;
}

function sheetOf(counted: Int32Array): DomainSheet {
  return { counted, services: counted.length / domainCells, seen: [] };
}

function durationsIn(counts: readonly ReaderCounts[], rcode: Rcode, row: number): DurationsCounted[] {
  if (row >= durationRows) return [];
  const sums = new Float64Array(durationStride);
  for (const { durations } of counts) for (let at = 0; at < durationStride; at += 1) sums[at]! += durations[row * durationStride + at]!;
  const replies = [...sums.subarray(0, -1)];
  return replies.every((count) => count === 0) ? [] : [{ rcode, replies, seconds: sums.at(-1) as number }];
}
