import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { GossipKeys } from '../../../../src/nodes/gossip/gossip.ts';
import { openKeptKeys, withKeptKeys } from '../../../../src/nodes/gossip/kept-keys.ts';
import { changeKeys, keyViews, ringOf } from '../../../../src/nodes/gossip/key-changes.ts';
import { parseKey } from '../../../../src/nodes/gossip/key-ring.ts';
import { startGossip } from '../../../../src/nodes/gossip/start-gossip.ts';

const [one, two, three] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [string, string, string];
const nameOf = (key: string) => parseKey(key)?.name;

function keptFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'opengslb-kept-keys-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'gossip.keys');
}

/** A ring that is changed as that of a running member is. */
function runningKeys(first: string, ...others: readonly string[]): GossipKeys {
  let ring = ringOf([first, ...others]);
  const change = (action: 'install' | 'use' | 'remove') => async (key: string) => {
    const { ring: next, outcome } = changeKeys(ring, action, key);
    ring = next;
    return outcome;
  };
  return { list: async () => keyViews(ring), install: change('install'), use: change('use'), remove: change('remove') };
}

/** Turns the key over from one to two, as somebody does at run time. */
async function turnOver(file: string, { removesOld = false } = {}): Promise<void> {
  const keys = openKeptKeys(file, one).of(runningKeys(one));
  await keys.install(two);
  await keys.use(two);
  if (removesOld) await keys.remove(one);
}

test('a node starts with the keys that were changed at run time, unless its configuration names another since', async (t) => {
  const rows: readonly (readonly [removesOld: boolean | undefined, configured: string, keys: readonly string[], warns: boolean])[] = [
    [undefined, one, [one], false],
    [false, one, [two, one], true],
    [true, one, [two], true],
    [false, two, [two, one], false],
    [true, two, [two], false],
    [false, three, [three], false],
  ];
  for (const [removesOld, configured, expected, warns] of rows) {
    const file = keptFile(t);
    if (removesOld !== undefined) await turnOver(file, { removesOld });
    const kept = openKeptKeys(file, configured);
    assert.deepEqual([kept.texts(), kept.warning !== undefined], [expected, warns], `${removesOld} ${nameOf(configured)}`);
  }
});

test('a key that was configured anew is the one that counts from then on', async (t) => {
  const file = keptFile(t);
  await turnOver(file);
  const keys = openKeptKeys(file, two);
  await keys.of(runningKeys(two, one)).remove(one);
  assert.deepEqual(openKeptKeys(file, two).texts(), [two]);
  assert.deepEqual(openKeptKeys(file, one).texts(), [one], 'going back to the old file is setting out anew');
});

test('what is told of keys names them and does not tell them, and the file is for this user alone', async (t) => {
  const file = keptFile(t);
  await turnOver(file);
  const { warning = '' } = openKeptKeys(file, one);
  assert.ok(warning.includes(`${nameOf(one)}`) && warning.includes(`${nameOf(two)}`), warning);
  assert.ok(!warning.includes(one) && !warning.includes(two));
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('what changes nothing, or is refused, is not kept', async (t) => {
  const file = keptFile(t);
  const kept = openKeptKeys(file, one);
  const keys = kept.of(runningKeys(one));
  assert.ok('refused' in (await keys.use(two)) && 'refused' in (await keys.install('no key')) && 'refused' in (await keys.remove(one)));
  assert.deepEqual(await keys.install(one), {
    keys: [{ fingerprint: nameOf(one), primary: true }],
    fingerprint: nameOf(one),
    changed: false,
  });
  assert.throws(() => statSync(file), { code: 'ENOENT' });
  assert.deepEqual(kept.texts(), [one]);
});

test('a change that cannot be kept is refused, and not made', async (t) => {
  const file = keptFile(t);
  mkdirSync(`${file}.new/in-the-way`, { recursive: true });
  const running = runningKeys(one);
  const outcome = await openKeptKeys(file, one).of(running).install(two);
  assert.ok('refused' in outcome);
  assert.match(outcome.refused, /gossip\.keys cannot be written: .+; let this user write to its folder$/);
  assert.equal((await running.list()).length, 1);
});

test('a file that is damaged stops the start with a sentence and a remedy', async (t) => {
  const file = keptFile(t);
  await turnOver(file);
  const whole = readFileSync(file, 'utf8');
  for (const text of ['', 'x', whole.slice(0, -5), `${whole}nonsense\n`]) {
    writeFileSync(file, text);
    assert.throws(() => openKeptKeys(file, one), {
      code: 'gossip-keys-unusable',
      message: `gossip cannot start, because of ${file}: it is not as this node wrote it`,
      remedy: /gossip\.encryption_key, and remove the file$/,
    });
  }
  rmSync(file);
  mkdirSync(file);
  assert.throws(() => openKeptKeys(file, one), { code: 'gossip-keys-unusable', message: /EISDIR/ });
});

test('a gossip that is started again has the keys of the one before', async (t) => {
  const kept = openKeptKeys(keptFile(t), one);
  const start = withKeptKeys(kept, startGossip);
  const options = { name: 'a', bind: '127.0.0.1:0', key: one, preset: 'local', thread: false, hears: {} } as const;
  const first = await start(options);
  await first.keys.install(two);
  await first.keys.use(two);
  await first.keys.remove(one);
  await first.close();
  const second = await start(options);
  t.after(() => second.close());
  assert.deepEqual(await second.keys.list(), [{ fingerprint: nameOf(two), primary: true }]);
});
