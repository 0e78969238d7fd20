import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { countBoot } from '../../../../src/nodes/identity/boot-counter.ts';
import { IdentityError } from '../../../../src/nodes/identity/identity-error.ts';

const now = 1_800_000_000_999;
let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'opengslb-boot-'));
  path = join(folder, 'state', 'boot');
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

const given = (text: string) => {
  mkdirSync(join(folder, 'state'), { recursive: true });
  writeFileSync(path, text);
};

describe('the number of a start', () => {
  const rows = [
    ['no file', undefined, 1_800_000_000],
    ['an empty file', '', 1_800_000_000],
    ['half a number', '18000', 1_800_000_000],
    ['something else', 'boot\n', 1_800_000_000],
    ['a number from the future', '1900000000\n', 1_900_000_001],
    ['this very second', '1800000000\n', 1_800_000_001],
    ['a number from an old copy', '1700000000\n', 1_800_000_000],
  ] as const;
  for (const [what, text, boot] of rows) {
    it(`${what}: ${boot}`, () => {
      if (text !== undefined) given(text);
      assert.equal(countBoot(path, now), boot);
      assert.equal(readFileSync(path, 'utf8'), `${boot}\n`);
    });
  }

  it('rises even where the clock stands still or goes back', () => {
    assert.deepEqual([countBoot(path, now), countBoot(path, now), countBoot(path, 0)], [1_800_000_000, 1_800_000_001, 1_800_000_002]);
    assert.deepEqual(readdirSync(join(folder, 'state')), ['boot']);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'state')).mode & 0o777, 0o700);
  });

  it('stops the start where it cannot be kept, and names the place', () => {
    mkdirSync(path, { recursive: true });
    assert.throws(
      () => countBoot(path, now),
      (error) => error instanceof IdentityError && error.code === 'identity-unavailable' && error.message.includes(path),
    );
  });
});
