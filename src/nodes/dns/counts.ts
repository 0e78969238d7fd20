/** What the DNS server counts: every query once, by what was said to it, and everything that got no reply, by why. */
import type { Rcode, TypeName } from './codes.ts';

export type Transport = 'udp' | 'tcp';

/** Why something from the network got no reply. */
export type DropReason =
  /** Shorter than a header. */
  | 'short'
  /** A response, which nobody here asked for. */
  | 'response'
  /** From port 0, where no reply can go. */
  | 'no-source-port'
  /** The socket has too many replies that the kernel did not take. */
  | 'unsent-replies'
  /** The kernel refused to send the reply. */
  | 'send-failed'
  /** TCP: a length beyond any query's. */
  | 'oversized'
  /** TCP: a query stayed unfinished, or replies unread, for too long. */
  | 'slow'
  /** TCP: the peer left in the middle of a query. */
  | 'unfinished'
  /** TCP: all connections are taken, or all that one client may have. */
  | 'connections'
  | 'client-connections'
  /** TCP: the connection broke. */
  | 'connection-failed';

export type DnsCount =
  | { readonly kind: 'answered'; readonly transport: Transport; readonly type: TypeName | 'other' | 'none'; readonly rcode: Rcode }
  | { readonly kind: 'dropped'; readonly transport: Transport; readonly reason: DropReason }
  /** The responder threw: a broken invariant, answered with SERVFAIL and counted as answered besides. */
  | { readonly kind: 'failed'; readonly transport: Transport; readonly error: unknown }
  /** A socket said that something went wrong; it goes on. */
  | { readonly kind: 'socket-failed'; readonly transport: Transport; readonly error: unknown };

/** All counts of one server, by labels from closed lists, so that no client can make them grow. */
export interface DnsTally {
  readonly answered: readonly { readonly transport: Transport; readonly type: string; readonly rcode: string; readonly count: number }[];
  readonly dropped: readonly { readonly transport: Transport; readonly reason: DropReason; readonly count: number }[];
  readonly failed: number;
  readonly socketFailed: number;
}

export interface DnsCounter {
  readonly count: (count: DnsCount) => void;
  tally(): DnsTally;
}

/** Counts in memory; `tally` is read by metrics. */
export function createDnsCounter(): DnsCounter {
  type Counted<K extends DnsCount['kind']> = { labels: Omit<Extract<DnsCount, { kind: K }>, 'kind'>; count: number };
  const answered = new Map<string, Counted<'answered'>>();
  const dropped = new Map<string, Counted<'dropped'>>();
  let failed = 0;
  let socketFailed = 0;
  const add = <L>(counts: Map<string, { labels: L; count: number }>, key: string, labels: L) => {
    const entry = counts.get(key) ?? { labels, count: 0 };
    entry.count += 1;
    counts.set(key, entry);
  };
  return {
    count(event) {
      if (event.kind === 'answered') {
        const { transport, type, rcode } = event;
        add(answered, `${transport} ${type} ${rcode}`, { transport, type, rcode });
      } else if (event.kind === 'dropped') {
        const { transport, reason } = event;
        add(dropped, `${transport} ${reason}`, { transport, reason });
      } else if (event.kind === 'failed') failed += 1;
      else socketFailed += 1;
    },
    tally: () => ({
      answered: [...answered.values()].map(({ labels, count }) => ({ ...labels, count })),
      dropped: [...dropped.values()].map(({ labels, count }) => ({ ...labels, count })),
      failed,
      socketFailed,
    }),
  };
}
