/** Addresses as sockets say them, as addresses of members: one spelling for one address, and no IPv4 wrapped in IPv6. */
import { addressBytes, addressText } from './address.ts';

/** Of an address that a socket gave; one with a zone is left as it is, and fits no member. */
export function plainAddress(said: string): string {
  if (!said.includes(':') || said.includes('%')) return said;
  return addressText(addressBytes(said)) ?? said;
}

/** What a socket of the family is told, so that it can reach IPv4 from IPv6. */
export function socketAddress(address: string, family: 4 | 6): string {
  return family === 6 && !address.includes(':') ? `::ffff:${address}` : address;
}
