/** Moments in words, by arithmetic: what the machine's own calendar says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { momentText } from '../../../src/events/moment-text.ts';

test('a moment reads as ISO 8601 has it, in any year that a log may be of', () => {
  for (const at of [0, 1, Date.UTC(2000, 1, 29), Date.UTC(2100, 1, 28, 23, 59, 59, 999), Date.UTC(2100, 2, 1), Date.UTC(2026, 11, 31)]) {
    assert.equal(momentText(at), new Date(at).toISOString());
  }
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (at) => assert.equal(momentText(at), new Date(at).toISOString())),
  );
});
