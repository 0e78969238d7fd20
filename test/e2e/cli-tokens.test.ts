/** The command line and a node that knows tokens: where a token comes from, what each role may, whose word counts more, and TLS. */
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { unsignedAcknowledgment } from '../../src/commands/configuration-problems.ts';
import { repository } from '../house/source.ts';
import { type Operator, operatorAt, writeSettings } from './operator.ts';
import { type RunningOverwatch, startOverwatchProcess, until } from './overwatch-process.ts';

const service = 'app.example.com';
const secretOf = (name: string) => `token-of-${name}-0123456789`;
const people = [
  ['vera', 'viewer', 'human'],
  ['olga', 'operator', 'human'],
  ['deploy', 'operator', 'tool'],
  ['ada', 'admin', 'human'],
] as const;
const certificate = join(repository, 'test/fixtures/tls/valid.crt');
const key = join(repository, 'test/fixtures/tls/valid.key');

function nodeConfiguration(name: string, folder: string, tls: boolean): string {
  return [
    'overwatch:',
    `  identity: { node_id: ${name} }`,
    `  data_dir: ${join(folder, name)}`,
    '  validation: { enabled: false }',
    `  dnssec: { enabled: false, security_acknowledgment: ${unsignedAcknowledgment} }`,
    'dns: { listen_address: 127.0.0.1:0 }',
    'regions:',
    '  - name: eu',
    '    servers:',
    `      - { service: ${service}, address: 192.0.2.7, port: 80 }`,
    `      - { service: ${service}, address: 192.0.2.8, port: 80 }`,
    'domains:',
    `  - { name: ${service}, regions: [eu], answers: all }`,
    'api:',
    '  enabled: true',
    '  address: 127.0.0.1:0',
    ...(tls ? [`  tls: { cert_path: ${certificate}, key_path: ${key} }`] : []),
    '  tokens:',
    ...people.map(
      ([who, role, kind]) => `    - { name: ${who}, role: ${role}, kind: ${kind}, token: "\${TOKEN_OF_${who.toUpperCase()}}" }`,
    ),
    '',
  ].join('\n');
}

describe('the command line, where there are tokens', () => {
  let folder: string;
  let plain: RunningOverwatch;
  let secure: RunningOverwatch;
  let operator: Operator;
  let url: string;
  let tlsUrl: string;
  const started: RunningOverwatch[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-tokens-'));
    const env = Object.fromEntries(people.map(([who]) => [`TOKEN_OF_${who.toUpperCase()}`, secretOf(who)]));
    const start = async (name: string, tls: boolean) => {
      const file = join(folder, `${name}.yaml`);
      await writeFile(file, nodeConfiguration(name, folder, tls));
      const node = await startOverwatchProcess(file, { env });
      started.push(node);
      return node;
    };
    [plain, secure] = await Promise.all([start('plain', false), start('secure', true)]);
    url = plain.apiUrl.replace(/\/api\/v1$/, '');
    tlsUrl = secure.apiUrl.replace(/^http:/, 'https:').replace(/\/api\/v1$/, '');
    operator = operatorAt(folder);
    await writeFile(join(folder, 'viewer.token'), `${secretOf('vera')}\n`, { mode: 0o600 });
    await writeSettings(folder, [
      'context: watching',
      'contexts:',
      `  watching: { endpoints: [${url}], token_file: ${join(folder, 'viewer.token')} }`,
      `  operating: { endpoints: [${url}], token: ${secretOf('olga')} }`,
      `  nobody: { endpoints: [${url}] }`,
    ]);
  });
  after(async () => {
    await Promise.all(started.map((node) => node.end('SIGKILL')));
    await rm(folder, { recursive: true, force: true });
  });

  const as = (who: string) => operator.with({ OPENGSLB_TOKEN: secretOf(who) });
  const set = (address: string, action: string) => ['overrides', 'set', service, address, action, '--reason', 'because'];
  /** Who set each override there ever was, as the log names them. */
  const setBy = async () => {
    const { stdout } = await operator.run('events', 'tail', '--from', '1', '--type', 'override.set', '--json');
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => {
      const { actor, data } = JSON.parse(line) as { actor: { kind: string; name: string }; data: { action: string } };
      return `${actor.kind} ${actor.name}: ${data.action}`;
    });
  };
  const answer = async () => {
    const { stdout } = await operator.run('explain', service, '--json');
    const { answers } = JSON.parse(stdout) as { answers: { families: { A: { spokes: { addresses: string[] }[] } } } };
    return answers.families.A.spokes[0]?.addresses.toSorted().join(' ');
  };

  test('the token comes from the first place that gives one: flag, variable, context', async () => {
    const unknown = 'this-token-is-nobodys';
    const rows = [
      [{}, [], 0, /^plain at/],
      [{}, ['--context', 'operating'], 0, /^plain at/],
      [{ OPENGSLB_TOKEN: unknown }, [], 1, /the token is not known here/],
      [{ OPENGSLB_TOKEN: unknown }, ['--token', secretOf('vera')], 0, /^plain at/],
      [
        { OPENGSLB_TOKEN: secretOf('vera') },
        ['--token', unknown],
        1,
        /the token is not known here\n.*give one of its api\.tokens with OPENGSLB_TOKEN/,
      ],
      [{ OPENGSLB_TOKEN: secretOf('vera') }, ['--context', 'nobody'], 0, /^plain at/],
      [{}, ['--context', 'nobody'], 1, /the request carries no token\n.*give it with OPENGSLB_TOKEN, or as token_file/],
      // A node that is named by its URL is not of the context, and must not learn its token.
      [{}, ['--api', url], 1, /the request carries no token/],
    ] as const;
    for (const [variables, flags, code, said] of rows) {
      const finished = await operator.with(variables).run('status', ...flags);
      const what = `${JSON.stringify(variables)} ${flags.join(' ')}`;
      assert.equal(finished.code, code, `${what}\n${finished.stderr}`);
      assert.match(code === 0 ? finished.stdout : finished.stderr, said, what);
      assert(!`${finished.stdout}${finished.stderr}`.includes(unknown), 'a token is never shown');
    }
  });

  test('a token file that others may read is refused, by its name', async () => {
    await chmod(join(folder, 'viewer.token'), 0o644);
    const { code, stderr } = await operator.run('status');
    await chmod(join(folder, 'viewer.token'), 0o600);
    assert.equal(code, 1);
    assert.match(stderr, /viewer\.token.*holds a token and may be read by every user.*chmod 600/s);
  });

  test('a viewer asks and changes nothing', async () => {
    const before = await setBy();
    const { code, stderr } = await operator.run(...set('192.0.2.7', 'down'));
    assert.equal(code, 1);
    assert.match(stderr, /this needs the role operator, and the token vera has viewer\n.*use a token whose role is operator or higher/);
    for (const order of [
      ['overrides', 'clear', service, '192.0.2.7'],
      ['drain', service, '192.0.2.7', '--reason', 'because'],
      ['servers', 'add', service, '192.0.2.9:80', '--region', 'eu'],
      ['servers', 'remove', service, '192.0.2.8:80'],
      [...set('192.0.2.7', 'down'), '--dry-run'],
    ])
      assert.equal((await operator.run(...order)).code, 1, order.join(' '));
    assert.deepEqual(await setBy(), before);
    assert.equal(await answer(), '192.0.2.7 192.0.2.8');
  });

  test("a tool's override stands below a person's, and the log says whose each is", async () => {
    const before = (await setBy()).length;
    assert.equal((await as('deploy').run(...set('192.0.2.7', 'down'))).code, 0);
    assert.equal(await answer(), '192.0.2.8');
    assert.equal((await as('olga').run(...set('192.0.2.7', 'up'))).code, 0);
    assert.equal(await answer(), '192.0.2.7 192.0.2.8');
    assert.equal((await as('deploy').run(...set('192.0.2.7', 'drain'))).code, 0, 'it is kept, and hidden');
    assert.equal(await answer(), '192.0.2.7 192.0.2.8');
    const explained = (await operator.run('explain', service)).stdout;
    assert.match(explained, /192\.0\.2\.7:80: up since .* decided by human-override/);

    // Where the person's ends by itself, the tool's counts; where a person clears, both are cleared.
    assert.equal((await as('olga').run(...set('192.0.2.7', 'up'), '--expires-in', '1s')).code, 0);
    await until("the person's has expired", async () => (await answer()) === '192.0.2.8' || undefined);
    assert.equal((await as('olga').run('overrides', 'clear', service, '192.0.2.7')).code, 0);
    assert.equal(await answer(), '192.0.2.7 192.0.2.8');
    assert.equal((await as('olga').run(...set('192.0.2.8', 'up'))).code, 0);
    const outranked = await as('deploy').run('overrides', 'clear', service, '192.0.2.8');
    assert.equal(outranked.code, 1);
    assert.match(outranked.stderr, /set by a person, and a tool cannot clear it\n.*let a person clear it/);
    assert.deepEqual((await setBy()).slice(before), [
      'tool deploy: down',
      'human olga: up',
      'tool deploy: drain',
      'human olga: up',
      'human olga: up',
    ]);
    const cleared = await as('ada').run('overrides', 'clear', service, '192.0.2.8');
    assert.equal(cleared.code, 0, cleared.stderr);
  });

  test('a certificate of its own is trusted where it is named, and nowhere else', async () => {
    const vera = as('vera');
    const stranger = await vera.run('status', '--api', tlsUrl);
    assert.equal(stranger.code, 3);
    assert.match(stranger.stderr, /cannot be reached: its certificate is signed by itself alone: name it in NODE_EXTRA_CA_CERTS/);
    const trusting = vera.with({ NODE_EXTRA_CA_CERTS: certificate });
    const known = await trusting.run('status', '--api', tlsUrl);
    assert.equal(known.code, 0, known.stderr);
    assert.match(known.stdout, /^secure at https:.*\n.*not signed/);
    const inTheClear = await vera.run('status', '--api', tlsUrl.replace('https:', 'http:'));
    assert.equal(inTheClear.code, 3);
    assert.match(inTheClear.stderr, /cannot be reached/);
    const overPlain = await trusting.run('status', '--api', url.replace('http:', 'https:'));
    assert.equal(overPlain.code, 3);
    assert.match(overPlain.stderr, /it does not speak TLS: try http:/);
  });
});
