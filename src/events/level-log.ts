/**
 * The log on disk: one LevelDB record a batch, its key the position of its first event (8 bytes, big-endian). Up to four
 * more records say what the log is: `format`, `node`, `begins`, where it begins once something was dropped, and
 * `synced`, the end that was last brought to stable storage. Their keys begin with 0xff, which no position does, so they
 * stand behind all batches. A directory that does not fit what it says of itself is refused when it is opened; nothing
 * is repaired here. Beside LevelDB's files lies a witness of how far it was synced (`level-witness.ts`).
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { batchFormat, type ChainStart, type Link, linkOf, type StoredRecord, sameHash, vouched, wholeChain } from './chain.ts';
import { type BatchStore, type Beginning, openChainedLog } from './chained-log.ts';
import { type Codec, codec as ownCodec } from './codec.ts';
import { damagedAt } from './level-records.ts';
import { createWitness, witnessed } from './level-witness.ts';
import { type EventLog, type LogEnd, LogError, noHash } from './log.ts';
import { broken, reasonOf, tooNew } from './log-errors.ts';

type Database = ClassicLevel<Buffer, Uint8Array>;

export interface LevelLogOptions {
  readonly directory: string;
  /** Whose log this is; needed to make one. A log that exists keeps its own name, unless a person gave this one. */
  readonly node?: string;
  /** Whether a person gave the name, so that another one in the log is an error. Default false. */
  readonly nodeIsExplicit?: boolean;
  /** Default true. */
  readonly createIfMissing?: boolean;
  /** Default: the program's own. */
  readonly codec?: Codec;
  /** How much LevelDB gathers in memory, and in one file of its own log, before it writes a table. Default 4 MiB. */
  readonly writeBufferBytes?: number;
}

/** Opens the log, or makes it. The errors are those of `LogErrorCode`. */
export async function openLevelLog(options: LevelLogOptions): Promise<EventLog> {
  const { directory, codec = ownCodec, writeBufferBytes = 4 * 1024 * 1024 } = options;
  const database = await openDatabase(directory, options.createIfMissing ?? true, writeBufferBytes);
  try {
    const node = await readIdentity(database, options);
    const store = levelStore(database, () => openDatabase(directory, false, writeBufferBytes), writeBufferBytes);
    const end = await findEnd(database, store, codec, node);
    const start = await findStart(database, codec, node);
    return openChainedLog({ store, node, codec, end, start });
  } catch (error) {
    await database.close();
    throw errorFor(directory, error);
  }
}

/** Writes batches that were a log before, as they were. */
export interface LevelLogWriter {
  /** One after another; `end` is where the log ends with this one. Whoever calls this vouches for the chain. */
  write(record: StoredRecord, end: LogEnd): Promise<void>;
  /** Syncs what was written. */
  close(): Promise<void>;
}

/** Makes a log in a directory that holds none; it will begin with the batch at `start`. */
export async function writeLevelLog(directory: string, node: string, start: ChainStart = wholeChain): Promise<LevelLogWriter> {
  if (existsSync(join(directory, 'CURRENT'))) {
    const remedy = 'Name a directory that does not exist yet, or an empty one.';
    throw new LogError('log-in-use', `There is a log in ${directory} already.`, remedy);
  }
  const writeBufferBytes = 4 * 1024 * 1024;
  const database = await openDatabase(directory, true, writeBufferBytes);
  await readIdentity(database, { directory, node });
  const store = levelStore(database, () => Promise.resolve(database), writeBufferBytes);
  if (start.position > 1) await store.noteStart(start);
  let last: LogEnd | undefined;
  return {
    async write(record, end) {
      await store.write(record, end, false);
      last = end;
    },
    async close() {
      if (last !== undefined) await store.sync(last);
      await store.close();
    },
  };
}

async function openDatabase(directory: string, createIfMissing: boolean, writeBufferSize: number): Promise<Database> {
  // LevelDB would leave files of its own in a directory that it only looked at.
  if (!createIfMissing && !existsSync(join(directory, 'CURRENT'))) throw noLog(directory);
  await checkRecords(directory);
  const database: Database = new ClassicLevel(directory, {
    keyEncoding: 'buffer',
    valueEncoding: 'view',
    createIfMissing,
    writeBufferSize,
  });
  try {
    await database.open();
    return database;
  } catch (error) {
    throw errorFor(directory, error);
  }
}

/** What LevelDB would drop without a word. A directory that cannot be looked at is for LevelDB to complain of. */
async function checkRecords(directory: string): Promise<void> {
  const files = (await readdir(directory).catch(() => [])).filter((name) => /^\d+\.log$/.test(name)).sort();
  for (const name of files) {
    const at = damagedAt(await readFile(join(directory, name)).catch(() => Buffer.alloc(0)), syncedKey);
    if (at !== undefined) throw broken(`byte ${at} of ${join(directory, name)}`, 'what is written there was whole once, and is damaged');
  }
}

const textKey = (name: string) => Buffer.concat([Buffer.of(0xff), Buffer.from(name)]);
const formatKey = textKey('format');
const nodeKey = textKey('node');
const beginsKey = textKey('begins');
const syncedKey = textKey('synced');
/** Every batch's key is before it. */
const batchesEnd = Buffer.of(0xff);

function keyOf(position: number): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64BE(BigInt(position));
  return key;
}

function recordOf([key, bytes]: readonly [Buffer, Uint8Array]): StoredRecord {
  const first = key.length === 8 ? Number(key.readBigUInt64BE()) : 0;
  if (first < 1 || !Number.isSafeInteger(first)) throw broken(`key ${key.toString('hex')}`, 'no batch has such a key');
  return { first, bytes };
}

/** Whose log it is. A new directory becomes the log of `node`. */
async function readIdentity(database: Database, { directory, node, nodeIsExplicit = false }: LevelLogOptions): Promise<string> {
  const [format, owner] = (await database.getMany([formatKey, nodeKey])).map((value) => value && Buffer.from(value).toString());
  if (format === undefined || owner === undefined) {
    const isEmpty = (await database.keys({ limit: 1 }).all()).length === 0;
    if (!isEmpty) throw broken(`directory ${directory}`, 'it holds records, but does not say whose log they are');
    if (node === undefined) throw noLog(directory);
    await database
      .batch()
      .put(formatKey, Buffer.from(String(batchFormat)))
      .put(nodeKey, Buffer.from(node))
      .write({ sync: true });
    return node;
  }
  if (Number(format) > batchFormat) throw tooNew(`directory ${directory}`, `format ${format}`);
  if (Number(format) !== batchFormat) throw broken(`directory ${directory}`, `there was never a format ${format}`);
  if (nodeIsExplicit && node !== undefined && owner !== node) throw anotherNodes(directory, owner, node);
  return owner;
}

/** Where the log ends, once what was noted as synced is known to be there, and what follows it to be sound. */
async function findEnd(database: Database, store: BatchStore, codec: Codec, node: string): Promise<LogEnd> {
  const noted = await readSynced(database);
  const syncedUpTo = Math.max(noted.position, await witnessed(database.location));
  const [final] = await database.iterator({ lt: batchesEnd, reverse: true, limit: 1 }).all();
  if (final === undefined) {
    if (syncedUpTo > 0) throw tailLost(syncedUpTo, 0);
    return { position: 0, at: 0, hash: noHash };
  }
  const last = linkOf(recordOf(final));
  if (syncedUpTo > last.last) throw tailLost(syncedUpTo, last.last);
  await checkTail(store, noted, last);
  const { at } = codec.decodeBatch(last.bytes, last.first, node, last.hash);
  const end = { position: last.last, at, hash: last.hash };
  // What a process left behind unsynced when it was killed may still be in the kernel alone.
  if (noted.position < end.position) await store.sync(end);
  return end;
}

/** The batch that was noted as synced is there, with its hash, and the chain leads from it to the last. */
async function checkTail(store: BatchStore, noted: Noted, last: Link): Promise<void> {
  const from = Math.max(noted.position, 1);
  let isFirst = noted.position > 0;
  for await (const links of vouched(store.read(from), from, { position: last.last, hash: last.hash })) {
    const link = links[0];
    if (!isFirst || link === undefined) continue;
    isFirst = false;
    if (link.last !== noted.position || !sameHash(link.hash, noted.hash)) {
      throw broken(`position ${noted.position}`, 'the batch there is not the one that was noted when it was synced');
    }
  }
}

/** The batch that ends at `synced` is there, and nobody but this log has synced anything behind it. */
async function checkSynced(database: Database, synced: LogEnd, isOurs: (hash: Uint8Array) => boolean): Promise<void> {
  const noted = await readSynced(database);
  if (noted.position < synced.position) throw tailLost(synced.position, noted.position);
  if (!sameHash(noted.hash, synced.hash) && !isOurs(noted.hash)) {
    throw broken(`position ${noted.position}`, 'another process has appended to it while this one waited for the disk');
  }
  if (synced.position === 0) return;
  const [entry] = await database.iterator({ lte: keyOf(synced.position), reverse: true, limit: 1 }).all();
  const link = entry && linkOf(recordOf(entry));
  if (link === undefined || link.last < synced.position) throw tailLost(synced.position, link?.last ?? 0);
  if (!sameHash(link.hash, synced.hash)) {
    throw broken(`position ${synced.position}`, 'the batch there is not the one that was noted when it was synced');
  }
}

/** Where the log begins, once the batch that was noted is known to be there, and to be one that a log may begin with. */
async function findStart(database: Database, codec: Codec, node: string): Promise<Beginning> {
  const { position, hash: previousHash } = await readNote(database, beginsKey, { position: 1, hash: noHash });
  const [entry] = await database.iterator({ gte: keyOf(position), lt: batchesEnd, limit: 1 }).all();
  if (entry === undefined && position === 1) return { position, at: 0, previousHash };
  const link = entry && linkOf(recordOf(entry));
  if (link?.first !== position || !sameHash(link.previousHash, previousHash)) {
    const found = link === undefined ? 'nothing is left' : `what is left begins at position ${link.first}`;
    throw broken(`position ${position}`, `the log begins there, and its first batch is lost: ${found}`);
  }
  const { at, events } = codec.decodeBatch(link.bytes, link.first, node, link.hash);
  if (position > 1 && events[0]?.type !== 'log.checkpoint') {
    throw broken(`position ${position}`, 'a log begins with position 1 or with a checkpoint, and this one with neither');
  }
  return { position, at, previousHash };
}

type Noted = Pick<LogEnd, 'position' | 'hash'>;

function readSynced(database: Database): Promise<Noted> {
  return readNote(database, syncedKey, { position: 0, hash: noHash });
}

/**
 * `synced`: a position (8 bytes, big-endian), and the hash of the batch that ends there. `begins`: the position of the
 * first batch, and the hash of the one that was before it.
 */
async function readNote(database: Database, key: Buffer, none: Noted): Promise<Noted> {
  const value = await database.get(key);
  if (value === undefined) return none;
  if (value.length !== 8 + noHash.length) throw broken(`the note "${key.subarray(1)}"`, 'it is not a position and a hash');
  return { position: Number(Buffer.from(value).readBigUInt64BE()), hash: value.subarray(8) };
}

function note({ position, hash }: Noted): Buffer {
  return Buffer.concat([keyOf(position), hash]);
}

/** Keys, notes and LevelDB's own bookkeeping of one write, generously. */
const bufferMargin = 16 * 1024;
/** Batches that are removed in one go: some milliseconds of work, for which whoever appends waits. */
const removedAtOnce = 4096;
/** Records and bytes that one read from LevelDB brings at most (a single record may be larger). */
const chunkRecordsMax = 4096;
const chunkBytesMax = 1024 * 1024;

function levelStore(opened: Database, openAgain: () => Promise<Database>, writeBufferBytes: number): BatchStore {
  let database = opened;
  const witness = createWitness(opened.location);

  /**
   * LevelDB syncs the file of its own log that it is writing to, and no other. When its buffer is full it goes on in a
   * new file, and what was not synced in the old one would not be by a sync in the new: power loss could then leave a
   * gap *before* what was acknowledged. So the batch that may fill the buffer is synced; a file is only ever left whole.
   */
  function mayFillBuffer(record: StoredRecord): boolean {
    return Number(database.getProperty('leveldb.approximate-memory-usage')) + record.bytes.length + bufferMargin > writeBufferBytes;
  }

  return {
    async write(record, end, sync) {
      const isSynced = sync || mayFillBuffer(record);
      // The chained form of a batch is several times faster than the array form.
      const batch = database.batch().put(keyOf(record.first), record.bytes);
      if (isSynced) batch.put(syncedKey, note(end));
      await batch.write({ sync: isSynced });
      if (isSynced) witness.say(end.position);
      return isSynced;
    },
    async sync(end) {
      // LevelDB does not sync an empty batch; the note is one that says something.
      await database.batch().put(syncedKey, note(end)).write({ sync: true });
      witness.say(end.position);
    },
    async recover(synced, records, end, isOurs) {
      // After a write that failed LevelDB takes no more, even when there is room again; only another opening helps.
      await witness.close();
      await database.close();
      database = await openAgain();
      await checkSynced(database, synced, isOurs);
      const batch = database.batch();
      for await (const key of database.keys({ gt: keyOf(synced.position), lt: batchesEnd })) batch.del(key);
      for (const { first, bytes } of records) batch.put(keyOf(first), bytes);
      await batch.put(syncedKey, note(end)).write({ sync: true });
      witness.say(end.position);
    },
    async *read(from) {
      try {
        const [start] = await database.keys({ lte: keyOf(from), reverse: true, limit: 1 }).all();
        yield* chunks(database, start ?? keyOf(0));
      } catch (error) {
        throw errorFor(database.location, error);
      }
    },
    async noteStart({ position, previousHash }) {
      await database
        .batch()
        .put(beginsKey, note({ position, hash: previousHash }))
        .write({ sync: true });
    },
    async remove(from, before) {
      const keys = await database.keys({ gte: keyOf(from), lt: keyOf(before), limit: removedAtOnce }).all();
      if (keys.length === 0) return undefined;
      // Not by `clear`: that writes without a sync of ours, and may leave a file of LevelDB's log that is not whole.
      const batch = database.batch();
      for (const key of keys) batch.del(key);
      await batch.write({ sync: true });
      return keys.length < removedAtOnce ? undefined : Number((keys.at(-1) as Buffer).readBigUInt64BE()) + 1;
    },
    async reclaim(from, before) {
      try {
        // It begins with another file of LevelDB's log; that is why whoever writes meanwhile syncs.
        await database.compactRange(keyOf(from), keyOf(before));
      } catch (error) {
        throw errorFor(database.location, error);
      }
    },
    async size(from) {
      const inTables = await database.approximateSize(keyOf(from), batchesEnd);
      return inTables + Number(database.getProperty('leveldb.approximate-memory-usage'));
    },
    async close() {
      await witness.close();
      await database.close();
    },
  };
}

async function* chunks(database: Database, from: Buffer): AsyncGenerator<readonly StoredRecord[]> {
  const iterator = database.iterator({ gte: from, lt: batchesEnd, highWaterMarkBytes: chunkBytesMax });
  try {
    for (;;) {
      const entries = await iterator.nextv(chunkRecordsMax);
      if (entries.length === 0) return;
      yield entries.map(recordOf);
    }
  } finally {
    await iterator.close();
  }
}

/** The error for what LevelDB said, by the code that it, or what caused it, carries. */
function errorFor(directory: string, error: unknown): LogError {
  if (error instanceof LogError) return error;
  const codes = codesOf(error);
  if (codes.includes('LEVEL_LOCKED')) {
    const remedy = 'Stop the other process, ask the running node through its API, or read a copy of the directory.';
    return new LogError('log-in-use', `Another opengslb process has the log in ${directory}.`, remedy, error);
  }
  if (codes.includes('LEVEL_CORRUPTION')) return broken(`directory ${directory}`, reasonOf(error), error);
  const remedy = 'See that the directory is on a sound disk with room on it, and that this user may write there.';
  return new LogError('log-unavailable', `The log in ${directory} cannot be used: ${reasonOf(error)}.`, remedy, error);
}

function codesOf(error: unknown): readonly unknown[] {
  return error instanceof Error ? [(error as { readonly code?: unknown }).code, ...codesOf(error.cause)] : [];
}

function noLog(directory: string): LogError {
  return new LogError('log-closed', `There is no log in ${directory}.`, 'Name the folder that a node keeps its log in.');
}

function anotherNodes(directory: string, owner: string, node: string): LogError {
  const remedy = `Give this node the name ${owner}, or a directory of its own.`;
  return new LogError('log-of-another-node', `The log in ${directory} belongs to node ${owner}, not to ${node}.`, remedy);
}

function tailLost(noted: number, found: number): LogError {
  const remedy =
    'Do not trust the disk that lost them. Restore the directory from a copy, or move it away and start with an empty one; ' +
    '`opengslb log verify` shows what is left.';
  return new LogError('log-tail-lost', `The log was synced up to position ${noted}, but ends at position ${found}.`, remedy);
}
