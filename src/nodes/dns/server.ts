/**
 * The DNS server around a responder: UDP and TCP on one address and port, answered one by one where it was opened. It
 * opens both or neither, says in words why it cannot, and once open it stays open until it is closed. An overwatch has
 * `workers/table-server.ts` in its place.
 */
import { systemClock } from '../clock.ts';
import type { Clock } from '../world.ts';
import { answering, type Respond } from './answering.ts';
import type { DnsCount } from './counts.ts';
import { type DnsLimits, dnsLimits } from './limits.ts';
import { openBoth } from './open-both.ts';
import { listenTcp } from './tcp.ts';
import { listenUdp } from './udp.ts';

export interface DnsServerOptions {
  /** `host:port`; port 0 takes one that is free for both, no host takes every address. */
  readonly listenAddress: string;
  readonly respond: Respond;
  readonly onCount?: (count: DnsCount) => void;
  /** For the deadlines of TCP. Default: the machine's. */
  readonly clock?: Clock;
  readonly limits?: Partial<DnsLimits>;
}

export interface DnsServer {
  /** The port that was bound. */
  readonly port: number;
  /** Takes no more queries, sends what was answered, and resolves when everything is closed: within `closeMs`. */
  close(): Promise<void>;
}

/** Rejects with a ListenError. */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const { respond, onCount = () => {}, clock = systemClock() } = options;
  const limits = { ...dnsLimits, ...options.limits };
  const shared = { answer: answering(respond, onCount), onCount, limits, clock };
  const { tcp, udp } = await openBoth(options.listenAddress, limits, {
    tcp: (address) => listenTcp(address, shared),
    udp: (address) => listenUdp(address, shared),
  });
  let closing: Promise<unknown> | undefined;
  return {
    port: tcp.port,
    close: async () => {
      closing ??= Promise.all([udp.close(), tcp.close()]);
      await closing;
    },
  };
}
