import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentMessage, Claims } from '../../../../src/nodes/identity/agent-messages.ts';
import { decode, encodeOpen, encodeSealed, fitsDatagram, isOurs, sealFits } from '../../../../src/nodes/identity/agent-wire.ts';
import { identityLimits } from '../../../../src/nodes/identity/limits.ts';
import { isPlausible } from '../../../../src/nodes/identity/message-outline.ts';
import { macBytes, macOf } from '../../../../src/nodes/identity/proofs.ts';

const key = Uint8Array.from({ length: 32 }, (_, index) => index);
const nonce = new Uint8Array(16).fill(7);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const backend = { service: 'app.example.com', address: '192.0.2.1', port: 80, weight: 100, healthy: true, draining: null };
const claims: Claims = { missedThreshold: 3, predictive: null, backends: [backend] };
const beat: AgentMessage = { type: 'beat', agent: 'web-1', boot: 5, sequence: 9, intervalMs: 10_000, signals: null, claims: null };
const isRejected = (bytes: Uint8Array, reason: string) => assert.deepEqual(decode(bytes), { rejected: reason });

describe('bytes that may never change while the protocol has this version', () => {
  const rows: readonly (readonly [string, Uint8Array, string])[] = [
    ['greet', encodeOpen({ type: 'greet', agent: 'web-1', agentNonce: nonce }), `4f010192a57765622d31c410${'07'.repeat(16)}`],
    [
      'refused',
      encodeOpen({ type: 'refused', overwatch: 'ow', agentNonce: nonce, reason: 'revoked' }),
      `4f010593a26f77c410${'07'.repeat(16)}a77265766f6b6564`,
    ],
    ['beat', encodeSealed(beat, key), '4f010696a57765622d310509cd2710c0c0dba99d57e9169f1e2a383794485a8fc5'],
    [
      'beat with news',
      encodeSealed({ ...beat, signals: { cpu: 12.5, memory: 40, errorRate: null }, claims }, key),
      '4f010696a57765622d310509cd271093cb402900000000000028c09303c09196af6170702e6578616d706c652e636f6da93139322e302e322e315064c3c029d829b6777805c68493884ea519b21d',
    ],
    [
      'ack',
      encodeSealed({ type: 'ack', overwatch: 'ow', boot: 5, sequence: 9, ttlSeconds: 30 }, key),
      '4f010794a26f7705091eba18295b74d4ec834a01793317af8675',
    ],
    [
      'farewell',
      encodeSealed({ type: 'farewell', agent: 'web-1', boot: 5, sequence: 10 }, key),
      '4f010893a57765622d31050ac762f60636fe3b87f30e852692b370c2',
    ],
  ];
  for (const [what, bytes, expected] of rows) it(what, () => assert.equal(hex(bytes), expected));
});

describe('a seal', () => {
  it('fits under its key alone, and no message without one is sealed', () => {
    const decoded = decode(encodeSealed(beat, key));
    assert.ok('message' in decoded);
    assert.ok(sealFits(decoded, key));
    assert.ok(!sealFits(decoded, new Uint8Array(32)));
    const open = decode(encodeOpen({ type: 'greet', agent: 'web-1', agentNonce: nonce }));
    assert.ok('message' in open && open.seal === undefined && !sealFits(open, key));
  });
  it('is over the head as well: another type under the same seal does not fit', () => {
    const farewell = encodeSealed({ type: 'farewell', agent: 'web-1', boot: 5, sequence: 10 }, key);
    const over = farewell.subarray(0, -macBytes);
    const ofAnother = Uint8Array.from(over, (byte, place) => (place === 2 ? 6 : byte));
    const decoded = decode(new Uint8Array(Buffer.concat([over, macOf(key, 'from-agent', ofAnother)])));
    assert.ok('message' in decoded && decoded.message.type === 'farewell');
    assert.ok(!sealFits(decoded, key));
  });
  it('is demanded where it belongs, and nowhere else', () => {
    assert.throws(() => encodeOpen(beat), /is sealed/);
    assert.throws(() => encodeSealed({ type: 'greet', agent: 'web-1', agentNonce: nonce }, key), /no seal/);
  });
});

describe('what is no message', () => {
  const good = encodeSealed(beat, key);
  const changed = (at: number, value: number) => good.map((byte, index) => (index === at ? value : byte));
  it('nothing, JSON, half a head', () => {
    for (const bytes of [new Uint8Array(), Buffer.from('{"type":"heartbeat"}'), good.subarray(0, 3)]) isRejected(bytes, 'malformed');
    assert.ok(isOurs(good));
    assert.ok(!isOurs(Buffer.from('{"type":"heartbeat"}')));
  });
  it('another version, and an unknown type', () => {
    isRejected(changed(1, 2), 'unknown-version');
    isRejected(changed(2, 0), 'malformed');
    isRejected(changed(2, 9), 'malformed');
  });
  it('one that is cut anywhere', () => {
    const open = encodeOpen({ type: 'greet', agent: 'web-1', agentNonce: nonce });
    for (let length = 0; length < open.length; length += 1) isRejected(open.subarray(0, length), 'malformed');
  });
  it('one that is too long', () => isRejected(new Uint8Array(identityLimits.messageBytesMax + 1).fill(0x4f), 'too-large'));

  const said = (values: Partial<Extract<AgentMessage, { type: 'beat' }>>) => () =>
    encodeSealed({ ...beat, ...values } as AgentMessage, key);
  const claimed = (values: Partial<typeof backend>) => said({ claims: { ...claims, backends: [{ ...backend, ...values }] } });
  const unfit = {
    'an empty name': said({ agent: '' }),
    'a name with a line break': said({ agent: 'web\n1' }),
    'a name of half a character': said({ agent: '\ud800' }),
    'a name that is too long in bytes': said({ agent: 'ä'.repeat(65) }),
    'a boot below 0': said({ boot: -1 }),
    'half a sequence': said({ sequence: 0.5 }),
    'no interval': said({ intervalMs: 0 }),
    'a signal that is no number': said({ signals: { cpu: Number.NaN, memory: null, errorRate: null } }),
    'a service in capitals': claimed({ service: 'App.example.com' }),
    'an address that is a name': claimed({ address: 'localhost' }),
    'an address in another spelling': claimed({ address: '2001:DB8::1' }),
    'port 0': claimed({ port: 0 }),
    'too many backends': said({ claims: { ...claims, backends: Array.from({ length: 1_001 }, () => backend) } }),
  };
  for (const [what, encode] of Object.entries(unfit)) it(`is not even said: ${what}`, () => assert.throws(encode, /nobody could read/));
});

describe('how long messages are', () => {
  it('a beat is small, a few backends fit a datagram, a thousand fit a message', () => {
    const of = (count: number) => {
      const backends = Array.from({ length: count }, (_, index) => ({ ...backend, port: index + 1 }));
      return encodeSealed({ ...beat, claims: { ...claims, backends } }, key);
    };
    assert.ok(encodeSealed(beat, key).length < 40);
    assert.ok(fitsDatagram(of(20)));
    assert.ok(!fitsDatagram(of(60)));
    assert.ok('message' in decode(of(1_000)));
  });
});

describe('lengths that lie reach no decoder', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['an empty array', '90', true],
    ['every kind of value', '9ac0c2c37fffcc80cd0100d0ffa161c40100', true],
    ['an array of a million that is not there', 'dd000f4240', false],
    ['bytes that are not there', '91c6000f424000', false],
    ['text that is not there', '91d9ff61', false],
    ['arrays too deep', '919191919100', false],
    ['arrays as deep as may be', '9191919100', true],
    ['no array', '01', false],
    ['something behind it', '9000', false],
    ['a map', '9180', false],
    ['an extension', '91d40000', false],
  ];
  for (const [what, bytes, is] of rows) it(what, () => assert.equal(isPlausible(Buffer.from(bytes, 'hex'), 4), is));
});
