import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { z } from 'zod';
import { openPins } from '../../../../src/nodes/agent/pins.ts';
import { openStateFolder } from '../../../../src/nodes/agent/state-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'opengslb-state-'));
after(() => rmSync(root, { recursive: true }));
const schema = z.strictObject({ count: z.int() });

test('the folder and those above it are made, for this user alone; files as well', () => {
  const folder = openStateFolder(join(root, 'made/agent'));
  folder.write('count.json', { count: 1 });
  assert.equal(statSync(folder.path).mode & 0o777, 0o700);
  assert.equal(statSync(join(folder.path, 'count.json')).mode & 0o777, 0o600);
});

test('what was kept is found by the next start, the last of it, and no unfinished file is left', () => {
  const folder = openStateFolder(join(root, 'kept'));
  assert.equal(folder.read('count.json', schema), undefined);
  folder.write('count.json', { count: 1 });
  folder.write('count.json', { count: 2 });
  assert.deepEqual(openStateFolder(join(root, 'kept')).read('count.json', schema), { count: 2 });
  assert.deepEqual(readdirSync(folder.path), ['count.json']);
});

test('an unfinished file of a start that was killed is no obstacle, and is not what was kept', () => {
  const folder = openStateFolder(join(root, 'unfinished'));
  folder.write('count.json', { count: 1 });
  writeFileSync(join(folder.path, 'count.json.new'), '{"cou');
  assert.deepEqual(folder.read('count.json', schema), { count: 1 });
  folder.write('count.json', { count: 2 });
  assert.deepEqual(folder.read('count.json', schema), { count: 2 });
});

test('a folder that others may look into is refused, with the command that closes it', () => {
  const path = join(root, 'open');
  mkdirSync(path);
  chmodSync(path, 0o750);
  assert.throws(() => openStateFolder(path), { code: 'state-exposed', message: /mode 750/, remedy: `chmod 700 ${path}` });
});

test('a file in the place of the folder, and a folder in the place of a file', () => {
  writeFileSync(join(root, 'file'), '');
  assert.throws(() => openStateFolder(join(root, 'file')), { code: /state-unavailable|state-damaged/ });
  const folder = openStateFolder(join(root, 'nested'));
  mkdirSync(join(folder.path, 'count.json'));
  assert.throws(() => folder.read('count.json', schema), { code: 'state-unavailable', message: /count\.json cannot be used/ });
});

for (const [name, text] of [
  ['no JSON', '{"count": 1'],
  ['other JSON', '{"count": "one"}'],
  ['nothing', ''],
  ['far too much', `{"count": 1}${' '.repeat(2_000_000)}`],
] as const) {
  test(`a file that holds ${name} is damaged, and stays as it is`, () => {
    const folder = openStateFolder(join(root, `damaged-${name}`));
    writeFileSync(join(folder.path, 'count.json'), text);
    assert.throws(() => folder.read('count.json', schema), { code: 'state-damaged', remedy: /backup/ });
    assert.equal(readFileSync(join(folder.path, 'count.json'), 'utf8'), text);
  });
}

test('an overwatch is pinned once, known from then on, over restarts, and another under its name is refused', () => {
  const [one, other] = ['1'.repeat(64), '2'.repeat(64)];
  const pins = openPins(openStateFolder(join(root, 'pins')));
  assert.equal(pins.fingerprintOf('o1'), undefined);
  assert.deepEqual(
    [pins.pin('o1', one), pins.pin('o1', one), pins.pin('o1', other), pins.pin('__proto__', other)],
    ['pinned', 'known', 'refused', 'pinned'],
  );
  const again = openPins(openStateFolder(join(root, 'pins')));
  assert.deepEqual(
    [again.fingerprintOf('o1'), again.fingerprintOf('__proto__'), again.fingerprintOf('constructor')],
    [one, other, undefined],
  );
});

test('a certificate takes the place of the one that it follows, and of no other', () => {
  const [one, two, three] = ['1'.repeat(64), '2'.repeat(64), '3'.repeat(64)];
  const pins = openPins(openStateFolder(join(root, 'rotated')));
  pins.pin('o1', one);
  assert.deepEqual([pins.pin('o1', three, two), pins.pin('o1', two, one), pins.pin('o1', one)], ['refused', 'pinned', 'refused']);
  assert.equal(openPins(openStateFolder(join(root, 'rotated'))).fingerprintOf('o1'), two);
});

test('the names that are pinned do not fill the disk', () => {
  const pins = openPins(openStateFolder(join(root, 'many')));
  const outcomes = Array.from({ length: 300 }, (_, index) => pins.pin(`o${index}`, 'a'.repeat(64)));
  assert.deepEqual(outcomes.filter((outcome) => outcome === 'pinned').length, 256);
  assert.equal(pins.fingerprintOf('o299'), undefined);
  assert(existsSync(join(root, 'many')));
});
