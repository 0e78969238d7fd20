/** Who may ask, and which address it is that asks, row by row. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allowList, askingAddress, isLoopback, plainAddress } from '../../../../src/nodes/api/allowed-networks.ts';

describe('the allow-list', () => {
  const table: readonly (readonly [networks: readonly string[], address: string, isAllowed: boolean])[] = [
    [[], '127.0.0.1', false],
    [['10.0.0.0/8'], '10.255.255.255', true],
    [['10.0.0.0/8'], '11.0.0.0', false],
    [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
    [['10.0.0.0/8'], '::ffff:0a01:0203', true],
    [['::ffff:10.0.0.0/104'], '10.1.2.3', true],
    [['::ffff:10.0.0.0/104'], '11.1.2.3', false],
    [['::/0'], '10.1.2.3', false],
    [['::/0'], '2001:db8::1', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [['192.0.2.0/24', '2001:db8::/32'], '2001:db8:ffff::1', true],
    [['0.0.0.0/0', '::/0'], 'nonsense', false],
    [['0.0.0.0/0', '::/0'], '10.1', false],
    [['0.0.0.0/0', '::/0'], '', false],
  ];
  for (const [networks, address, isAllowed] of table) {
    it(`${networks.join(' ') || 'nothing'} ${isAllowed ? 'lets' : 'does not let'} '${address}' in`, () => {
      assert.equal(allowList(networks)(address), isAllowed);
    });
  }

  it('knows loopback', () => {
    const asked = ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1', '128.0.0.1', '::2'].map(isLoopback);
    assert.deepEqual(asked, [true, true, true, true, false, false]);
  });

  it('writes an address in one way', () => {
    const written = ['::ffff:192.0.2.7', '2001:DB8:0::1', '192.0.2.7', 'fe80::1%eth0', '192.0.2.7:80', 'x'].map(plainAddress);
    assert.deepEqual(written, ['192.0.2.7', '2001:db8::1', '192.0.2.7', 'fe80::1', undefined, undefined]);
  });
});

describe('the address that asks', () => {
  const isAllowed = allowList(['10.0.0.0/8', '127.0.0.0/8']);
  const table: readonly (readonly [trusted: boolean, peer: string, forwardedFor: string | undefined, asks: string | undefined])[] = [
    [false, '10.0.0.1', '192.0.2.7', '10.0.0.1'],
    [true, '192.0.2.1', '10.0.0.9', '192.0.2.1'],
    [true, '10.0.0.1', undefined, '10.0.0.1'],
    [true, '10.0.0.1', '9.9.9.9, 192.0.2.7', '192.0.2.7'],
    [true, '10.0.0.1', '192.0.2.7, 127.0.0.1', '192.0.2.7'],
    [true, '10.0.0.1', '192.0.2.7,::1 , ::ffff:127.0.0.1', '192.0.2.7'],
    [true, '10.0.0.1', '127.0.0.1', '127.0.0.1'],
    [true, '10.0.0.1', '::1, 127.0.0.1', '::1'],
    [true, '10.0.0.1', '192.0.2.7, nonsense', undefined],
    [true, '10.0.0.1', 'nonsense, 192.0.2.7', '192.0.2.7'],
    [true, '10.0.0.1', 'nonsense, 127.0.0.1', undefined],
    [true, '10.0.0.1', '', undefined],
    [true, '::ffff:10.0.0.1', '::ffff:192.0.2.7', '192.0.2.7'],
    [false, '', undefined, undefined],
  ];
  for (const [trusted, peer, forwardedFor, asks] of table) {
    it(`is ${asks ?? 'nobody'} for ${trusted ? 'a trusted' : 'any'} '${peer}' that names '${forwardedFor}'`, () => {
      assert.equal(askingAddress(peer, forwardedFor, trusted, isAllowed), asks);
    });
  }
});
