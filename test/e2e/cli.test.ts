/** The command line against real nodes: two that run and one that does not, as an operator has them in one context. Nodes that die and come back are in `cli-three-overwatches.test.ts`. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { program as programTree, withAllBelow } from '../../src/cli/program.ts';
import { repository } from '../house/source.ts';
import { exampleLines } from '../unit/cli/example-lines.ts';
import { type Finished, freePort, program, type RunningOverwatch, startOverwatchProcess, until } from './overwatch-process.ts';

const acknowledgment =
  'I understand that disabling DNSSEC removes cryptographic authentication of DNS responses and allows DNS spoofing attacks against my zones';

/** Nothing is checked, so no packet goes to the addresses that documents use; registered servers count as up. */
function nodeConfiguration(name: string, folder: string): string {
  return [
    'overwatch:',
    `  identity: { node_id: ${name} }`,
    `  data_dir: ${join(folder, name)}`,
    '  validation: { enabled: false }',
    '  dnssec:',
    '    enabled: false',
    `    security_acknowledgment: ${acknowledgment}`,
    'dns:',
    '  listen_address: 127.0.0.1:0',
    '  zones:',
    '    - name: example.com',
    '      nameservers: [{ name: ns1.example.com, address: 127.0.0.1 }]',
    'regions:',
    '  - name: eu',
    '    servers:',
    '      - { service: app.example.com, address: 192.0.2.7, port: 80 }',
    '      - { service: app.example.com, address: 192.0.2.8, port: 80 }',
    'domains:',
    '  - { name: app.example.com, regions: [eu], ttl: 5, answers: all }',
    'api: { enabled: true, address: "127.0.0.1:0" }',
    '',
  ].join('\n');
}

describe('the command line', () => {
  let folder: string;
  let nodes: readonly RunningOverwatch[];
  let urls: readonly string[];
  let dead: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-cli-'));
    nodes = await Promise.all(
      ['overwatch-1', 'overwatch-2'].map(async (name) => {
        const file = join(folder, `${name}.yaml`);
        await writeFile(file, nodeConfiguration(name, folder));
        return startOverwatchProcess(file);
      }),
    );
    urls = nodes.map(({ apiUrl }) => apiUrl.replace(/\/api\/v1$/, ''));
    dead = `http://127.0.0.1:${await freePort()}`;
    await mkdir(join(folder, 'opengslb'));
    await writeFile(
      join(folder, 'opengslb', 'cli.yaml'),
      [
        '# whom I look after',
        'contexts:',
        `  production: { endpoints: [${urls.join(', ')}] }`,
        `  three: { endpoints: [${[...urls, dead].join(', ')}], timeout: 5s }`,
        '',
      ].join('\n'),
    );
    // What examples name: the program, example files, and a folder to write into.
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin', 'opengslb'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
    await chmod(join(folder, 'bin', 'opengslb'), 0o755);
    for (const name of ['config', 'replay-fixtures']) await symlink(join(repository, name), join(folder, name));
  });
  after(async () => {
    await Promise.all((nodes ?? []).map((node) => node.end('SIGKILL')));
    await rm(folder, { recursive: true, force: true });
  });

  const environment = () => {
    const { OPENGSLB_API: _api, OPENGSLB_TOKEN: _token, OPENGSLB_CONTEXT: _context, OPENGSLB_TIMEOUT: _timeout, ...rest } = process.env;
    return { ...rest, XDG_CONFIG_HOME: folder, PATH: `${join(folder, 'bin')}:${process.env.PATH}` };
  };
  const start = (file: string, args: readonly string[]) =>
    spawn(file, args, { cwd: folder, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = async (child: ReturnType<typeof start>): Promise<Finished> => {
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    await once(child, 'close');
    return { code: child.exitCode, signal: child.signalCode, ...output };
  };
  const run = (...args: readonly string[]) => ended(start(process.execPath, [program, ...args]));
  const runLine = (line: string) => ended(start('bash', ['-c', line.replaceAll('http://127.0.0.1:8080', urls[0] as string)]));
  const json = async <T>(...args: readonly string[]): Promise<T> => JSON.parse((await run(...args, '--json')).stdout) as T;
  const overrideEvents = async (url: string) =>
    (await run('events', 'tail', '--api', url, '--from', '1', '--type', 'override.set', '--json')).stdout.trim().split('\n');

  test('where nodes disagree is found, and said', async () => {
    interface All {
      readonly nodes: readonly { node?: string; error?: { kind: string } }[];
      readonly differences: readonly { kind: string; subject: string; versions: readonly { says: string; nodes: readonly string[] }[] }[];
    }
    const agreeing = await run('status', '--all', '--context', 'production');
    assert.equal(agreeing.code, 0, agreeing.stderr);
    assert.match(agreeing.stdout, /overwatch-1.*overwatch-2.*2 nodes agree/s);
    assert.equal((await run('status', '--all', '--context', 'three')).code, 3, 'what the third would say is not known');

    await run('drain', 'app.example.com', '192.0.2.8', '--reason', 'only here', '--api', urls[1] as string);
    const differing = await run('status', '--all', '--context', 'three', '--json');
    assert.equal(differing.code, 4);
    const { nodes: shown, differences } = JSON.parse(differing.stdout) as All;
    assert.deepEqual(
      shown.map(({ node, error }) => node ?? error?.kind),
      ['overwatch-1', 'overwatch-2', 'unreachable'],
    );
    assert.deepEqual(
      differences.map(({ kind, versions }) => [kind, versions]),
      [
        [
          'answer',
          [
            { says: '192.0.2.7 192.0.2.8', nodes: [urls[0]] },
            { says: '192.0.2.7', nodes: [urls[1]] },
          ],
        ],
        [
          'override',
          [
            { says: 'none', nodes: [urls[0]] },
            { says: 'drain', nodes: [urls[1]] },
          ],
        ],
      ],
    );
    assert.equal((await run('drain', 'app.example.com', '192.0.2.8', '--end', '--api', urls[1] as string)).code, 0);
  });

  test('only a drain is ended as one', async () => {
    await run('overrides', 'set', 'app.example.com', '192.0.2.8', 'up', '--reason', 'sure of it', '--api', urls[0] as string);
    const refused = await run('drain', 'app.example.com', '192.0.2.8', '--end', '--api', urls[0] as string);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /is up, and no drain/);
    const { overrides } = await json<{ overrides: unknown[] }>('overrides', 'list', '--api', urls[0] as string);
    assert.equal(overrides.length, 1);
    await run('overrides', 'clear', 'app.example.com', '192.0.2.8', '--api', urls[0] as string);
  });

  test('a dry run says what would change and changes nothing; a guard refuses until it is forced', async () => {
    const api = ['--api', urls[0] as string];
    const before = (await overrideEvents(urls[0] as string)).length;
    const set = ['overrides', 'set', 'app.example.com', '192.0.2.7', 'down', '--reason', 'r', ...api];
    assert.match((await run(...set, '--dry-run')).stdout, /192\.0\.2\.7 192\.0\.2\.8 +192\.0\.2\.8/);
    assert.equal((await overrideEvents(urls[0] as string)).length, before);
    await run(...set);
    const last = set.with(3, '192.0.2.8');
    const refused = await run(...last);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /no fit server/);
    assert.equal((await run(...last, '--force')).code, 0);
    for (const address of ['192.0.2.7', '192.0.2.8']) await run('overrides', 'clear', 'app.example.com', address, ...api);
  });

  test('explain names the event that decided', async () => {
    const api = ['--api', urls[0] as string];
    await run('overrides', 'set', 'app.example.com', '192.0.2.7', 'down', '--reason', 'disk is dying', ...api);
    const { stdout, code } = await run('explain', 'app.example.com', ...api);
    assert.equal(code, 0);
    assert.match(stdout, /answered with 192\.0\.2\.8 for 5 s/);
    assert.match(stdout, /192\.0\.2\.7:80: down since .* decided by human-override\n {2}#\d+ .* set by human local: disk is dying/);
    await run('overrides', 'clear', 'app.example.com', '192.0.2.7', ...api);
  });

  test('following shows what comes, across a pause of a second', async () => {
    const tail = start(process.execPath, [program, 'events', 'tail', '--follow', '--type', 'override.set', '--api', urls[0] as string]);
    let seen = '';
    tail.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    const done = once(tail, 'close');
    await run('overrides', 'set', 'app.example.com', '192.0.2.7', 'drain', '--reason', 'seen as it comes', '--api', urls[0] as string);
    await until('it is shown', () => seen.includes('seen as it comes') || undefined);
    tail.kill('SIGINT');
    await done;
    await run('overrides', 'clear', 'app.example.com', '192.0.2.7', '--api', urls[0] as string);
  });

  test('an export is the whole log, and of a part what was asked for', async () => {
    const whole = await run('events', 'export', '--api', urls[0] as string);
    assert.equal(whole.code, 0);
    assert.match(whole.stderr, /no batch lines/);
    const positions = whole.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { position: number }).position);
    assert(positions.length > 4);
    assert.deepEqual(
      positions,
      positions.map((_, index) => index + 1),
    );
    const part = await run('events', 'export', '--from', '2', '--to', '3', '--api', urls[0] as string);
    assert.deepEqual(
      part.stdout
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { position: number }).position),
      [2, 3],
    );
  });

  test('a node that cannot be reached is 3, and it is said what was tried and what to do', async () => {
    for (const args of [['status'], ['overrides', 'set', 'a.example', '192.0.2.7', 'up', '--reason', 'r'], ['events', 'export']]) {
      const { code, stderr } = await run(...args, '--api', dead);
      assert.equal(code, 3, args.join(' '));
      assert.match(stderr, new RegExp(`${dead} cannot be reached: nothing listens there`));
      assert.match(stderr, /what to do: start a node with "opengslb overwatch/);
    }
    const next = await run('status', '--api', dead, '--api', urls[0] as string);
    assert.equal(next.code, 0);
    assert.match(next.stderr, /asking the next/);
  });

  test('wrong usage is 2', async () => {
    const wrong = [
      ['overrides', 'set', 'app.example.com', '192.0.2.7', 'down'],
      ['overrides', 'set', 'app.example.com', '192.0.2.7', 'sideways', '--reason', 'r'],
      ['overrides', 'set', 'app.example.com', 'not-an-address', 'down', '--reason', 'r'],
      ['drain', 'app.example.com', '192.0.2.7'],
      ['servers', 'add', 'app.example.com', '192.0.2.7', '--region', 'eu'],
      ['servers', 'set', 'app.example.com', '192.0.2.7:80'],
      ['events', 'tail', '--from', '0'],
      ['status', '--context', 'nowhere'],
      ['status', '--api', 'ftp://127.0.0.1'],
      ['status', '--timeout', 'soon'],
      ['completion', 'tcsh'],
    ];
    const codes = await Promise.all(wrong.map(async (args) => [args.join(' '), (await run(...args)).code] as const));
    assert.deepEqual(
      codes,
      wrong.map((args) => [args.join(' '), 2]),
    );
  });

  test('a broken configuration is told as text and as data', async () => {
    await writeFile(join(folder, 'bad.yaml'), 'domains:\n  - nam: app.example.com\n', { mode: 0o600 });
    const text = await run('config', 'validate', 'bad.yaml');
    assert.equal(text.code, 1);
    assert.match(text.stderr, /bad\.yaml:2:\d+: domains\[0\]\.nam: is no known key; did you mean name\?/);
    assert.doesNotMatch(text.stderr, /\n\s+at /);
    const data = await run('config', 'validate', 'bad.yaml', '--json');
    assert.equal(data.code, 1);
    const { valid, problems } = JSON.parse(data.stdout) as { valid: boolean; problems: { line: number; path: string }[] };
    assert.equal(valid, false);
    assert(problems.some(({ line, path }) => line === 2 && path === 'domains[0].nam'));
  });

  /**
   * They run for long, name folders outside this one, or need what these nodes have not: an agent (test/integration/agent) or
   * a signed zone with a rotation in its midst (test/integration/keys).
   */
  const notRunHere =
    /^opengslb (overwatch|demo|log export|log import|drain on|drain off|agent|agents show|agents revoke|gossip-key list|gossip-key install|gossip-key use|gossip-key remove|dnssec (ds|rotate|ds-seen|abort|remove|sync|identity))\b|--follow|> \/etc|<\(/;

  test('every example of every --help runs', async () => {
    const lines = withAllBelow(await programTree()).flatMap(exampleLines);
    const runnable = [...new Set(lines)].filter((line) => !notRunHere.test(line));
    assert(runnable.length > 20, runnable.join('\n'));
    assert.equal((await run('context', 'use', 'production')).code, 0);
    assert.match(await readFile(join(folder, 'opengslb', 'cli.yaml'), 'utf8'), /^context: production\n# whom I look after\n/);
    const codes: [string, number | null, string][] = [];
    for (const line of runnable.map((example) => example.replaceAll('node.ndjson', 'help.ndjson'))) {
      const { code, stderr } = await runLine(line);
      codes.push([line, code, stderr]);
    }
    assert.deepEqual(
      codes.filter(([, code]) => code !== 0),
      [],
    );
  });

  test('every example of docs/cli.md runs, in its order', async () => {
    const text = await readFile(join(repository, 'docs', 'cli.md'), 'utf8');
    const lines = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.trim().split('\n'));
    assert(lines.length > 20);
    for (const line of lines) {
      assert.match(line, /^opengslb /);
      const { code, stderr } = await runLine(line);
      assert.equal(code, 0, `${line}\n${stderr}`);
    }
  });
});
