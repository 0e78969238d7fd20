/**
 * Addresses of sockets in the kernel's own bytes (`sockaddr_in` and `sockaddr_in6` of ip(7) and ipv6(7), little-endian
 * machines), which peers of datagrams keep on every platform, so that one way of reading serves all.
 *
 *     IPv4   family 2  0   u16 | port 2  big-endian | address 4  4 bytes           | to 16
 *     IPv6   family 10 0   u16 | port 2  big-endian | flow 4 | address 8  16 bytes | scope 24 u32 | to 28
 */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { UdpFamily } from './udp-batch.ts';

/** From one peer to the next: a power of two that holds the longest address. */
export const peerBytes = 32;

export const kernelFamily = { 4: 2, 6: 10 } as const;
export const kernelAddressBytes = { 4: 16, 6: 28 } as const;

export function peerFamily(peers: Uint8Array, slot: number): UdpFamily {
  return peers[slot * peerBytes] === kernelFamily[4] ? 4 : 6;
}

export function peerPort(peers: Uint8Array, slot: number): number {
  const at = slot * peerBytes + 2;
  return ((peers[at] ?? 0) << 8) | (peers[at + 1] ?? 0);
}

/** Where in `peers` the 4 or 16 bytes of the peer's address begin. */
export function peerAddressAt(peers: Uint8Array, slot: number): number {
  return slot * peerBytes + (peers[slot * peerBytes] === kernelFamily[4] ? 4 : 8);
}

/** Throws with a sentence where it is no IP address. */
export function familyOf(host: string): UdpFamily {
  const family = isIP(host);
  if (family === 4 || family === 6) return family;
  throw new Error(`"${host}" is no IP address, and a UDP socket is opened on nothing else; write one such as 127.0.0.1 or ::1`);
}

/** `host` may name its interface as in `fe80::1%eth0` or `fe80::1%2`. */
export function kernelAddress(host: string, port: number): Uint8Array<ArrayBuffer> {
  const family = familyOf(host);
  const bytes = new Uint8Array(kernelAddressBytes[family]);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, kernelFamily[family], true);
  view.setUint16(2, port);
  const [address, zone] = host.split('%');
  bytes.set(ipaddr.parse(address ?? host).toByteArray(), family === 4 ? 4 : 8);
  if (zone !== undefined) view.setUint32(24, scopeOf(zone, host), true);
  return bytes;
}

function scopeOf(zone: string, host: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  for (const entry of networkInterfaces()[zone] ?? []) if (entry.family === 'IPv6' && entry.scopeid > 0) return entry.scopeid;
  throw new Error(`${host} is on no interface of this machine; \`ip -6 address\` shows those that there are`);
}
