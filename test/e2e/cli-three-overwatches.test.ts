/**
 * One change for three overwatches, one of which is down: what the operator is told, where the nodes disagree meanwhile,
 * and that giving the same change again makes them agree, with one effect on each.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Operator, operatorAt, writeSettings } from './operator.ts';
import { type Trio, threeOverwatches } from './three-overwatches.ts';

const service = 'app.example.com';
const set = ['overrides', 'set', service, '192.0.2.7', 'down', '--reason', 'disk is dying'];

let trio: Trio;
let operator: Operator;
let urls: readonly string[];
before(async () => {
  trio = await threeOverwatches(
    ['127.0.0.51', '127.0.0.52', '127.0.0.53'],
    [
      'regions:',
      '  - name: eu',
      '    servers:',
      `      - { service: ${service}, address: 192.0.2.7, port: 80 }`,
      `      - { service: ${service}, address: 192.0.2.8, port: 80 }`,
      'domains:',
      `  - { name: ${service}, regions: [eu], answers: all }`,
    ],
    // No packet goes to the addresses that documents use.
    ['validation: { enabled: false }'],
  );
  urls = trio.members.map(({ url }) => url);
  await writeSettings(trio.folder, ['contexts:', `  production: { endpoints: [${urls.join(', ')}], timeout: 5s }`]);
  operator = operatorAt(trio.folder);
  await Promise.all(trio.members.map(({ start }) => start()));
});
after(() => trio?.remove());

interface Results {
  readonly key: string;
  readonly results: readonly {
    readonly endpoint: string;
    readonly ok: boolean;
    readonly result?: string;
    readonly error?: { readonly kind: string };
  }[];
}

/** Gives a change, and what each node made of it. */
async function give(...args: readonly string[]) {
  const { code, stdout, stderr } = await operator.run(...args, '--json');
  const { key, results } = JSON.parse(stdout) as Results;
  assert.deepEqual(
    results.map(({ endpoint }) => endpoint),
    urls,
  );
  return { code, key, stderr, said: results.map(({ result, error }) => result ?? error?.kind) };
}

interface All {
  readonly nodes: readonly { readonly node?: string; readonly unsigned?: string; readonly error?: { readonly kind: string } }[];
  readonly differences: readonly {
    readonly kind: string;
    readonly subject: string;
    readonly versions: readonly { readonly says: string; readonly nodes: readonly string[] }[];
  }[];
}

async function compare() {
  const { code, stdout, stderr } = await operator.run('status', '--all', '--json');
  const { nodes, differences } = JSON.parse(stdout) as All;
  return {
    code,
    stderr,
    differences,
    unsigned: nodes.map(({ unsigned }) => unsigned),
    seen: nodes.map(({ node, error }) => node ?? error?.kind),
  };
}

/** The request keys of the overrides that a node has recorded. */
async function keysAt(url: string): Promise<readonly string[]> {
  const { stdout } = await operator.run('events', 'tail', '--api', url, '--from', '1', '--type', 'override.set', '--json');
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { request: { key: string } }).request.key);
}

test('a change that one of three could not do is given again when it is back: one effect on each', async () => {
  const [first, , third] = trio.members;
  const agreeing = await compare();
  assert.deepEqual(
    [agreeing.code, agreeing.seen, agreeing.differences],
    [0, ['overwatch-1', 'overwatch-2', 'overwatch-3'], []],
    agreeing.stderr,
  );
  for (const sentence of agreeing.unsigned) assert.match(sentence ?? '', /not signed/);

  await third.kill();
  const { code, key, stderr, said } = await give(...set);
  assert.deepEqual([code, said], [1, ['set: down', 'set: down', 'unreachable']]);
  assert.match(key, /^[0-9a-f-]{36}$/);
  assert.match(stderr, /1 of 3 nodes did not do it/);
  assert.match(stderr, new RegExp(`what to do: start a node.*Then give it again with --key ${key}`, 's'));
  const without = await compare();
  assert.deepEqual([without.code, without.seen, without.differences], [3, ['overwatch-1', 'overwatch-2', 'unreachable'], []]);
  assert.match(without.stderr, /1 of 3 nodes did not answer/);

  await third.start();
  const [one, two, three] = urls;
  const apart = await compare();
  assert.deepEqual([apart.code, apart.seen], [4, ['overwatch-1', 'overwatch-2', 'overwatch-3']]);
  assert.deepEqual(apart.differences, [
    {
      kind: 'answer',
      subject: service,
      versions: [
        { says: '192.0.2.8', nodes: [one, two] },
        { says: '192.0.2.7 192.0.2.8', nodes: [three] },
      ],
    },
    {
      kind: 'override',
      subject: `${service} 192.0.2.7, by a person`,
      versions: [
        { says: 'down', nodes: [one, two] },
        { says: 'none', nodes: [three] },
      ],
    },
  ]);
  const words = await operator.run('status', '--all');
  assert.equal(words.code, 4);
  assert.match(words.stdout, new RegExp(`answer ${service} .*192\\.0\\.2\\.8 +${one} ${two}\n +192\\.0\\.2\\.7 192\\.0\\.2\\.8 +${three}`));

  const again = await give(...set, '--key', key);
  assert.deepEqual([again.code, again.said], [0, ['down, done before', 'down, done before', 'set: down']], again.stderr);
  const agreed = await compare();
  assert.deepEqual([agreed.code, agreed.differences], [0, []], agreed.stderr);

  // Who carried it out remembers that, even where it was killed since; and a key stands for one change only.
  await first.kill();
  await first.start();
  const repeated = await give(...set, '--key', key);
  assert.deepEqual([repeated.code, repeated.said], [0, ['down, done before', 'down, done before', 'down, done before']]);
  const other = await give(...set.with(3, '192.0.2.8'), '--key', key);
  assert.deepEqual([other.code, other.said], [1, ['refused', 'refused', 'refused']]);
  for (const url of urls) assert.deepEqual(await keysAt(url), [key], `${url} recorded it once`);
});
