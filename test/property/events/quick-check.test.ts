/** The law of the quick yes: what it takes, the schema takes, and gives back as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { catalogue } from '../../../src/events/event.ts';
import { quickCheck } from '../../../src/events/quick-check.ts';
import { factArbitrary } from '../../arbitraries.ts';
import { tries } from '../../tries.ts';

const definitions = new Map(catalogue.map((definition) => [definition.type as string, definition]));

function assertSound(schema: z.ZodType, value: unknown): void {
  if (!quickCheck(schema)?.(value)) return;
  const parsed = schema.safeParse(value);
  assert(parsed.success, `a quick yes to what the schema refuses: ${JSON.stringify(value)}`);
  assert.deepEqual(parsed.data, value);
}

/** One value of the data replaced by anything, or one key more. */
const spoiled = fc
  .tuple(factArbitrary, fc.nat(), fc.oneof(fc.anything(), fc.constant(-1), fc.constant(1.5), fc.constant('X.Example.COM.')))
  .map(([{ type, data }, index, other]) => {
    const keys = [...Object.keys(data), 'extra', '__proto__'];
    const spoiledData = { ...data };
    Object.defineProperty(spoiledData, keys[index % keys.length] as string, {
      value: other,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return { type, data: spoiledData };
  });

test('what is taken quickly, the schema takes unchanged', () => {
  fc.assert(
    fc.property(factArbitrary, ({ type, data }) => assertSound(definitions.get(type)?.data as z.ZodType, data)),
    tries(2_000),
  );
  fc.assert(
    fc.property(spoiled, ({ type, data }) => assertSound(definitions.get(type)?.data as z.ZodType, data)),
    tries(10_000),
  );
});

test('the fact that there is most of is taken quickly', () => {
  const data = { service: 'app.example.com', address: '192.0.2.1', port: 80, ok: true, status: 200, error: null };
  const timed = { ...data, dnsUs: null, connectUs: 1, tlsUs: null, firstByteUs: 2, totalUs: 3 };
  const check = quickCheck(definitions.get('validation.recorded')?.data as z.ZodType);
  assert.equal(check?.(timed), true);
  assert.equal(check?.({ ...timed, address: '2001:DB8::1' }), false, 'not canonical: zod makes it so');
  assert.equal(check?.({ ...timed, service: 'App.example.com' }), false);
  assert.equal(check?.({ ...timed, status: 99 }), false);
  assert.equal(check?.({ ...timed, totalUs: -1 }), false);
  assert.equal(check?.({ ...timed, totalUs: 1.5 }), false);
  assert.equal(check?.({ ...timed, error: 'x'.repeat(201) }), false);
  assert.equal(check?.({ ...timed, extra: 1 }), false);
  assert.equal(check?.({ ...data }), false, 'a field is missing');
});

test('beats, which come by the thousand, are taken quickly', () => {
  const check = quickCheck(definitions.get('heartbeat.received')?.data as z.ZodType);
  const beat = { agent: 'web-1', boot: 1, sequence: 2, intervalMs: 10_000 };
  assert.equal(check?.({ beats: [beat, { ...beat, signals: { cpu: 1.5, memory: 2, errorRate: null } }] }), true);
  assert.equal(check?.({ beats: [] }), false);
  assert.equal(check?.({ beats: Array(10_001).fill(beat) }), false);
  assert.equal(check?.({ beats: [beat, { ...beat, sequence: -1 }] }), false);
  assert.equal(check?.({ beats: 'none' }), false);
});

test('schemas that say more are left to zod', () => {
  for (const schema of [
    z.string().regex(/a/),
    z.object({}),
    z.array(z.string().regex(/a/)),
    z.tuple([z.string()]),
    z.string().refine(() => true),
    z.number().multipleOf(2),
    z.string().trim(),
  ]) {
    assert.equal(quickCheck(schema), undefined);
  }
});
