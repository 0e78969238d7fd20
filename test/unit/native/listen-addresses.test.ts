/** The addresses behind a wildcard, one case for each row of the table, and what changed since. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addressChanges, addressesOf } from '../../../src/native/listen-addresses.ts';

const entry = { netmask: '', mac: '', internal: false, cidr: null };
const ip4 = (address: string) => ({ ...entry, family: 'IPv4' as const, address });
const ip6 = (address: string, scopeid = 0) => ({ ...entry, family: 'IPv6' as const, address, scopeid });

const interfaces = {
  lo: [ip4('127.0.0.1'), ip6('::1')],
  eth0: [ip4('192.0.2.1'), ip6('2001:db8::1'), ip6('fe80::1', 2)],
  eth1: [ip4('192.0.2.1'), ip6('fe80::1', 3)],
  down: undefined,
};

describe('the addresses to listen on', () => {
  const all = ['127.0.0.1', '::1', '192.0.2.1', '2001:db8::1', 'fe80::1%eth0', 'fe80::1%eth1'];
  const cases: Readonly<Record<string, readonly string[]>> = {
    '0.0.0.0': ['127.0.0.1', '192.0.2.1'],
    '::': all,
    '': all,
    '192.0.2.77': ['192.0.2.77'],
    '::1': ['::1'],
  };
  for (const [host, addresses] of Object.entries(cases)) {
    test(`of "${host}"`, () => assert.deepEqual(addressesOf(host, interfaces), addresses));
  }

  test('are those of this machine', () => {
    assert.ok(addressesOf('0.0.0.0').includes('127.0.0.1'));
  });

  test('come and go, and those that stay are not touched', () => {
    assert.deepEqual(addressChanges(['a', 'b', 'c'], ['b', 'd', 'a']), { added: ['d'], removed: ['c'] });
    assert.deepEqual(addressChanges([], []), { added: [], removed: [] });
  });
});
