/** Addresses as the kernel writes them, and peers read from them. */
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { kernelAddress, peerAddressAt, peerBytes, peerFamily, peerPort } from '../../../src/native/kernel-address.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('addresses in the bytes of the kernel', () => {
  test('of both families', () => {
    assert.equal(hex(kernelAddress('192.0.2.1', 53)), `02000035c0000201${'00'.repeat(8)}`);
    assert.equal(hex(kernelAddress('2001:db8::1', 0x1234)), `0a0012340000000020010db8${'00'.repeat(11)}0100000000`);
  });

  test('of one link, with its interface by number or name', () => {
    assert.equal(hex(kernelAddress('fe80::1%7', 53)).slice(-8), '07000000');
    const named = Object.entries(networkInterfaces()).flatMap(([name, entries]) =>
      (entries ?? []).flatMap((entry) => (entry.family === 'IPv6' && entry.scopeid > 0 ? [{ name, scope: entry.scopeid }] : [])),
    );
    for (const { name, scope } of named) {
      assert.equal(new DataView(kernelAddress(`fe80::1%${name}`, 53).buffer).getUint32(24, true), scope);
    }
    assert.throws(() => kernelAddress('fe80::1%nowhere', 53), /fe80::1%nowhere is on no interface of this machine/);
  });

  test('and no others', () => {
    for (const text of ['localhost', '', '192.0.2', '192.0.2.1:53', '[::1]'])
      assert.throws(() => kernelAddress(text, 53), /is no IP address/);
  });

  test('peers are read where they stand', () => {
    const peers = new Uint8Array(3 * peerBytes);
    peers.set(kernelAddress('192.0.2.1', 53), 0);
    peers.set(kernelAddress('2001:db8::1', 65_535), 2 * peerBytes);
    assert.deepEqual([peerFamily(peers, 0), peerPort(peers, 0)], [4, 53]);
    assert.deepEqual([peerFamily(peers, 2), peerPort(peers, 2)], [6, 65_535]);
    assert.equal(hex(peers.subarray(peerAddressAt(peers, 0), peerAddressAt(peers, 0) + 4)), 'c0000201');
    assert.equal(hex(peers.subarray(peerAddressAt(peers, 2), peerAddressAt(peers, 2) + 16)), '20010db8000000000000000000000001');
  });
});
