/** A full and a read-only disk under load: the short form of what `npm run torture` does for a minute. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canMount, failDisk } from '../torture/failing-disk.ts';

const skip = canMount() ? false : 'only root can mount a tmpfs';

test('the disk is full, then read-only, then back: DNS goes on, and nothing acknowledged or observed is lost', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const found = await failDisk({ seconds: 5 });
  t.diagnostic(JSON.stringify(found));
  assert(found.carriedOut > 30 && found.refused > 30 && found.held > 10 && found.dnsAnswers > 200, JSON.stringify(found));
});
