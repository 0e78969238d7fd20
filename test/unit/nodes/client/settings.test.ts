import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ClientFlags, type ClientSettings, clientSettings } from '../../../../src/nodes/client/settings.ts';
import { SettingsError } from '../../../../src/nodes/client/settings-error.ts';
import type { Environment } from '../../../../src/nodes/configuration/environment.ts';
import { settingsFolder } from './settings-folder.ts';

const file = `
context: one
contexts:
  one: { endpoints: [http://one], token: token-of-one, timeout: 3s }
  two: { endpoints: [http://two, http://two/, http://deux] }
`;
const one = { endpoints: ['http://one'], token: 'token-of-one', timeoutMs: 3_000 };
const two = { endpoints: ['http://two', 'http://deux'], timeoutMs: 10_000 };

type Row = readonly [name: string, flags: ClientFlags, variables: Environment, settings: Omit<ClientSettings, 'namedBy'>];
const rows: readonly Row[] = [
  ['nothing: the context of the file', {}, {}, one],
  ['--context', { context: 'two' }, {}, two],
  ['--context goes before OPENGSLB_API', { context: 'two' }, { OPENGSLB_API: 'http://x' }, two],
  ['--api, without the token of any context', { api: ['x:1', 'y:2'] }, {}, { endpoints: ['http://x:1', 'http://y:2'], timeoutMs: 10_000 }],
  ['--api goes before OPENGSLB_CONTEXT', { api: ['x:1'] }, { OPENGSLB_CONTEXT: 'one' }, { endpoints: ['http://x:1'], timeoutMs: 10_000 }],
  ['OPENGSLB_API', {}, { OPENGSLB_API: 'x:1, y:2' }, { endpoints: ['http://x:1', 'http://y:2'], timeoutMs: 10_000 }],
  ['OPENGSLB_CONTEXT', {}, { OPENGSLB_CONTEXT: 'two' }, two],
  ['--token', { token: 'mine' }, { OPENGSLB_TOKEN: 'other' }, { ...one, token: 'mine' }],
  ['OPENGSLB_TOKEN', {}, { OPENGSLB_TOKEN: 'other' }, { ...one, token: 'other' }],
  ['--timeout', { timeout: '500ms' }, { OPENGSLB_TIMEOUT: '1s' }, { ...one, timeoutMs: 500 }],
  ['OPENGSLB_TIMEOUT', {}, { OPENGSLB_TIMEOUT: '1s' }, { ...one, timeoutMs: 1_000 }],
  ['a bare number of seconds', { timeout: '7' }, {}, { ...one, timeoutMs: 7_000 }],
  ['empty variables count as not set', {}, { OPENGSLB_API: '', OPENGSLB_CONTEXT: '', OPENGSLB_TOKEN: '', OPENGSLB_TIMEOUT: '' }, one],
];
describe('what goes before what', () => {
  for (const [name, flags, variables, expected] of rows) {
    test(name, (context) => {
      const folder = settingsFolder(context, variables);
      folder.write(file);
      const { namedBy, ...settings } = clientSettings(flags, folder.environment);
      assert.notEqual(namedBy, '');
      assert.deepEqual(settings, expected);
    });
  }
});

test('without a file it is this machine', (context) => {
  const { environment } = settingsFolder(context);
  assert.deepEqual(clientSettings({}, environment).endpoints, ['http://127.0.0.1:8080']);
});

test('a context that is the only one is meant', (context) => {
  const folder = settingsFolder(context);
  folder.write('contexts:\n  only: { endpoints: [http://only] }\n');
  assert.deepEqual(clientSettings({}, folder.environment).endpoints, ['http://only']);
});

test('with nodes named by URL a broken file does not matter', (context) => {
  const folder = settingsFolder(context);
  folder.write('contexts: [');
  assert.deepEqual(clientSettings({ api: ['x:1'] }, folder.environment).endpoints, ['http://x:1']);
  assert.throws(() => clientSettings({}, folder.environment), /is not valid YAML/);
});

test('a token file is read when its context is meant', (context) => {
  const folder = settingsFolder(context);
  folder.write('contexts:\n  a: { endpoints: [http://a], token_file: a.token }\n  b: { endpoints: [http://b], token_file: gone.token }\n');
  folder.write('from-the-file\n', { name: 'a.token' });
  assert.equal(clientSettings({ context: 'a' }, folder.environment).token, 'from-the-file');
  assert.throws(() => clientSettings({ context: 'b' }, folder.environment), /gone\.token:1:1: there is no such file/);
});

const wrong: readonly (readonly [name: string, flags: ClientFlags, variables: Environment, message: RegExp, remedy: RegExp])[] = [
  ['two ways of naming nodes', { api: ['x:1'], context: 'one' }, {}, /--api and --context both say/, /only one/],
  ['two variables that name nodes', {}, { OPENGSLB_API: 'x:1', OPENGSLB_CONTEXT: 'one' }, /OPENGSLB_API and OPENGSLB_CONTEXT/, /only one/],
  ['an unknown context', { context: 'tow' }, {}, /--context: there is no context "tow"/, /did you mean two\?/],
  ['no URL', { api: ['http://user:secret@x'] }, {}, /^--api: this is no URL of a node$/, /without a password/],
  ['no URL in the variable', {}, { OPENGSLB_API: 'ftp://x' }, /^OPENGSLB_API: this is no URL/, /http:/],
  ['no token', { token: 'se cret' }, {}, /^--token holds no token$/, /without spaces/],
  ['no token in the variable', {}, { OPENGSLB_TOKEN: 'se\ncret' }, /^OPENGSLB_TOKEN holds no token$/, /without spaces/],
  ['no duration', { timeout: 'soon' }, {}, /^--timeout: /, /from 10ms to 10m/],
  ['too long a time', {}, { OPENGSLB_TIMEOUT: '1h' }, /^OPENGSLB_TIMEOUT: /, /from 10ms to 10m/],
  ['too many nodes', { api: Array.from({ length: 65 }, (_, index) => `x:${index + 1}`) }, {}, /more than 64 nodes/, /fewer/],
];
describe('what says nothing usable is named, without what it says', () => {
  for (const [name, flags, variables, message, remedy] of wrong) {
    test(name, (context) => {
      const folder = settingsFolder(context, variables);
      folder.write(file);
      assert.throws(
        () => clientSettings(flags, folder.environment),
        (error) => {
          assert(error instanceof SettingsError);
          assert.match(error.message, message);
          assert.match(error.remedy, remedy);
          assert.doesNotMatch(error.message + error.remedy, /secret|se cret/);
          return true;
        },
      );
    });
  }
  test('many contexts, of which none is meant', (context) => {
    const folder = settingsFolder(context);
    folder.write(file.replace('context: one', ''));
    assert.throws(() => clientSettings({}, folder.environment), { name: 'SettingsError', remedy: /context use NAME.*one, two/ });
  });
});
