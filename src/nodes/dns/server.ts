/**
 * The DNS server: UDP and TCP on one address and port. It opens both or neither, says in words why it cannot, and once
 * open it stays open until it is closed.
 */
import { systemClock } from '../clock.ts';
import { type ListenAddress, parseListenAddress } from '../listen-address.ts';
import { errorCode, listenAddressInvalid, listenError } from '../listen-error.ts';
import type { Clock } from '../world.ts';
import { answering, type Respond } from './answering.ts';
import type { DnsCount } from './counts.ts';
import { type DnsLimits, dnsLimits } from './limits.ts';
import { listenTcp, type TcpListener } from './tcp.ts';
import type { TcpOptions } from './tcp-connection.ts';
import { listenUdp, type UdpListener } from './udp.ts';

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
  const address = parseListenAddress(options.listenAddress);
  if (address === undefined) throw listenAddressInvalid('dns', options.listenAddress);
  const onCount = options.onCount ?? (() => {});
  const limits = { ...dnsLimits, ...options.limits };
  const answer = answering(options.respond, onCount);
  try {
    const listeners = await listenOnBoth(address, { answer, onCount, limits, clock: options.clock ?? systemClock() });
    let closing: Promise<unknown> | undefined;
    return {
      port: listeners.tcp.port,
      close: async () => {
        closing ??= Promise.all([listeners.udp.close(), listeners.tcp.close()]);
        await closing;
      },
    };
  } catch (error) {
    throw listenError('dns', address, error);
  }
}

interface Listeners {
  readonly tcp: TcpListener;
  readonly udp: UdpListener;
}

/** `:53` means every address. Where the machine has no IPv6, that is every IPv4 address. */
async function listenOnBoth(address: ListenAddress, options: TcpOptions): Promise<Listeners> {
  try {
    return await listenOnOnePort(address, options);
  } catch (error) {
    const noIpv6 = ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(errorCode(error) ?? '');
    if (address.host !== '' || !noIpv6) throw error;
    return await listenOnOnePort({ ...address, host: '0.0.0.0' }, options);
  }
}

/** TCP first, then UDP on the port that it got. A port that was free for TCP may be taken for UDP: then another is tried. */
async function listenOnOnePort(address: ListenAddress, options: TcpOptions): Promise<Listeners> {
  for (let attempt = 1; ; attempt += 1) {
    const tcp = await listenTcp(address, options);
    try {
      return { tcp, udp: await listenUdp({ ...address, port: tcp.port }, options) };
    } catch (error) {
      await tcp.close();
      const another = address.port === 0 && errorCode(error) === 'EADDRINUSE' && attempt < options.limits.freePortAttempts;
      if (!another) throw error;
    }
  }
}
