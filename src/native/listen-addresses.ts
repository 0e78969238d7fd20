/**
 * The addresses behind a wildcard. A reply must come from the address that was asked, and the kernel promises that only
 * where each address has its own socket; so a wildcard becomes the addresses of the interfaces. Those that an interface
 * gets or loses later show when this is asked again: `addressChanges` compares. Not found are addresses that no interface
 * holds (the rest of 127.0.0.0/8, a network routed to this machine as local): listen on those by name.
 */
import { isIP } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/**
 * | host | addresses |
 * |---|---|
 * | `0.0.0.0` | every IPv4 address of this machine |
 * | `::` or nothing | every IPv4 and IPv6 address; those of one link with their interface: `fe80::1%eth0` |
 * | any other | itself |
 *
 * Without double ones, in the order of the interfaces.
 */
export function addressesOf(host: string, interfaces: Interfaces = networkInterfaces()): readonly string[] {
  const both = host === '' || host === '::';
  if (!both && host !== '0.0.0.0') return [host];
  const addresses = Object.entries(interfaces).flatMap(([name, entries]) =>
    (entries ?? []).filter(({ family }) => both || family === 'IPv4').map((entry) => addressOf(name, entry)),
  );
  return [...new Set(addresses)];
}

/** The kernel binds an address of one link only with its interface. */
function addressOf(name: string, { address, family, scopeid }: NetworkInterfaceInfo): string {
  return family === 'IPv6' && scopeid !== undefined && scopeid > 0 && isIP(address) === 6 ? `${address}%${name}` : address;
}

export interface AddressChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** What to open and what to close, where sockets are open on `open`. */
export function addressChanges(open: readonly string[], now: readonly string[]): AddressChanges {
  const [before, after] = [new Set(open), new Set(now)];
  return { added: now.filter((address) => !before.has(address)), removed: open.filter((address) => !after.has(address)) };
}
