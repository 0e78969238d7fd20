import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { decode, encode } from '@msgpack/msgpack';
import { codec, createCodec } from '../../../src/events/codec.ts';
import type { Fact } from '../../../src/events/event.ts';
import { LogError, type LogErrorCode, noHash } from '../../../src/events/log.ts';
import { madeUpFact, newerCatalogue, olderCatalogue } from '../../catalogues.ts';

const at = 1_700_000_000_000;
const stopped: Fact = { type: 'node.stopped', data: { reason: 'asked to' } };
const checked: Fact = {
  type: 'validation.recorded',
  cause: 3,
  data: {
    service: 'app.example.com',
    address: '192.0.2.7',
    port: 80,
    ok: true,
    status: 200,
    error: null,
    dnsUs: null,
    connectUs: 10,
    tlsUs: null,
    firstByteUs: 300,
    totalUs: 310,
  },
};
const asked: Fact = {
  type: 'server.registered',
  actor: { kind: 'human', name: 'ada' },
  request: { key: 'k1', digest: 'd1' },
  data: {
    service: 'app.example.com',
    address: '2001:db8::7',
    port: 443,
    source: 'api',
    region: 'eu',
    weight: 100,
    health_check: { type: 'tcp' },
  },
};

describe('the bytes of a batch', () => {
  test('are the layout that is written down, and their hash never changes', () => {
    const bytes = codec.encodeBatch({ previousHash: noHash, at, events: [stopped, checked, asked] });
    assert.deepEqual(decode(bytes), [
      1,
      noHash,
      at,
      [2, 1, null, 'asked to'],
      [20, 1, [null, null, 3], 'app.example.com', '192.0.2.7', 80, true, 200, null, null, 10, null, 300, 310],
      [
        10,
        2,
        [['human', 'ada', null], ['k1', 'd1'], null],
        'app.example.com',
        '2001:db8::7',
        443,
        'api',
        'eu',
        100,
        null,
        { type: 'tcp' },
        null,
      ],
    ]);
    // A log that exists is read by its bytes: whoever changes this number changes the format.
    assert.equal(createHash('sha256').update(bytes).digest('hex'), '8de7cf6b59cb30f299a3c6dbf2768d8b57edde348c9f26cc9465c19054b06541');
  });

  test('hold beats by position, without what they do not say', () => {
    const beat = { agent: 'web-1', boot: 3, sequence: 70_000, intervalMs: 10_000 };
    const signals = { cpu: 12.5, memory: null, errorRate: 0 };
    const said: Fact = { type: 'heartbeat.received', data: { beats: [beat, { ...beat, signals }] } };
    const bytes = codec.encodeBatch({ previousHash: noHash, at, events: [said] });
    const [, , , row] = decode(bytes) as unknown[];
    assert.deepEqual(row, [
      45,
      1,
      null,
      [
        ['web-1', 3, 70_000, 10_000],
        ['web-1', 3, 70_000, 10_000, signals],
      ],
    ]);
    assert.deepEqual(codec.decodeBatch(bytes, 1, 'ow-1').events[0]?.data, said.data);
  });

  test('spend few bytes on a beat without news', () => {
    const beats = Array.from({ length: 1_000 }, (_, index) => ({
      agent: `web-${1_000 + index}`,
      boot: 3,
      sequence: 70_000 + index,
      intervalMs: 10_000,
    }));
    const bytes = codec.encodeBatch({ previousHash: noHash, at, events: [{ type: 'heartbeat.received', data: { beats } }] });
    assert.ok(bytes.length / beats.length < 20, `${bytes.length / beats.length} bytes a beat`);
  });

  test('are refused where a beat has a field too many, or one too few', () => {
    const bytesOf = (...beats: unknown[]) => encode([1, noHash, at, [45, 1, null, beats]]);
    assert.equal(codec.decodeBatch(bytesOf(['web-1', 1, 2, 3]), 1, 'ow-1').events.length, 1);
    for (const wrong of [['web-1', 1, 2], ['web-1', 1, 2, 3, null, null, null], 'web-1', [null, 1, 2, 3]]) {
      assert.throws(() => codec.decodeBatch(bytesOf(wrong), 1, 'ow-1'), { code: 'log-broken' }, JSON.stringify(wrong));
    }
  });

  test('of servers before there were agents are read', () => {
    const { events } = codec.decodeBatch(
      encode([1, noHash, at, [10, 1, null, 'app.example.com', '192.0.2.7', 80, 'api', 'eu', 100, null, null]]),
      1,
      'ow-1',
    );
    const data = { service: 'app.example.com', address: '192.0.2.7', port: 80, source: 'api', region: 'eu', weight: 100 };
    assert.deepEqual(events[0], { position: 1, at, node: 'ow-1', type: 'server.registered', v: 2, data });
  });

  test('hold the keys of nested maps in order, and nothing where there is undefined', () => {
    const withHeaders = (headers: Record<string, string>, type?: 'tcp') =>
      codec.encodeBatch({
        previousHash: noHash,
        at,
        events: [{ ...asked, data: { ...asked.data, health_check: { headers, type } } } as Fact],
      });
    assert.deepEqual(withHeaders({ a: '1', b: '2' }), withHeaders({ b: '2', a: '1' }));
    assert.deepEqual(Object.keys((decode(withHeaders({ b: '2', a: '1' })) as [unknown, unknown, unknown, unknown[]])[3][10] as object), [
      'headers',
    ]);
  });

  test('hold the canonical form of what was said', () => {
    const said = { ...checked, data: { ...checked.data, service: 'App.Example.COM.', address: '2001:DB8:0::7' } } as Fact;
    const [event] = codec.decodeBatch(codec.encodeBatch({ previousHash: noHash, at, events: [said] }), 1, 'ow-1').events;
    assert(event?.type === 'validation.recorded');
    assert.deepEqual([event.data.service, event.data.address], ['app.example.com', '2001:db8::7']);
  });

  test('keep absent and null apart', () => {
    const { events } = codec.decodeBatch(codec.encodeBatch({ previousHash: noHash, at, events: [checked, asked] }), 1, 'ow-1');
    assert(events[0]?.type === 'validation.recorded' && events[0].data.error === null);
    assert.equal(Object.hasOwn(events[1]?.data ?? {}, 'host'), false);
    assert.deepEqual(Object.keys(events[0] ?? {}), ['position', 'at', 'node', 'type', 'v', 'cause', 'data']);
    assert.deepEqual(Object.keys(events[1] ?? {}), ['position', 'at', 'node', 'type', 'v', 'actor', 'request', 'data']);
  });

  test('are not what a decoded batch holds on to', () => {
    const bytes = codec.encodeBatch({ previousHash: new Uint8Array(32).fill(7), at, events: [stopped] });
    const batch = codec.decodeStored(bytes, 1, 'ow-1');
    bytes.fill(0);
    assert.deepEqual(batch.previousHash, new Uint8Array(32).fill(7));
  });
});

describe('what is not a fact', () => {
  const wrong: readonly [string, unknown, RegExp][] = [
    ['a type that is not there', madeUpFact('node.dreamt', {}), /node\.dreamt is not in the catalogue/],
    ['a field of another type', { ...stopped, data: { reason: 7 } }, /node\.stopped does not fit its schema/],
    ['a field too many', { ...stopped, data: { reason: 'x', mood: 'sad' } }, /node\.stopped does not fit its schema/],
    ['an actor of no kind', { ...stopped, actor: { kind: 'ghost', name: 'x' } }, /node\.stopped does not fit its schema/],
  ];
  for (const [what, fact, message] of wrong) {
    test(`${what} is a broken invariant`, () => {
      assert.throws(() => codec.encodeBatch({ previousHash: noHash, at, events: [fact as Fact] }), { name: 'AssertionError', message });
    });
  }
  test('nor is a batch of nothing, or at no moment', () => {
    assert.throws(() => codec.encodeBatch({ previousHash: noHash, at, events: [] }), /holds 1 to/);
    assert.throws(() => codec.encodeBatch({ previousHash: noHash, at: 0.5, events: [stopped] }), /whole number of milliseconds/);
    assert.throws(() => codec.encodeBatch({ previousHash: new Uint8Array(31), at, events: [stopped] }), /32 bytes/);
  });
});

describe('bytes that do not fit are refused with the reason', () => {
  const ok = [2, 1, null, 'asked to'];
  const rows: readonly [what: string, batch: unknown, code: LogErrorCode, message: RegExp][] = [
    ['a map', { a: 1 }, 'log-broken', /position 5.*list that begins with its format/],
    ['no format', ['x', noHash, at, ok], 'log-broken', /begins with its format/],
    ['a newer format', [2, noHash, at, ok], 'log-too-new', /format 2 at position 5/],
    ['a format that never was', [0, noHash, at, ok], 'log-broken', /never a format 0/],
    ['a short hash', [1, new Uint8Array(31), at, ok], 'log-broken', /hash of the batch before/],
    ['a hash in text', [1, 'x'.repeat(32), at, ok], 'log-broken', /hash of the batch before/],
    ['a moment in text', [1, noHash, 'noon', ok], 'log-broken', /when it was appended/],
    ['a moment before 1970', [1, noHash, -1, ok], 'log-broken', /when it was appended/],
    ['no events', [1, noHash, at], 'log-broken', /empty/],
    ['an event that is a number', [1, noHash, at, ok, 7], 'log-broken', /position 6.*not a list/],
    ['an event too short', [1, noHash, at, [2, 1]], 'log-broken', /not a list/],
    ['a type in text', [1, noHash, at, ['node.stopped', 1, null, 'x']], 'log-broken', /type and version/],
    ['version 0', [1, noHash, at, [2, 0, null, 'x']], 'log-broken', /type and version/],
    ['an unknown type', [1, noHash, at, ok, [999, 1, null]], 'log-too-new', /type number 999 at position 6/],
    ['a newer version', [1, noHash, at, [2, 2, null, 'x']], 'log-too-new', /node\.stopped at version 2 at position 5/],
    ['a field too few', [1, noHash, at, [2, 1, null]], 'log-broken', /node\.stopped version 1 has 1 fields, and 0 are there/],
    ['a field too many', [1, noHash, at, [2, 1, null, 'x', 'y']], 'log-broken', /and 2 are there/],
    ['nil where there must be something', [1, noHash, at, [2, 1, null, null]], 'log-broken', /has no reason/],
    ['extras that are a number', [1, noHash, at, [2, 1, 7, 'x']], 'log-broken', /envelope/],
    ['extras of two', [1, noHash, at, [2, 1, [null, null], 'x']], 'log-broken', /envelope/],
    ['an actor of no kind', [1, noHash, at, [2, 1, [['ghost', 'x', null], null, null], 'x']], 'log-broken', /actor/],
    ['an actor of two', [1, noHash, at, [2, 1, [['human', 'x'], null, null], 'x']], 'log-broken', /actor/],
    ['a request of one', [1, noHash, at, [2, 1, [null, ['k'], null], 'x']], 'log-broken', /request/],
    ['a request of three', [1, noHash, at, [2, 1, [null, ['k', 'd', 'e'], null], 'x']], 'log-broken', /request/],
    ['a cause in text', [1, noHash, at, [2, 1, [null, null, '3'], 'x']], 'log-broken', /cause/],
  ];
  for (const [what, batch, code, message] of rows) {
    test(what, () => {
      assert.throws(
        () => codec.decodeBatch(encode(batch), 5, 'ow-1'),
        (error) => error instanceof LogError && error.code === code && message.test(error.message) && error.remedy.length > 0,
      );
    });
  }
  test('bytes after the batch', () => {
    const bytes = new Uint8Array([...encode([1, noHash, at, ok]), 0]);
    assert.throws(() => codec.decodeBatch(bytes, 5, 'ow-1'), { code: 'log-broken' });
  });
});

describe('an older program', () => {
  const bytes = createCodec(olderCatalogue).encodeBatch({
    previousHash: noHash,
    at,
    events: [
      madeUpFact('lamp.switched', { lamp: 'hall', on: true, note: 'dusk' }),
      madeUpFact('lamp.switched', { lamp: 'hall', on: false }),
    ],
  });
  const newer = createCodec(newerCatalogue);

  test('is read in the words of today', () => {
    const { events } = newer.decodeBatch(bytes, 1, 'ow-1');
    assert.deepEqual(
      events.map(({ v, data }): unknown => ({ v, data })),
      [
        { v: 3, data: { room: null, lamp: 'hall', percent: 100 } },
        { v: 3, data: { room: null, lamp: 'hall', percent: 0 } },
      ],
    );
  });

  test('is read in its own words where its bytes are wanted again', () => {
    const { events } = newer.decodeStored(bytes, 1, 'ow-1');
    assert.deepEqual(
      events.map(({ v, data }) => ({ v, data })),
      [
        { v: 1, data: { lamp: 'hall', on: true, note: 'dusk' } },
        { v: 1, data: { lamp: 'hall', on: false } },
      ],
    );
    assert.deepEqual(newer.encodeStored({ previousHash: noHash, at, events }), bytes);
  });

  test('says that it is too old for what a newer one wrote', () => {
    const encodeNewer = (fact: Fact) => newer.encodeBatch({ previousHash: noHash, at, events: [fact] });
    const older = createCodec(olderCatalogue);
    const switched = encodeNewer(madeUpFact('lamp.switched', { room: null, lamp: 'hall', percent: 5 }));
    assert.throws(() => older.decodeBatch(switched, 1, 'ow-1'), { code: 'log-too-new', message: /lamp\.switched at version 3/ });
    const brokenLamp = encodeNewer(madeUpFact('lamp.broken', { lamp: 'hall' }));
    assert.throws(() => older.decodeBatch(brokenLamp, 1, 'ow-1'), { code: 'log-too-new', message: /type number 901/ });
  });

  test('cannot be asked to encode a version that never was', () => {
    const event = { position: 1, at, node: 'ow-1', type: 'lamp.switched', v: 4, data: {} };
    assert.throws(() => newer.encodeStored({ previousHash: noHash, at, events: [event] }), /version 4 is not in the catalogue/);
  });
});
