/**
 * Who may ask at all: the networks of the allow-list, parsed once, and the address that a request comes from. An IPv4
 * address that arrives as an IPv6 one (`::ffff:192.0.2.7`) counts as IPv4.
 */
import ipaddr from 'ipaddr.js';

export type IsAllowed = (address: string) => boolean;

/** `networks` are CIDRs, as the configuration's schema has checked. */
export function allowList(networks: readonly string[]): IsAllowed {
  const parsed = networks.map((network) => withoutMapping(...ipaddr.parseCIDR(network)));
  return (address) => {
    const asking = parsedAddress(address);
    return asking !== undefined && parsed.some(([network, bits]) => network.kind() === asking.kind() && asking.match(network, bits));
  };
}

/** A network of mapped addresses is the IPv4 network in it: `::ffff:10.0.0.0/104` is `10.0.0.0/8`. */
function withoutMapping(network: ipaddr.IPv4 | ipaddr.IPv6, bits: number): [ipaddr.IPv4 | ipaddr.IPv6, number] {
  const mappedPrefixBits = 96;
  if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= mappedPrefixBits) {
    return [network.toIPv4Address(), bits - mappedPrefixBits];
  }
  return [network, bits];
}

/** Undefined where the text is no address. A zone (`fe80::1%eth0`) says nothing about who asks, and is left out. */
function parsedAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = text.replace(/%.*$/, '');
  if (bare.includes(':') ? !ipaddr.IPv6.isValid(bare) : !ipaddr.IPv4.isValidFourPartDecimal(bare)) return undefined;
  return ipaddr.process(bare);
}

/** The one way of writing an address; undefined where the text is none. */
export function plainAddress(text: string): string | undefined {
  const address = parsedAddress(text);
  return address instanceof ipaddr.IPv6 ? address.toRFC5952String() : address?.toString();
}

export const isLoopback: IsAllowed = allowList(['127.0.0.0/8', '::1/128']);

/**
 * The address that asks. `X-Forwarded-For` is believed only where the configuration says that a proxy stands in front,
 * and only from a peer that may ask itself. Each proxy appends the address that it was asked from, so the last element
 * was written by the proxy in front of us, and everything before it may be the client's own invention. Elements that are
 * loopback are passed over from the end: they are a second proxy on the proxy's host, and not who asks.
 *
 *     trusted   peer      X-Forwarded-For          asks
 *     no        any       anything                 the peer
 *     yes       refused   anything                 the peer
 *     yes       allowed   none                     the peer
 *     yes       allowed   "9.9.9.9, 192.0.2.7"     192.0.2.7
 *     yes       allowed   "192.0.2.7, 127.0.0.1"   192.0.2.7
 *     yes       allowed   "127.0.0.1"              127.0.0.1
 *     yes       allowed   "192.0.2.7, nonsense"    nobody
 */
export function askingAddress(
  peer: string,
  forwardedFor: string | undefined,
  trustProxyHeaders: boolean,
  isAllowed: IsAllowed,
): string | undefined {
  const from = plainAddress(peer);
  if (from === undefined || forwardedFor === undefined || !trustProxyHeaders || !isAllowed(from)) return from;
  const hops = forwardedFor.split(',').map((hop) => plainAddress(hop.trim()));
  const nearest = hops.findLastIndex((hop) => hop === undefined || !isLoopback(hop));
  return nearest === -1 ? hops[0] : hops[nearest];
}
