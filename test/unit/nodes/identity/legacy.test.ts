import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeLegacy } from '../../../../src/nodes/identity/legacy.ts';

const timestamp = '2026-11-21T14:00:00.123456789Z';
const bytesOf = (message: unknown) => Buffer.from(JSON.stringify(message));
const message = (payload: unknown, words: object = {}) => {
  return { type: 'heartbeat', agent_id: 'eu-0123456789ab', region: 'eu', timestamp, payload, ...words };
};
const read = (payload: unknown, words: object = {}) => decodeLegacy(bytesOf(message(payload, words)));
const backend = { service: 'App.Example.com', address: '192.0.2.1', port: 80, weight: 50, healthy: true };
const who = { type: 'heartbeat', agent: 'eu-0123456789ab', region: 'eu', at: Date.UTC(2026, 10, 21, 14, 0, 0, 123) };
const malformed = { rejected: 'malformed' };

describe('what an original agent says', () => {
  it('an empty beat', () => {
    const expected = { ...who, backends: null, unusable: 0, predictive: undefined };
    assert.deepEqual(read({ backends: null, fingerprint: '' }), expected);
    assert.deepEqual(read(null), expected);
    assert.deepEqual(read({ backends: 'all' }), expected);
  });

  it('its backends and signals', () => {
    const predictive = {
      bleeding: true,
      bleed_reason: 'cpu',
      bleeding_at: timestamp,
      cpu_percent: 91.5,
      mem_percent: 40,
      error_rate: 0.25,
    };
    assert.deepEqual(read({ backends: [backend], fingerprint: '', predictive }), {
      ...who,
      backends: [{ ...backend, service: 'app.example.com' }],
      unusable: 0,
      predictive: { bleeding: true, bleedReason: 'cpu', cpuPercent: 91.5, memPercent: 40, errorRate: 0.25 },
    });
  });

  it('what has the wrong type counts as zero', () => {
    const beat = read({ backends: [{ ...backend, weight: '9', healthy: 'yes' }], predictive: { bleeding: 1, cpu_percent: '91' } });
    assert.ok('type' in beat && beat.type === 'heartbeat');
    assert.deepEqual([beat.backends?.[0]?.weight, beat.backends?.[0]?.healthy], [0, false]);
    assert.deepEqual(beat.predictive, { bleeding: false, bleedReason: '', cpuPercent: 0, memPercent: 0, errorRate: 0 });
  });

  const unusable = {
    'no object': 7,
    'no service': { ...backend, service: 1 },
    'a name': { ...backend, address: 'web' },
    'no port': { ...backend, port: '80' },
  };
  for (const [what, entry] of Object.entries(unusable)) {
    it(`leaves out a backend that is ${what}, and keeps the others`, () => {
      const beat = read({ backends: [entry, { ...backend, port: 81.9 }] });
      assert.ok('type' in beat && beat.type === 'heartbeat');
      assert.deepEqual([beat.unusable, beat.backends?.length, beat.backends?.[0]?.port], [1, 1, 81]);
    });
  }

  it('what is passed over', () => {
    for (const type of ['latency_report', 'register', 'deregister', 'agent_auth'])
      assert.deepEqual(read({ backend: 'x', subnets: [] }, { type }), { type: 'ignored', agent: who.agent, what: type });
    assert.deepEqual(read({}, { type: 'predictive' }), { type: 'ignored', agent: who.agent, what: 'unknown' });
  });
});

describe('what is refused', () => {
  const envelopes = {
    'no name': { agent_id: undefined },
    'an empty name': { agent_id: '' },
    'a name of another type': { agent_id: 7 },
    'a name that is too long': { agent_id: 'x'.repeat(129) },
    'a type of another type': { type: 1 },
    'a region of another type': { region: 1 },
    'a region with a line break': { region: 'e\nu' },
    'a timestamp of another type': { timestamp: 7 },
  };
  for (const [what, words] of Object.entries(envelopes)) it(what, () => assert.deepEqual(read({}, words), malformed));

  it('what is no JSON object', () => {
    for (const text of ['', '{', 'null', '[]', '"x"', '{"type":"heartbeat"}\u0000'])
      assert.deepEqual(decodeLegacy(Buffer.from(text)), malformed);
    assert.deepEqual(decodeLegacy(Buffer.from([0x7b, 0xff, 0x7d])), malformed);
  });

  it('too much', () => {
    assert.deepEqual(decodeLegacy(new Uint8Array(256 * 1024 + 1)), { rejected: 'too-large' });
    assert.deepEqual(read({ backends: new Array(1_001).fill(0) }), { rejected: 'too-large' });
  });
});

describe('timestamps', () => {
  const rows: readonly (readonly [unknown, string | undefined])[] = [
    ['2026-11-21T14:00:00Z', '2026-11-21T14:00:00.000Z'],
    ['2026-11-21T14:00:00.5+02:30', '2026-11-21T11:30:00.500Z'],
    ['2026-11-21T23:30:00-01:00', '2026-11-22T00:30:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
    ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['2027-02-29T00:00:00Z', undefined],
    ['2026-13-01T00:00:00Z', undefined],
    ['2026-11-21T24:00:00Z', undefined],
    ['2026-11-21T14:00:60Z', undefined],
    ['2026-11-21T14:00:00.1234567890Z', undefined],
    ['2026-11-21 14:00:00Z', undefined],
    ['2026-11-21T14:00:00', undefined],
    ['', undefined],
  ];
  for (const [text, moment] of rows) {
    it(JSON.stringify(text), () => {
      const beat = read({}, { timestamp: text });
      assert.equal('rejected' in beat ? undefined : beat.type === 'heartbeat' && new Date(beat.at ?? 0).toISOString(), moment);
    });
  }
  it('none at all is no reason to refuse', () => {
    for (const none of [undefined, null]) assert.ok('type' in read({}, { timestamp: none }));
  });
});
