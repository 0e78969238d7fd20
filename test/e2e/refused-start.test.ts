/** A node that is started on a log that is not what was written: a sentence, a remedy, exit code 1, and the folder is left as it is. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { canMount, smallDisk } from '../torture/small-disk.ts';
import { api, freePort, makeFolder, program, startOverwatchProcess } from './overwatch-process.ts';

let made: Awaited<ReturnType<typeof makeFolder>>;
let data: string;
let log: string;

/** Of a node that was killed: all of it is in the file of LevelDB's own log. Of one that was started again since: in a table. */
const kept = { killed: '', restarted: '' };

/** Tables are compressed: only what is like nothing before it stands there as it is. */
const unlike = 'k9Vw2LmQ8sZtB4yXc7Nf';
const reasons = Array.from({ length: 20 }, (_, count) => (count === 3 ? unlike : `reason ${count}`));

const override = (address: string) => `/overrides/app.demo.local/${address}`;

before(async () => {
  made = await makeFolder({ addresses: ['127.0.9.1'], port: await freePort('127.0.9.1') });
  [data, kept.killed, kept.restarted] = [join(made.folder, 'data'), join(made.folder, 'killed'), join(made.folder, 'restarted')];
  log = join(data, 'log');
  const node = await startOverwatchProcess(made.configFile);
  for (let count = 0; count < reasons.length; count++) {
    const set = await api(`${node.apiUrl}${override('127.0.9.1')}`, 'PUT', { action: 'up', reason: reasons[count] });
    assert.equal(set.status, 200);
  }
  await node.end('SIGKILL');
  await cp(data, kept.killed, { recursive: true });
  await (await startOverwatchProcess(made.configFile)).end('SIGKILL');
  await cp(data, kept.restarted, { recursive: true });
});
after(() => made.remove());

async function put(folder: string): Promise<void> {
  await rm(data, { recursive: true, force: true });
  await cp(folder, data, { recursive: true });
}

/** The one file whose name ends so and that holds something. */
async function fileOf(ending: RegExp): Promise<string> {
  const names = (await readdir(log)).filter((name) => ending.test(name));
  for (const name of names) if ((await readFile(join(log, name))).length > 0) return join(log, name);
  return assert.fail(`no file ${ending} in ${log}`);
}

/** Changes one byte of a reason that somebody gave. */
async function flipInReason(file: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.indexOf(unlike);
  assert(at > 0, `${file} does not hold the reason`);
  bytes[at] = (bytes[at] as number) ^ 1;
  await writeFile(file, bytes);
}

async function setFormat(format: string): Promise<void> {
  const database = new ClassicLevel<Buffer, Buffer>(log, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await database.put(Buffer.concat([Buffer.of(0xff), Buffer.from('format')]), Buffer.from(format));
  await database.close();
}

interface Row {
  readonly damage: string;
  readonly on: keyof typeof kept;
  readonly damaging: () => Promise<unknown>;
  readonly sentence: RegExp;
  readonly remedy: RegExp;
}

const rows: readonly Row[] = [
  {
    damage: "a flipped byte in LevelDB's own log",
    on: 'killed',
    damaging: async () => flipInReason(await fileOf(/\.log$/)),
    sentence: /The log is broken at byte \d+ of .*\d+\.log: what is written there was whole once, and is damaged/,
    remedy: /restore its directory from a copy/,
  },
  {
    damage: "LevelDB's own log cut off in the middle",
    on: 'killed',
    damaging: async () => {
      const file = await fileOf(/\.log$/);
      await truncate(file, (await readFile(file)).length >> 1);
    },
    sentence: /The log was synced up to position \d+, but ends at position \d+/,
    remedy: /Restore the directory from a copy/,
  },
  {
    damage: "LevelDB's own log emptied",
    on: 'killed',
    damaging: async () => truncate(await fileOf(/\.log$/), 0),
    sentence: /The log was synced up to position \d+, but ends at position 0/,
    remedy: /Restore the directory from a copy/,
  },
  {
    damage: 'a flipped byte in a table',
    on: 'restarted',
    damaging: async () => flipInReason(await fileOf(/\.ldb$/)),
    sentence: /The log is broken at position \d+: its bytes do not have the hash that the next batch names/,
    remedy: /restore its directory from a copy/,
  },
  {
    damage: 'a table cut off in the middle',
    on: 'restarted',
    damaging: async () => {
      const file = await fileOf(/\.ldb$/);
      await truncate(file, (await readFile(file)).length >> 1);
    },
    sentence: /The log in .*log cannot be used: .*\.ldb/,
    remedy: /sound disk/,
  },
  {
    damage: 'a table that is gone',
    on: 'restarted',
    damaging: async () => rm(await fileOf(/\.ldb$/)),
    sentence: /The log is broken at directory .*log: .*missing files/,
    remedy: /restore its directory from a copy/,
  },
  {
    damage: 'a list of files that is cut off',
    on: 'restarted',
    damaging: async () => truncate(await fileOf(/^MANIFEST-/), 20),
    sentence: /The log is broken at directory .*log/,
    remedy: /restore its directory from a copy/,
  },
  {
    damage: 'a log of a newer format',
    on: 'killed',
    damaging: () => setFormat('99'),
    sentence: /The log holds format 99 at directory .*log, which this program does not know/,
    remedy: /Install the newer version of opengslb/,
  },
  {
    damage: 'a log of a format that never was',
    on: 'killed',
    damaging: () => setFormat('0'),
    sentence: /The log is broken at directory .*log: there was never a format 0/,
    remedy: /restore its directory from a copy/,
  },
];

/** Starts the program, which is expected to end by itself; one that serves is ended, and fails the test. */
async function started(): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const child = spawn(process.execPath, [program, 'overwatch', '--config', made.configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (text.includes('"serving"')) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return { code: child.exitCode, stderr };
}

function refused({ code, stderr }: Awaited<ReturnType<typeof started>>, sentence: RegExp, remedy: RegExp): void {
  assert.equal(code, 1, `it was not refused: ${stderr}`);
  assert.match(stderr, sentence);
  assert.match(stderr, new RegExp(`what to do: .*${remedy.source}`));
  assert.doesNotMatch(stderr, /\n\s+at /, 'a stack is not for people');
}

/** What LevelDB writes whenever it looks: its notes, its lock. */
const isOfNoMatter = (name: string) => name === 'LOCK' || name.startsWith('LOG');

async function contents(): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(log)).filter((name) => !isOfNoMatter(name)).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, (await readFile(join(log, name))).toString('hex')] as const)));
}

describe('a start is refused with a sentence where there is', () => {
  for (const { damage, on, damaging, sentence, remedy } of rows) {
    test(damage, { timeout: 60_000 }, async () => {
      await put(kept[on]);
      await damaging();
      refused(await started(), sentence, remedy);
      refused(await started(), sentence, remedy);
    });
  }

  test('damage, and what is left of the log is not touched', { timeout: 60_000 }, async () => {
    await put(kept.killed);
    await flipInReason(await fileOf(/\.log$/));
    const before = await contents();
    await started();
    assert.deepEqual(await contents(), before);
  });

  test('the log of another node', { timeout: 60_000 }, async () => {
    await put(kept.killed);
    const text = await readFile(made.configFile, 'utf8');
    await writeFile(made.configFile, text.replace('node_id: overwatch-1', 'node_id: overwatch-2'));
    refused(await started(), /The log in .*log belongs to node overwatch-1, not to overwatch-2/, /Give this node the name overwatch-1/);
    await writeFile(made.configFile, text);
  });

  const skip = canMount() ? false : 'only root can mount a tmpfs';
  test('no room on its disk, or no right to write, until there is', { timeout: 60_000, skip }, async () => {
    await rm(data, { recursive: true, force: true });
    await mkdir(data);
    const disk = smallDisk(data, 8);
    try {
      await cp(kept.killed, data, { recursive: true });
      await disk.fill();
      refused(await started(), /The log in .*log cannot be used: .*No space left on device/, /sound disk with room on it/);
      await disk.makeReadOnly();
      refused(await started(), /The log in .*log cannot be used: .*Read-only file system/, /sound disk with room on it/);
      disk.makeWritable();
      await disk.empty();
      const node = await startOverwatchProcess(made.configFile);
      const { body } = await api<{ reason: string }>(`${node.apiUrl}${override('127.0.9.1')}`);
      await node.end('SIGKILL');
      assert.equal(body.reason, 'reason 19', 'what was acknowledged is there when the disk is');
    } finally {
      disk.close();
    }
  });
});

test('a last record that was never finished is no damage: the start goes on before it', { timeout: 60_000 }, async () => {
  await put(kept.killed);
  await appendFile(await fileOf(/\.log$/), Buffer.from([1, 2, 3, 4, 200, 0, 1, 5, 5]));
  const node = await startOverwatchProcess(made.configFile);
  const { body } = await api<{ overrides: { reason: string }[] }>(`${node.apiUrl}/overrides`);
  await node.end('SIGKILL');
  assert.deepEqual(
    body.overrides.map(({ reason }) => reason),
    ['reason 19'],
  );
});
