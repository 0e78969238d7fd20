/** The numbers that a DNS server has, as metrics read them. All of them only rise, but for what is said of the table. */
import type { Udp } from '../../native/udp-batch.ts';
import type { Rcode, TypeName } from './codes.ts';
import type { DropReason, Transport } from './counts.ts';
import type { Decision } from './reply.ts';

export interface QueriesCounted {
  /** Whose own name was asked for; undefined: any other name. */
  readonly service: string | undefined;
  readonly type: TypeName | 'other' | 'none';
  readonly rcode: Rcode;
  readonly count: number;
}

export interface DurationsCounted {
  readonly rcode: Rcode;
  /** Replies in each bucket, and beyond the last. */
  readonly replies: readonly number[];
  readonly seconds: number;
}

export interface DnsNumbers {
  queries(): readonly QueriesCounted[];
  dropped(): readonly { readonly transport: Transport; readonly reason: DropReason; readonly count: number }[];
  durations(): readonly DurationsCounted[];
  /** Queries on which answering itself failed. */
  failed(): number;
  socketFailed(): number;
  /** Tells which answers were chosen since the last time, and how often. */
  collectDecisions(tell: (decision: Decision, count: number) => void): void;
  table(): { readonly names: number; readonly bytes: number; readonly publication: number };
  threads(): ThreadNumbers;
}

export interface ThreadNumbers {
  /** How they take datagrams; undefined where nothing was opened. */
  readonly kind: Udp['kind'] | undefined;
  readonly serving: number;
  readonly deaths: number;
  /** By thread. */
  readonly received: readonly number[];
  readonly batches: readonly number[];
  /** Samples of the query log that were not written because too many waited. */
  readonly samplesDropped: number;
}
