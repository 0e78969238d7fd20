import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createCodec } from '../../../src/events/codec.ts';
import type { Event } from '../../../src/events/event.ts';
import { batchLine, eventToLine, lineCharactersMax, readLine } from '../../../src/events/ndjson.ts';
import { newerCatalogue } from '../../catalogues.ts';
import { configurationOf } from '../../given.ts';

const event: Event = {
  position: 7,
  at: 1_700_000_000_000,
  node: 'ow-1',
  type: 'override.set',
  v: 1,
  actor: { kind: 'human', name: 'ada', address: '192.0.2.1' },
  request: { key: 'k', digest: 'd' },
  cause: 3,
  data: { service: 'app.example.com', address: '192.0.2.7', port: null, action: 'drain', reason: 'disk', authority: 'human', until: null },
};
const hash = new Uint8Array(32).fill(0xab);

test('a line has its keys in the order of the envelope, whatever the order in the event', () => {
  const shuffled = Object.fromEntries(Object.entries(event).reverse()) as unknown as Event;
  assert.equal(eventToLine(shuffled), JSON.stringify(event));
});

test('a line without extras does not mention them', () => {
  const { actor: _a, request: _r, cause: _c, ...plain } = event;
  const line = eventToLine(plain as Event);
  assert.deepEqual(Object.keys(JSON.parse(line)), ['position', 'at', 'node', 'type', 'v', 'data']);
  assert.deepEqual(readLine(line), { event: plain });
});

test('the mark of a batch', () => {
  const line = batchLine({ first: 3, last: 5, hash });
  assert.equal(line, `{"batch":{"first":3,"last":5,"hash":"${'ab'.repeat(32)}"}}`);
  assert.deepEqual(readLine(line), { batch: { first: 3, last: 5, hash: Buffer.from(hash) } });
});

describe('a bad line is a sentence that names the field', () => {
  const changed = (change: object) => JSON.stringify({ ...event, ...change });
  const rows: readonly [what: string, text: string, problem: RegExp][] = [
    ['nothing', '', /^the line is not JSON: /],
    ['half a line', '{"position":', /^the line is not JSON: /],
    ['a number', '7', /^the line is not a JSON object$/],
    ['null', 'null', /^the line is not a JSON object$/],
    ['a list', '[]', /^the line is not a JSON object$/],
    ['no type', '{}', /^type: nothing is no event that this program knows/],
    ['a type of no text', '{"type":["override.set"]}', /^type: an object is no event/],
    [
      'an unknown type',
      changed({ type: 'override.dreamt' }),
      /^type: "override\.dreamt" is no event that this program knows; a newer one may/,
    ],
    ['a newer version', changed({ v: 2 }), /^v: 2 is no version of override\.set/],
    ['a version in text', changed({ v: '1' }), /^v: "1" is no version/],
    ['position 0', changed({ position: 0 }), /^position: /],
    ['no node', changed({ node: '' }), /^node: /],
    ['a moment with a fraction', changed({ at: 1.5 }), /^at: /],
    ['a key too many', changed({ mood: 'sad' }), /^the line: .*mood/],
    ['a wrong port', changed({ data: { ...event.data, port: 70_000 } }), /^data\.port: /],
    ['a wrong address', changed({ data: { ...event.data, address: '192.0.2' } }), /^data\.address: expected an IP address/],
    ['an actor of no kind', changed({ actor: { kind: 'ghost', name: 'x' } }), /^actor\.kind: /],
    ['a mark with a short hash', '{"batch":{"first":1,"last":2,"hash":"ab"}}', /^batch\.hash: expected 64 hexadecimal digits/],
    ['a mark that ends before it begins', batchLine({ first: 5, last: 4, hash }), /^batch\.last: 4 is before the first position 5/],
    ['a mark with more', '{"batch":{"first":1,"last":2,"hash":"ab","at":1}}', /^batch/],
    ['a prototype', changed({ data: {} }).replace('"data":{}', '"data":{"__proto__":{"service":"a.b"}}'), /^data/],
  ];
  for (const [what, text, expected] of rows) {
    test(what, () => {
      const line = readLine(text);
      assert('problem' in line, text);
      assert.match(line.problem, expected);
    });
  }

  test('a line beyond the limit is not even parsed', () => {
    const line = readLine(`"${'x'.repeat(lineCharactersMax)}"`);
    assert('problem' in line && line.problem.includes(`${lineCharactersMax} are allowed`));
  });

  test('a sentence stays short, whatever the line', () => {
    const keys = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`key${index}`, index]));
    for (const text of [changed(keys), changed({ type: 'x'.repeat(100_000) }), `{"${'y'.repeat(100_000)}`]) {
      const line = readLine(text);
      assert('problem' in line && line.problem.length < 400);
    }
  });

  test('a megabyte that ties a pattern in knots is a problem, not a crash', () => {
    const interval = '1s'.repeat(4_000_000);
    const data = { service: 'a.b', address: '192.0.2.1', port: 1, region: 'r', weight: 1, health_check: { interval } };
    const line = readLine(JSON.stringify({ position: 1, at: 1, node: 'n', type: 'server.updated', v: 1, data }));
    assert('problem' in line && /could not be checked/.test(line.problem));
  });
});

test('a line of an older version is read in the words of today, or in its own', () => {
  const newer = createCodec(newerCatalogue);
  const line = '{"position":1,"at":5,"node":"n","type":"lamp.switched","v":1,"data":{"lamp":"hall","on":true}}';
  const envelope = { position: 1, at: 5, node: 'n', type: 'lamp.switched' };
  assert.deepEqual(newer.readLine(line), { event: { ...envelope, v: 3, data: { room: null, lamp: 'hall', percent: 100 } } });
  assert.deepEqual(newer.readStoredLine(line), { event: { ...envelope, v: 1, data: { lamp: 'hall', on: true } } });
  assert('problem' in newer.readLine(line.replace('true', '"yes"')));
});

test('a line is read as it was written, without what a field that came later would be by default', () => {
  const { apex_ttl: _, ...dns } = configurationOf({}).dns;
  const data = { configuration: { ...configurationOf({}), dns }, digest: 'd'.repeat(64) };
  const line = JSON.stringify({ position: 1, at: 5, node: 'n', type: 'configuration.applied', v: 1, data });
  const read = readLine(line);
  assert('event' in read, JSON.stringify(read));
  assert.equal(JSON.stringify(read.event), line);
});
