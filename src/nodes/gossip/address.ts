/**
 * Where a member listens, as text inside and as 4 or 16 bytes on the wire. One spelling for one address: IPv6 in its short
 * form, and never an IPv4 address wrapped in IPv6, which other members of the cluster take for somebody else.
 */
import ipaddr from 'ipaddr.js';

export interface Address {
  /** `192.0.2.7` or `2001:db8::7`; never a host name. */
  readonly address: string;
  readonly port: number;
}

/** The bytes of an address as `addressText` writes it. Throws where the text is no address: our own settings, never the network. */
export function addressBytes(text: string): Uint8Array {
  return Uint8Array.from(ipaddr.process(text).toByteArray());
}

/** The text of 4 or 16 bytes; undefined where they are as many as no address has. */
export function addressText(bytes: Uint8Array): string | undefined {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return undefined;
  const parsed = ipaddr.fromByteArray([...bytes]);
  return parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : parsed.toString();
}

export function sameAddress(one: Address, other: Address): boolean {
  return one.port === other.port && one.address === other.address;
}
