/** What is particular to the log on disk, on a real one: what it refuses to open, and what it keeps when it is killed. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ClassicLevel } from 'classic-level';
import { linkOf } from '../../../src/events/chain.ts';
import { createCodec } from '../../../src/events/codec.ts';
import type { Fact } from '../../../src/events/event.ts';
import { type LevelLogOptions, openLevelLog } from '../../../src/events/level-log.ts';
import { type Batch, type EventLog, type LogErrorCode, noHash } from '../../../src/events/log.ts';
import { initialState } from '../../../src/projections/state.ts';
import { madeUpFact, newerCatalogue, olderCatalogue } from '../../catalogues.ts';
import { restated } from '../../given.ts';

const appender = fileURLToPath(new URL('appender.ts', import.meta.url));
const facts = (count: number, reason = 'x'): Fact[] => Array.from({ length: count }, () => ({ type: 'node.stopped', data: { reason } }));
const sync = { sync: true };

let folder: string;
let directory: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-level-'));
  directory = join(folder, 'log');
});
afterEach(() => rm(folder, { recursive: true }));

const open = (options: Partial<LevelLogOptions> = {}) => openLevelLog({ directory, node: 'ow-1', ...options });

async function all(log: EventLog): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of log.read()) batches.push(batch);
  return batches;
}

/** Three batches at the positions 1-2, 3-4 and 5-6, written and closed. */
async function writeLog(): Promise<void> {
  const log = await open();
  for (let index = 0; index < 3; index++) await log.append(facts(2), index, sync);
  await log.close();
}

type Raw = ClassicLevel<Buffer, Buffer>;

/** Reaches into the directory past the log. */
async function tamper(change: (database: Raw) => Promise<void>): Promise<void> {
  const database: Raw = new ClassicLevel(directory, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
  await database.open();
  await change(database);
  await database.close();
}

const batchKey = (position: number) => Buffer.of(0, 0, 0, 0, 0, 0, 0, position);
const metaKey = (name: string) => Buffer.concat([Buffer.of(0xff), Buffer.from(name)]);

function refused(code: LogErrorCode, message: RegExp) {
  return (error: unknown) => {
    assert(error instanceof Error && 'remedy' in error && 'code' in error, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert(String(error.remedy).length > 0);
    return true;
  };
}

describe('opened again', () => {
  test('the log is as it was, and goes on', async () => {
    const log = await open();
    const written = [await log.append(facts(2), 5, sync), await log.append(facts(1), 6, { sync: false })];
    await log.close();
    const again = await open();
    assert.deepEqual(again.end, { position: 3, at: 6, hash: Buffer.from((written[1] as Batch).hash) });
    assert.deepEqual(again.synced, again.end);
    await assert.rejects(again.append(facts(1), 5, sync), /I2/);
    written.push(await again.append(facts(1), 6, sync));
    assert.deepEqual(await all(again), written);
    await again.close();
  });

  test('it keeps its own name, unless another one was given by a person', async () => {
    await writeLog();
    const log = await open({ node: 'renamed-host' });
    assert.equal(log.node, 'ow-1');
    assert.equal((await all(log))[0]?.events[0]?.node, 'ow-1');
    await log.close();
    await assert.rejects(open({ node: 'ow-2', nodeIsExplicit: true }), refused('log-of-another-node', /belongs to node ow-1, not to ow-2/));
    await (await open({ nodeIsExplicit: true })).close();
  });

  test('what was written and not synced when the process ended is synced', async () => {
    await writeLog();
    let whole: Buffer | undefined;
    await tamper(async (database) => {
      whole = await database.get(metaKey('synced'));
      const { last, hash } = linkOf({ first: 3, bytes: (await database.get(batchKey(3))) as Buffer });
      await database.put(metaKey('synced'), Buffer.concat([batchKey(last), hash]));
    });
    await (await open()).close();
    await tamper(async (database) => assert.deepEqual(await database.get(metaKey('synced')), whole));
  });

  test('a whole log of many batches reads back, in several chunks', async () => {
    const log = await open();
    const reason = 'r'.repeat(1000);
    for (let index = 0; index < 30; index++) await log.append(facts(100, reason), index, { sync: false });
    await log.sync();
    const batches = await all(log);
    assert.deepEqual(
      batches.map((batch) => batch.first),
      Array.from({ length: 30 }, (_, index) => index * 100 + 1),
    );
    await log.close();
  });
});

describe('a directory that cannot be opened', () => {
  test('holds no log, and stays untouched', async () => {
    await assert.rejects(open({ createIfMissing: false }), refused('log-closed', /There is no log in/));
    assert.equal(existsSync(directory), false);
  });

  test('is a file', async () => {
    await writeFile(directory, '');
    await assert.rejects(open(), refused('log-unavailable', /cannot be used/));
  });

  test('has a log and no name is asked for: no matter', async () => {
    await writeLog();
    const log = await openLevelLog({ directory, createIfMissing: false });
    assert.equal(log.node, 'ow-1');
    await log.close();
    await assert.rejects(openLevelLog({ directory: join(folder, 'new') }), refused('log-closed', /no log/));
  });

  test('is in use by this process', async () => {
    const log = await open();
    await assert.rejects(open(), refused('log-in-use', /Another opengslb process has the log in .*log\./));
    await log.close();
  });
});

/** How many batches lie in the directory before a position, whoever still shows them. */
async function left(before: number): Promise<number> {
  let count = 0;
  await tamper(async (database) => {
    const end = Buffer.alloc(8);
    end.writeBigUInt64BE(BigInt(before));
    count = (await database.keys({ lt: end }).all()).length;
  });
  return count;
}

describe('a log whose beginning was dropped', () => {
  const checkpoint = restated(initialState());

  test('begins there when it is opened again, and the chain leads on from there', async () => {
    await writeLog();
    let log = await open();
    await log.append([checkpoint], 10, sync);
    await log.dropBefore(7);
    const { end } = log;
    await log.close();
    assert.equal(await left(7), 0);
    log = await open();
    assert.deepEqual([log.oldest, log.end], [{ position: 7, at: 10 }, end]);
    await log.append(facts(1), 11, sync);
    assert.deepEqual(
      (await all(log)).map(({ first }) => first),
      [7, 8],
    );
    await assert.rejects(log.read({ from: 6 })[Symbol.asyncIterator]().next(), { code: 'log-dropped' });
    await log.close();
  });

  test('gives the bytes back, whatever is appended meanwhile', async () => {
    const log = await open({ writeBufferBytes: 64 * 1024 });
    const reason = () => randomBytes(1_000).toString('hex');
    for (let index = 0; index < 1_000; index++) await log.append(facts(1, reason()), 1, { sync: false });
    await log.append([checkpoint], 2, sync);
    const full = await bytesIn(directory);
    assert.ok(full > 2_000_000 * 0.5 && Math.abs((await log.size()) - full) < full / 4, `${await log.size()} of ${full}`);
    const dropping = log.dropBefore(1_001);
    for (let index = 0; index < 50; index++) await log.append(facts(1), 2, { sync: index % 2 === 0 });
    await dropping;
    assert.equal(log.end.position, 1_051);
    assert.ok((await bytesIn(directory)) < full / 4, `${await bytesIn(directory)} of ${full}`);
    await log.close();
    const again = await open();
    assert.equal(again.end.position, 1_051);
    await again.close();
  });

  test('by a process that was killed before it had removed everything: the next one begins there, and removes the rest', async () => {
    let log = await open();
    for (let index = 0; index < 10_000; index++) await log.append(facts(1), 1, { sync: false });
    await log.append([checkpoint], 2, sync);
    await log.close();
    const { stdout, signal } = spawnSync(process.execPath, ['--import', 'tsx', appender, directory, 'drop'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.deepEqual([stdout, signal], ['open\n', 'SIGKILL']);
    assert.ok((await left(10_001)) > 0, 'it was killed in the middle of it');
    log = await open();
    assert.deepEqual(log.oldest, { position: 10_001, at: 2 });
    assert.equal((await all(log)).length, 1);
    await log.dropBefore(10_001);
    await log.close();
    assert.equal(await left(10_001), 0);
    log = await open();
    assert.equal(log.oldest.position, 10_001);
    await log.close();
  });
});

/** LevelDB removes files by itself, at any time: one that has gone since they were listed has no bytes. */
async function bytesIn(path: string): Promise<number> {
  const sizeOf = async (name: string) => (await stat(join(path, name)).catch(() => undefined))?.size ?? 0;
  const sizes = await Promise.all((await readdir(path)).map(sizeOf));
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('a log that was tampered with is refused', () => {
  const put = (key: Buffer, value: Buffer | string) => tamper((database) => database.put(key, Buffer.from(value)));
  const rows: readonly [what: string, change: () => Promise<void>, code: LogErrorCode, message: RegExp][] = [
    ['a newer format', () => put(metaKey('format'), '2'), 'log-too-new', /format 2/],
    ['a format that never was', () => put(metaKey('format'), 'x'), 'log-broken', /never a format x/],
    ['no format', () => tamper((database) => database.del(metaKey('format'))), 'log-broken', /does not say whose log/],
    ['no name', () => tamper((database) => database.del(metaKey('node'))), 'log-broken', /does not say whose log/],
    ['a note of another size', () => put(metaKey('synced'), 'x'), 'log-broken', /the note "synced": it is not a position and a hash/],
    [
      'the last batch gone',
      () => tamper((database) => database.del(batchKey(5))),
      'log-tail-lost',
      /up to position 6, but ends at position 4/,
    ],
    [
      'all batches gone',
      () => tamper((database) => database.clear({ lt: Buffer.of(0xff) })),
      'log-tail-lost',
      /up to position 6, but ends at position 0/,
    ],
    ['the last batch changed', () => flip(5), 'log-broken', /position 6: the batch there is not the one that was noted/],
    ['a record of another key', () => put(Buffer.from('stray'), 'x'), 'log-broken', /no batch has such a key/],
  ];
  for (const [what, change, code, message] of rows) {
    test(what, async () => {
      await writeLog();
      await change();
      await assert.rejects(open(), refused(code, message));
      // Refused is also let go of: whoever repairs it can open it.
      await tamper(async () => {});
    });
  }

  /** Changes the last byte but one of a batch: a letter of a reason, so that it decodes as well as before. */
  async function flip(position: number): Promise<void> {
    await tamper(async (database) => {
      const bytes = (await database.get(batchKey(position))) as Buffer;
      bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
      await database.put(batchKey(position), bytes);
    });
  }

  test('a batch in the middle changed: when it is read, before it is shown', async () => {
    await writeLog();
    await flip(3);
    const log = await open();
    const seen: number[] = [];
    await assert.rejects(
      async () => {
        for await (const batch of log.read()) seen.push(batch.first);
      },
      refused('log-broken', /positions 3 to 4/),
    );
    assert.deepEqual(seen, [1]);
    await log.close();
  });

  const without = (position: number) => tamper((database) => database.del(batchKey(position)));
  const begins = (position: number, hash: Uint8Array) => put(metaKey('begins'), Buffer.concat([batchKey(position), hash]));
  const beginnings: readonly (readonly [what: string, change: () => Promise<void>, message: RegExp])[] = [
    ['the first batch gone', () => without(1), /position 1: the log begins there, .* lost: what is left begins at position 3/],
    [
      'a beginning that is no checkpoint',
      async () => begins(3, await hashAt(1)),
      /position 3: a log begins with position 1 or with a checkpoint/,
    ],
    ['a beginning behind another batch', () => begins(3, noHash), /position 3: the log begins there, and its first batch is lost/],
    ['a beginning in the middle of a batch', async () => begins(4, await hashAt(1)), /position 4: .* begins at position 5/],
    ['a beginning behind the end', () => begins(9, noHash), /position 9: .* nothing is left/],
  ];
  for (const [what, change, message] of beginnings) {
    test(what, async () => {
      await writeLog();
      await change();
      await assert.rejects(open(), refused('log-broken', message));
    });
  }

  async function hashAt(position: number): Promise<Uint8Array> {
    let hash: Uint8Array = noHash;
    await tamper(async (database) => {
      hash = linkOf({ first: position, bytes: (await database.get(batchKey(position))) as Buffer }).hash;
    });
    return hash;
  }

  test('an unsynced batch that does not follow', async () => {
    await writeLog();
    await tamper(async (database) => {
      const bytes = (await database.get(batchKey(3))) as Buffer;
      await database.put(batchKey(7), bytes);
    });
    await assert.rejects(open(), refused('log-broken', /positions 5 to 6/));
  });

  test('time that goes back', async () => {
    const codec = createCodec(olderCatalogue);
    const log = await open({ codec: { ...codec, encodeBatch: (batch) => codec.encodeBatch({ ...batch, at: 9 - batch.at }) } });
    for (const at of [1, 2]) await log.append([madeUpFact('lamp.switched', { lamp: 'hall', on: true })], at, sync);
    await assert.rejects(all(log), refused('log-broken', /position 2: its time 7 is before 8/));
    await log.close();
  });
});

describe('an unknown event', () => {
  test('at the end stops the start; with the newer program it does not', async () => {
    const newer = await open({ codec: createCodec(newerCatalogue) });
    await newer.append([madeUpFact('lamp.broken', { lamp: 'hall' })], 1, sync);
    await newer.close();
    await assert.rejects(open({ codec: createCodec(olderCatalogue) }), refused('log-too-new', /type number 901 at position 1/));
    await (await open({ codec: createCodec(newerCatalogue) })).close();
  });
});

test('what an older program wrote is read as of today, and its bytes stay as they are', async () => {
  const older = await open({ codec: createCodec(olderCatalogue) });
  const written = [];
  for (const on of [true, false]) written.push(await older.append([madeUpFact('lamp.switched', { lamp: 'hall', on })], 1, sync));
  await older.close();

  const codec = createCodec(newerCatalogue);
  const newer = await open({ codec });
  written.push(await newer.append([madeUpFact('lamp.switched', { room: 'hall', lamp: 'left', percent: 30 })], 2, sync));
  assert.deepEqual(
    (await all(newer)).map((batch) => [batch.hash, batch.events[0]?.v, batch.events[0]?.data as unknown]),
    [
      [written[0]?.hash, 3, { room: null, lamp: 'hall', percent: 100 }],
      [written[1]?.hash, 3, { room: null, lamp: 'hall', percent: 0 }],
      [written[2]?.hash, 3, { room: 'hall', lamp: 'left', percent: 30 }],
    ],
  );
  for await (const { previousHash, at, events, first, hash } of newer.readStored()) {
    assert.equal(events[0]?.v, first === 3 ? 3 : 1);
    assert.deepEqual(codec.decodeStored(codec.encodeStored({ previousHash, at, events }), first, 'ow-1').hash, hash);
  }
  await newer.close();
});

test('no file of LevelDB is left behind with something in it that was not synced', async () => {
  const log = await open({ writeBufferBytes: 64 * 1024 });
  const newestFile = async () =>
    (await readdir(directory))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1);
  let file = await newestFile();
  let wasSynced = true;
  let changes = 0;
  let unsynced = 0;
  for (let index = 0; index < 400; index++) {
    await log.append(facts(1 + (index % 7), 'r'.repeat(500)), index, { sync: false });
    const now = await newestFile();
    if (now !== file) {
      assert(wasSynced, `${file} was left with unsynced batches`);
      changes += 1;
      file = now;
    }
    wasSynced = log.synced.position === log.end.position;
    if (!wasSynced) unsynced += 1;
  }
  assert(changes > 3 && unsynced > 100, `${changes} files, ${unsynced} unsynced batches: nothing was proved`);
  await log.close();
});

const noStrace = spawnSync('strace', ['true']).status === 0 ? false : 'strace is not here, or may not trace';

test('the kernel is asked to sync as often as something must survive, and no more', { skip: noStrace }, async () => {
  const trace = join(folder, 'trace');
  const traced = [
    '-f',
    '-o',
    trace,
    '-e',
    'trace=fdatasync,fsync,write',
    process.execPath,
    '--import',
    'tsx',
    appender,
    directory,
    'count',
  ];
  const child = spawn('strace', traced, { stdio: 'ignore' });
  assert.deepEqual(await once(child, 'close'), [0, null]);
  const calls = (await readFile(trace, 'utf8')).split('\n');
  const between = calls.slice(
    calls.findIndex((call) => call.includes('"open\\n"')),
    calls.findIndex((call) => call.includes('"done\\n"')),
  );
  assert.equal(between.filter((call) => /f(data)?sync\(/.test(call)).length, 3);
});

describe('another process', () => {
  let child: ChildProcessByStdio<null, Readable, null>;
  const acknowledged: string[] = [];

  /** Starts it; files that it writes may have at most `fileKiB` KiB, as on a disk that is full. */
  function start(mode: string, fileKiB: number | 'unlimited' = 'unlimited'): Promise<unknown> {
    const limited = ['-c', `ulimit -f ${fileKiB}; exec "$@"`, 'bash', process.execPath, '--import', 'tsx', appender, directory, mode];
    child = spawn('bash', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
    acknowledged.length = 0;
    const lines = createInterface(child.stdout);
    lines.on('line', (line) => acknowledged.push(line));
    return once(lines, 'line');
  }

  async function kill(): Promise<void> {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  test('that has the log keeps it', async () => {
    await start('hold');
    try {
      await assert.rejects(open(), refused('log-in-use', /Another opengslb process/));
    } finally {
      await kill();
    }
    await (await open()).close();
  });

  test('that is killed loses nothing that it acknowledged', async () => {
    for (let round = 1; round <= 2; round++) {
      await start('append');
      while (acknowledged.length < 50 * round && child.exitCode === null) await once(child.stdout, 'data');
      await kill();
      const last = Number(acknowledged.at(-1));
      assert(last > 0);
      const log = await open();
      assert(log.synced.position >= last, `acknowledged up to ${last}, found ${log.synced.position}`);
      const batches = await all(log);
      assert.deepEqual(
        batches.map((batch) => batch.first),
        Array.from({ length: log.end.position }, (_, index) => index + 1),
      );
      await log.close();
    }
  });

  test('whose disk is full says so, appends nothing more, and has lost nothing that it acknowledged', async () => {
    await start('append', 64);
    const [status] = await once(child, 'close');
    assert.equal(status, 0);
    const [last, ...refusals] = acknowledged.slice(-4);
    assert.deepEqual(refusals, ['log-unavailable', 'log-unavailable', 'log-unavailable']);
    const log = await open();
    assert(log.synced.position >= Number(last) && Number(last) > 100, `acknowledged up to ${last}, found ${log.synced.position}`);
    assert.equal((await all(log)).at(-1)?.last, log.end.position);
    await log.append(facts(1), log.end.at, sync);
    await log.close();
  });
});
