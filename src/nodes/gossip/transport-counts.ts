/** What the sockets count. One object for all parts of one transport, changed in place. */
import { type RejectionReason, rejectionMeanings } from './rejections.ts';
import { type DropReason, dropReasons } from './transport-limits.ts';

export interface FlowCounts {
  sent: number;
  sentBytes: number;
  received: number;
  receivedBytes: number;
}

export interface TransportCounts {
  readonly datagrams: FlowCounts;
  /** One a frame. */
  readonly streams: FlowCounts;
  readonly rejected: Record<RejectionReason, number>;
  readonly dropped: Record<DropReason, number>;
}

/** A count of nothing for each name. */
export function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}

export function noTransportCounts(): TransportCounts {
  const flow = (): FlowCounts => ({ sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 });
  return {
    datagrams: flow(),
    streams: flow(),
    rejected: zeros(Object.keys(rejectionMeanings) as RejectionReason[]),
    dropped: zeros(dropReasons),
  };
}
