import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { defineEvent } from '../../../src/events/define-event.ts';
import { catalogue } from '../../../src/events/event.ts';
import { openCatalogue } from '../../../src/events/versions.ts';
import { newerCatalogue } from '../../catalogues.ts';

const meaning = 'Something happened.';
const define = (type: string, code: number, shape: z.ZodRawShape) => defineEvent({ type, code, meaning, data: z.strictObject(shape) });

test('every type of the catalogue is found by its name and by its number', () => {
  const { byCode, byType } = openCatalogue(catalogue);
  assert.equal(byCode.size, catalogue.length);
  for (const { type, code, v } of catalogue) {
    assert.equal(byCode.get(code), byType.get(type));
    assert.deepEqual(
      byType.get(type)?.map((version) => version.v),
      Array.from({ length: v }, (_, index) => index + 1),
    );
  }
});

test('fields stand in the order of the schema, and nil means what the field can be', () => {
  const shape = { zebra: z.string(), ant: z.string().optional(), mole: z.string().nullable(), size: z.int().default(3) };
  const version = openCatalogue([define('a.b', 1, shape)]).byType.get('a.b')?.[0];
  assert.deepEqual(version?.fields, ['zebra', 'ant', 'mole', 'size']);
  assert.deepEqual(version?.nil, ['error', 'absent', 'null', 'absent']);
});

test('an old version is upcast step by step, a new one is left as it is', () => {
  const [first, second, third] = openCatalogue(newerCatalogue).byType.get('lamp.switched') ?? [];
  assert.deepEqual(first?.upcast({ lamp: 'hall', on: true }), { room: null, lamp: 'hall', percent: 100 });
  assert.deepEqual(second?.upcast({ lamp: 'hall', percent: 7 }), { room: null, lamp: 'hall', percent: 7 });
  assert.deepEqual(third?.upcast({ room: 'hall', lamp: 'left', percent: 7 }), { room: 'hall', lamp: 'left', percent: 7 });
});

const refused: readonly [why: string, entries: ReturnType<typeof define>[], message: RegExp][] = [
  ['a code twice', [define('a.b', 1, {}), define('c.d', 1, {})], /code 1 stands for both a\.b and c\.d/],
  ['a type twice', [define('a.b', 1, {}), define('a.b', 2, {})], /a\.b is defined twice/],
  ['code 0', [define('a.b', 0, {})], /whole number from 1/],
  ['optional and nullable', [define('a.b', 1, { x: z.string().nullish() })], /a\.b v1: field x is optional and nullable/],
];

for (const [why, entries, message] of refused) {
  test(`a catalogue with ${why} is refused`, () => {
    assert.throws(() => openCatalogue(entries), { name: 'AssertionError', message });
  });
}
