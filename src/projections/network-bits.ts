/** Addresses and networks as whole numbers, so that "within" and "wider" are arithmetic. */
import ipaddr from 'ipaddr.js';

export type AddressLength = 32 | 128;

export interface AddressBits {
  readonly bits: AddressLength;
  readonly value: bigint;
}

export interface NetworkBits {
  readonly bits: AddressLength;
  readonly prefix: number;
  /** Its first address. */
  readonly first: bigint;
}

/** Of an address in canonical text; a zone (`%eth0`) says nothing of where it is. */
export function addressBits(address: string): AddressBits {
  return bitsOf(ipaddr.parse(address.split('%')[0] ?? address).toByteArray());
}

/** Of an address in the network's order of bytes, 4 or 16 of them. */
export function bitsOf(bytes: readonly number[] | Uint8Array): AddressBits {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return { bits: bytes.length === 4 ? 32 : 128, value };
}

/** Of a network in canonical text. */
export function networkBits(cidr: string): NetworkBits {
  const [address = '', prefix = ''] = cidr.split('/');
  const { bits, value } = addressBits(address);
  return { bits, prefix: Number(prefix), first: value };
}

/** How many leading bits two addresses of one length share. */
export function sharedBits(bits: AddressLength, one: bigint, other: bigint): number {
  return one === other ? bits : bits - (one ^ other).toString(2).length;
}
