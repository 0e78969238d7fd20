import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codec } from '../../../src/events/codec.ts';
import { LogError, noHash } from '../../../src/events/log.ts';
import { batchLine, eventToLine, readLine, readStoredLine } from '../../../src/events/ndjson.ts';
import { eventsArbitrary, factsArbitrary } from '../../arbitraries.ts';
import { tries } from '../../tries.ts';

const at = Date.UTC(2026, 0, 1);
const encode = (events: Parameters<typeof codec.encodeBatch>[0]['events'], previousHash = noHash) =>
  codec.encodeBatch({ previousHash, at, events });

/** The same value with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const pairs = Object.entries(value).map(([key, inner]) => [key, reversed(inner)]);
  return Object.fromEntries(pairs.reverse());
}

test('what goes into a batch comes out of it', () => {
  fc.assert(
    fc.property(factsArbitrary, fc.integer({ min: 1, max: 2 ** 40 }), (facts, first) => {
      const { events, ...batch } = codec.decodeBatch(encode(facts), first, 'ow-1');
      assert.deepEqual([batch.first, batch.last, batch.at], [first, first + facts.length - 1, at]);
      facts.forEach((fact, index) => {
        const { position, at: when, node, v: _, ...rest } = events[index] as (typeof events)[number];
        assert.deepEqual([position, when, node], [first + index, at, 'ow-1']);
        assert.deepEqual(rest, fact);
      });
    }),
    tries(150),
  );
});

test('the same facts give the same bytes, whatever the order of their keys', () => {
  fc.assert(
    fc.property(factsArbitrary, (facts) => {
      assert.deepEqual(encode(reversed(facts) as typeof facts), encode(facts));
    }),
    tries(100),
  );
});

test('events read from bytes, or from lines, give the bytes that they came from', () => {
  fc.assert(
    fc.property(factsArbitrary, (facts) => {
      const bytes = encode(facts);
      const { events, previousHash, hash } = codec.decodeStored(bytes, 1, 'ow-1');
      assert.deepEqual(codec.encodeStored({ previousHash, at, events }), bytes);
      const fromLines = events.map((event) => {
        const line = readStoredLine(eventToLine(event));
        assert('event' in line, JSON.stringify(line));
        return line.event;
      });
      assert.deepEqual(codec.encodeStored({ previousHash, at, events: fromLines }), bytes);
      assert.deepEqual(readLine(batchLine({ first: 1, last: events.length, hash })), {
        batch: { first: 1, last: events.length, hash: Buffer.from(hash) },
      });
    }),
    tries(100),
  );
});

test('an event survives being a line', () => {
  fc.assert(
    fc.property(eventsArbitrary, (events) => {
      for (const event of events) assert.deepEqual(readLine(eventToLine(event)), { event });
    }),
    tries(100),
  );
});

/** Decodes, and lets nothing through but a batch or a `LogError`. */
function decodes(bytes: Uint8Array): void {
  for (const decode of [codec.decodeBatch, codec.decodeStored]) {
    try {
      const { events } = decode(bytes, 1, 'ow-1');
      assert(events.length > 0);
    } catch (error) {
      assert(error instanceof LogError, String(error));
      assert(error.remedy.length > 0);
    }
  }
}

test('any bytes are a batch or a LogError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decodes(bytes)),
    tries(2000),
  );
});

test('a batch with bytes changed is a batch or a LogError', () => {
  const change = fc.tuple(fc.nat(), fc.nat(255));
  fc.assert(
    fc.property(factsArbitrary, fc.array(change, { minLength: 1, maxLength: 5 }), fc.nat(), (facts, changes, cut) => {
      const bytes = encode(facts);
      for (const [where, byte] of changes) bytes[where % bytes.length] = byte;
      decodes(bytes);
      decodes(bytes.subarray(0, cut % bytes.length));
    }),
    tries(100),
  );
});

/** Reads, and lets nothing through but an event, a mark or a sentence of bounded length. */
function reads(text: string): void {
  const line = readLine(text);
  if ('problem' in line) assert(line.problem.length > 0 && line.problem.length < 400, line.problem);
  else assert('event' in line || 'batch' in line);
}

test('any text is a line or a problem', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json()), reads), tries(2000));
});

test('a line with a value or some characters changed is a line or a problem', () => {
  const anything = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(eventsArbitrary, anything, fc.nat(), fc.string({ maxLength: 3 }), (events, value, where, text) => {
      for (const event of events.slice(0, 5)) {
        const line = eventToLine(event);
        for (const key of Object.keys(event)) reads(JSON.stringify({ ...event, [key]: value }));
        for (const key of Object.keys(event.data)) reads(JSON.stringify({ ...event, data: { ...event.data, [key]: value } }));
        const at = where % line.length;
        reads(line.slice(0, at) + text + line.slice(at + text.length));
      }
    }),
    tries(100),
  );
});
