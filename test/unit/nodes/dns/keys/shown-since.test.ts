/** Since when clients are answered with a fact about a key: one row for each row of the table of `shown-since.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createShownSince } from '../../../../../src/nodes/dns/keys/shown-since.ts';

const minute = 60_000;
const startedAt = 100 * minute;
const zone = 'app.example';

describe('a fact about a key is answered with', () => {
  const given = () => createShownSince(() => startedAt);

  it('not before everything is laid out after it, and then since that was done', () => {
    const shown = given();
    shown.changed(zone);
    assert.equal(shown.shownSince(zone, startedAt + 1), undefined);
    shown.layingOut()(startedAt + 500);
    assert.equal(shown.shownSince(zone, startedAt + 1), startedAt + 500);
  });

  it('not since a layout that was begun before it', () => {
    const shown = given();
    shown.changed(zone);
    const first = shown.layingOut();
    shown.changed(zone);
    first(startedAt + 500);
    assert.equal(shown.shownSince(zone, startedAt + 400), undefined);
    shown.layingOut()(startedAt + 900);
    assert.equal(shown.shownSince(zone, startedAt + 400), startedAt + 900);
  });

  it('since the layout that followed it, also when others follow that', () => {
    const shown = given();
    shown.changed(zone);
    shown.layingOut()(startedAt + 500);
    shown.changed('other.example');
    shown.layingOut()(startedAt + 900);
    assert.equal(shown.shownSince(zone, startedAt + 1), startedAt + 500);
  });

  it('since the start, where it came shortly before: whether it was laid out then nobody knows', () => {
    assert.equal(given().shownSince(zone, startedAt - 9 * minute), startedAt);
  });

  it('since it came, where that was long before the start', () => {
    assert.equal(given().shownSince(zone, startedAt - 10 * minute), startedAt - 10 * minute);
  });
});
