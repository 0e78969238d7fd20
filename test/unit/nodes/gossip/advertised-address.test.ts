import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { advertisedAddress, resolveAddress } from '../../../../src/nodes/gossip/advertised-address.ts';
import { plainAddress, socketAddress } from '../../../../src/nodes/gossip/socket-address.ts';

const any = { host: '0.0.0.0', port: 7946 };
const everything = { host: '', port: 7946 };

describe('where others find a member', () => {
  for (const [what, advertise, bind, own, expected] of [
    ['what is advertised', '192.0.2.9:7000', any, ['10.0.0.1'], { address: '192.0.2.9', port: 7000 }],
    ['what is advertised, in IPv6', '[2001:DB8::0:9]:7000', any, [], { address: '2001:db8::9', port: 7000 }],
    ['the address that it is bound to', undefined, { host: '203.0.113.5', port: 1 }, ['10.0.0.1'], { address: '203.0.113.5', port: 0 }],
    ['a private address', undefined, any, ['203.0.113.5', '10.0.0.1', '192.168.0.1'], { address: '10.0.0.1', port: 0 }],
    ['one of carriers', undefined, any, ['100.64.0.1'], { address: '100.64.0.1', port: 0 }],
    ['IPv6 where it is bound to that, too', undefined, everything, ['203.0.113.5', 'fd00::1'], { address: 'fd00::1', port: 0 }],
  ] as const)
    it(`is ${what}`, async () => assert.deepEqual(await advertisedAddress(advertise, bind, () => own), expected));

  for (const [what, bind, own] of [
    ['only public addresses', any, ['203.0.113.5']],
    ['no address', everything, []],
    ['only IPv6, and is bound to IPv4', any, ['fd00::1']],
  ] as const)
    it(`is not guessed where the machine has ${what}`, async () => {
      await assert.rejects(
        advertisedAddress(undefined, bind, () => own),
        { code: 'gossip-no-address', message: /no private address/, remedy: /^set gossip\.advertise_address/ },
      );
    });
});

describe('the text of an address', () => {
  for (const [text, expected] of [
    ['192.0.2.7', { address: '192.0.2.7', port: 7946 }],
    ['192.0.2.7:7000', { address: '192.0.2.7', port: 7000 }],
    ['2001:DB8:0::7', { address: '2001:db8::7', port: 7946 }],
    ['[2001:db8::7]', { address: '2001:db8::7', port: 7946 }],
    ['[::ffff:192.0.2.7]:1', { address: '192.0.2.7', port: 1 }],
  ] as const)
    it(`${text} is ${expected.address} and ${expected.port}`, async () => assert.deepEqual(await resolveAddress(text), [expected]));

  for (const text of ['', ':7946', '192.0.2.7:', '192.0.2.7:65536', '[192.0.2.7]:1', 'two words:1', 'a:b:c'])
    it(`"${text}" is none`, async () => assert.rejects(resolveAddress(text), { code: 'gossip-address-invalid' }));
});

it('an address has one spelling inside, and the one that a socket needs outside', () => {
  assert.equal(plainAddress('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(plainAddress('192.0.2.7'), '192.0.2.7');
  assert.equal(plainAddress('2001:DB8:0:0::7'), '2001:db8::7');
  assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1%eth0');
  assert.equal(socketAddress('192.0.2.7', 6), '::ffff:192.0.2.7');
  assert.equal(socketAddress('192.0.2.7', 4), '192.0.2.7');
  assert.equal(socketAddress('2001:db8::7', 6), '2001:db8::7');
});
