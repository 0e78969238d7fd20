import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { readSettingsFile, readTokenFile, settingsPath } from '../../../../src/nodes/client/settings-file.ts';
import { ConfigurationError } from '../../../../src/nodes/configuration/problem.ts';
import { settingsFolder } from './settings-folder.ts';

const secret = 'c2VjcmV0LXRva2Vu';

test('a file that is not there holds no contexts', (context) => {
  const { path, environment } = settingsFolder(context);
  assert.equal(readSettingsFile(path, environment).contexts.size, 0);
});

test('what a file says is taken as it is meant', (context) => {
  const folder = settingsFolder(context, { TOKEN: secret });
  folder.write(`
context: one
contexts:
  one:
    endpoints: [192.0.2.1:8080, http://192.0.2.2:8080/api/v1]
    token: \${TOKEN}
    timeout: 3s
  two: { endpoints: [http://192.0.2.3], token_file: two.token }
  three: { endpoints: [http://192.0.2.3], token_file: ~/three.token }
  four: { endpoints: [http://192.0.2.3], token: "\${NOT_SET:-}" }
`);
  const { current, contexts } = readSettingsFile(folder.path, folder.environment);
  assert.equal(current, 'one');
  assert.deepEqual(Object.fromEntries(contexts), {
    one: { endpoints: ['http://192.0.2.1:8080', 'http://192.0.2.2:8080'], token: secret, timeout: '3s' },
    two: { endpoints: ['http://192.0.2.3'], tokenFile: join(dirname(folder.path), 'two.token') },
    three: { endpoints: ['http://192.0.2.3'], tokenFile: join(folder.environment.HOME as string, 'three.token') },
    four: { endpoints: ['http://192.0.2.3'] },
  });
});

const wrong: readonly (readonly [name: string, text: string, complaint: RegExp])[] = [
  [
    'an unknown key',
    'contexts:\n  a:\n    endpoint: [x]\n',
    /cli\.yaml:3:5: contexts\.a\.endpoint: is no known key; did you mean endpoints\?/,
  ],
  ['no node', 'contexts:\n  a: { endpoints: [] }\n', /cli\.yaml:2:\d+: contexts\.a\.endpoints: expected a list of at least 1/],
  ['no URL', 'contexts:\n  a: { endpoints: ["ftp://x"] }\n', /contexts\.a\.endpoints\[0\]: expected the URL of a node/],
  [
    'two tokens',
    `contexts:\n  a: { endpoints: [x:1], token: ${secret}, token_file: b }\n`,
    /expected either token or token_file, not both/,
  ],
  [
    'a token with a space',
    'contexts:\n  a: { endpoints: [x:1], token: "c2Vjcm V0LXRva2Vu" }\n',
    /contexts\.a\.token: expected a token on one line/,
  ],
  ['a token a level too high', `contexts:\n  token: ${secret}\n`, /contexts\.token: expected a map of keys/],
  [
    'a context that is not there',
    'context: b\ncontexts:\n  a: { endpoints: [x:1] }\n',
    /cli\.yaml:1:10: context: names a context that is not/,
  ],
  ['a name that is none', 'contexts:\n  "a b": { endpoints: [x:1] }\n', /expected a name of letters/],
  ['no YAML', 'contexts: [', /cli\.yaml:\d+:\d+: is not valid YAML/],
  [
    'a variable that is not set',
    `contexts:\n  a: { endpoints: [x:1], token: "\${NOT_SET}" }\n`,
    /the environment variable NOT_SET is not set/,
  ],
];
for (const [name, text, complaint] of wrong) {
  test(`${name} is told with its place, and never a value`, (context) => {
    const folder = settingsFolder(context);
    folder.write(text);
    assert.throws(
      () => readSettingsFile(folder.path, folder.environment),
      (error) => {
        assert(error instanceof ConfigurationError);
        assert.match(error.message, complaint);
        assert.doesNotMatch(error.message, /c2Vjcm|\(got/);
        return true;
      },
    );
  });
}

test('a token in a file that everybody may read is refused, unless a variable holds it', (context) => {
  const folder = settingsFolder(context, { TOKEN: secret });
  const withToken = (token: string) => `contexts:\n  a: { endpoints: [x:1], token: "${token}" }\n`;
  folder.write(withToken(secret), { mode: 0o644 });
  assert.throws(
    () => readSettingsFile(folder.path, folder.environment),
    /cli\.yaml:2:.*contexts\.a\.token: is a token in a file.*chmod 600/,
  );
  folder.write(withToken(secret), { mode: 0o640 });
  assert.equal(readSettingsFile(folder.path, folder.environment).contexts.get('a')?.token, secret);
  folder.write(withToken(`\${TOKEN}`), { mode: 0o644 });
  assert.equal(readSettingsFile(folder.path, folder.environment).contexts.get('a')?.token, secret);
});

test('a token file holds one token, and for its owner alone', (context) => {
  const folder = settingsFolder(context);
  const file = folder.write(`${secret}\n`, { name: 'a.token' });
  assert.equal(readTokenFile(file), secret);
  folder.write(`${secret}\n`, { name: 'a.token', mode: 0o644 });
  assert.throws(() => readTokenFile(file), /a\.token:1:1: holds a token and may be read by every user; chmod 600/);
  for (const text of ['', '\n', 'two words', 'two\nlines']) {
    folder.write(text, { name: 'a.token' });
    assert.throws(() => readTokenFile(file), /holds no token/);
  }
  assert.throws(() => readTokenFile(`${file}.gone`), /there is no such file/);
});

const paths: readonly (readonly [configured: string | undefined, path: string])[] = [
  [undefined, '/home/a/.config/opengslb/cli.yaml'],
  ['', '/home/a/.config/opengslb/cli.yaml'],
  ['relative', '/home/a/.config/opengslb/cli.yaml'],
  ['/etc/xdg', '/etc/xdg/opengslb/cli.yaml'],
];
for (const [configured, path] of paths) {
  test(`with XDG_CONFIG_HOME ${configured ?? 'not set'} the file is ${path}`, () => {
    assert.equal(settingsPath({ HOME: '/home/a', XDG_CONFIG_HOME: configured }), path);
  });
}
