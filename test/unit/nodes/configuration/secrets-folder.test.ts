import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSecretsFolder, SecretsError, type SecretsErrorCode } from '../../../../src/nodes/configuration/secrets-folder.ts';
import { newFolder } from './folder.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;

function refused(code: SecretsErrorCode, remedy: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof SecretsError && error.code === code && remedy.test(error.remedy);
}

test('makes the folder and the key, for this user alone', (t) => {
  const folder = join(newFolder(t), 'data', 'secrets');
  const opened = openSecretsFolder(folder);
  assert.equal(opened.path, folder);
  assert.equal(opened.redactionKey.length, 32);
  assert.equal(modeOf(folder), 0o700);
  assert.equal(modeOf(join(folder, 'redaction.key')), 0o600);
  assert.deepEqual(readdirSync(folder), ['redaction.key']);
});

test('opens to the same key again, and to another one elsewhere', (t) => {
  const folder = join(newFolder(t), 'secrets');
  const { redactionKey } = openSecretsFolder(folder);
  assert.deepEqual(openSecretsFolder(folder).redactionKey, redactionKey);
  assert.notDeepEqual(openSecretsFolder(join(newFolder(t), 'secrets')).redactionKey, redactionKey);
  assert.deepEqual(new Uint8Array(readFileSync(join(folder, 'redaction.key'))), redactionKey);
});

test('what a crash left half made is made again', (t) => {
  const folder = join(newFolder(t), 'secrets');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'redaction.key.new'), 'half', { mode: 0o666 });
  assert.equal(openSecretsFolder(folder).redactionKey.length, 32);
  assert.deepEqual(readdirSync(folder), ['redaction.key']);
  assert.equal(modeOf(join(folder, 'redaction.key')), 0o600);
});

test('a folder that others may enter is refused', (t) => {
  const folder = join(newFolder(t), 'secrets');
  openSecretsFolder(folder);
  chmodSync(folder, 0o750);
  assert.throws(() => openSecretsFolder(folder), refused('secrets-exposed', /^chmod 700 .*secrets$/));
});

test('a key that others may read is refused', (t) => {
  const folder = join(newFolder(t), 'secrets');
  openSecretsFolder(folder);
  chmodSync(join(folder, 'redaction.key'), 0o640);
  assert.throws(() => openSecretsFolder(folder), refused('secrets-exposed', /^chmod 600 .*redaction\.key$/));
});

for (const [what, content] of [
  ['short', Buffer.alloc(31)],
  ['long', Buffer.alloc(33)],
  ['empty', Buffer.alloc(0)],
] as const) {
  test(`a ${what} key is refused, never replaced`, (t) => {
    const folder = join(newFolder(t), 'secrets');
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(folder, 'redaction.key'), content, { mode: 0o600 });
    assert.throws(() => openSecretsFolder(folder), refused('secrets-damaged', /restore it/));
    assert.deepEqual(readFileSync(join(folder, 'redaction.key')), content);
  });
}

test('a file or a link where the folder or the key should be is refused', (t) => {
  const folder = newFolder(t);
  writeFileSync(join(folder, 'file'), '');
  assert.throws(() => openSecretsFolder(join(folder, 'file')), SecretsError);
  assert.throws(() => openSecretsFolder(join(folder, 'file', 'secrets')), refused('secrets-unavailable', /data_dir/));

  const real = join(folder, 'real');
  openSecretsFolder(real);
  symlinkSync(real, join(folder, 'link'));
  assert.throws(() => openSecretsFolder(join(folder, 'link')), refused('secrets-damaged', /move it/));

  const other = join(folder, 'other');
  mkdirSync(other, { mode: 0o700 });
  symlinkSync(join(real, 'redaction.key'), join(other, 'redaction.key'));
  assert.throws(() => openSecretsFolder(other), SecretsError);
});
