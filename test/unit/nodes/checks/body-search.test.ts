import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { searchBody } from '../../../../src/nodes/checks/body-search.ts';

/** Feeds `body` in pieces of these lengths until the search has decided. */
function search(wanted: string, bytesMax: number, body: Buffer, lengths: readonly number[]): string {
  const take = searchBody(wanted, bytesMax);
  let from = 0;
  let result: string = 'unknown-yet';
  for (let turn = 0; result === 'unknown-yet' && from < body.length; turn++) {
    const to = from + (lengths[turn % lengths.length] as number);
    result = take(body.subarray(from, to));
    from = to;
  }
  return result;
}

test('a text is found however the body is cut into pieces, within the limit and never beyond it', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '€'), maxLength: 40, size: 'max' });
  const wanted = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '€'), minLength: 1, maxLength: 5 });
  const lengths = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 });
  fc.assert(
    fc.property(letters, wanted, lengths, fc.integer({ min: 1, max: 60 }), (text, wantedText, cuts, bytesMax) => {
      const body = Buffer.from(text);
      const isThere = body.subarray(0, bytesMax).includes(wantedText);
      const otherwise = body.length >= bytesMax ? 'not-in-limit' : 'unknown-yet';
      assert.equal(search(wantedText, bytesMax, body, cuts), isThere ? 'found' : otherwise);
    }),
  );
});
