/** What the log asks of its store, and in which order: seen by a store that writes it down, and that can refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoredRecord } from '../../../src/events/chain.ts';
import { type BatchStore, openChainedLog } from '../../../src/events/chained-log.ts';
import { codec } from '../../../src/events/codec.ts';
import type { Fact } from '../../../src/events/event.ts';
import { noHash } from '../../../src/events/log.ts';
import { initialState } from '../../../src/projections/state.ts';
import { restated } from '../../given.ts';

const facts: readonly Fact[] = [{ type: 'node.stopped', data: { reason: 'x' } }];
const end = { position: 0, at: 0, hash: noHash };

function open(refusing: { write?: boolean; sync?: boolean; early?: boolean; recover?: boolean } = {}, heldBytesMax?: number) {
  const calls: string[] = [];
  /** What was written, and what to do while it is given back. */
  const records = { written: [] as StoredRecord[], giveBack: () => {} };
  const full = new Error('the disk', { cause: new Error('no space left') });
  const later = () => new Promise((resolve) => setImmediate(resolve));
  const store: BatchStore = {
    async write(record, { position }, sync) {
      const { first } = record;
      calls.push(`write ${first}-${position}${sync ? ' sync' : ''}`);
      await later();
      if (refusing.write) throw full;
      records.written.push(record);
      calls.push('written');
      return sync || refusing.early === true;
    },
    async sync({ position }) {
      calls.push(`sync ${position}`);
      await later();
      if (refusing.sync) throw full;
    },
    async recover({ position: from }, records, { position: to }) {
      calls.push(`recover ${from} ${records.map(({ first }) => first)} ${to}`);
      await later();
      if (refusing.recover) throw full;
    },
    async *read(from) {
      yield records.written.filter(({ first }) => first >= from);
    },
    async noteStart({ position }) {
      calls.push(`begins ${position}`);
    },
    async remove(from, before) {
      calls.push(`remove ${from} ${before}`);
      return undefined;
    },
    async reclaim(from, before) {
      calls.push(`reclaim ${from} ${before}`);
      records.giveBack();
    },
    size: async () => 0,
    async close() {
      calls.push('close');
    },
  };
  return {
    calls,
    refusing,
    records,
    log: openChainedLog({ store, node: 'ow-1', codec, end, ...(heldBytesMax !== undefined && { heldBytesMax }) }),
  };
}

test('syncing with nothing to sync does not touch the disk, and many calls are one', async () => {
  const { calls, log } = open();
  await log.sync();
  await log.append(facts, 1, { sync: true });
  await log.sync();
  await log.append(facts, 1, { sync: false });
  await Promise.all([log.sync(), log.sync(), log.sync()]);
  await log.close();
  assert.deepEqual(calls, ['write 1-1 sync', 'written', 'write 2-2', 'written', 'sync 2', 'close']);
});

test('a sync waits for the batch that is being written', async () => {
  const { calls, log } = open();
  await Promise.all([log.append(facts, 1, { sync: false }), log.sync()]);
  assert.deepEqual(calls, ['write 1-1', 'written', 'sync 1']);
});

test('a store that synced for a reason of its own leaves nothing to sync', async () => {
  const { calls, log } = open({ early: true });
  await log.append(facts, 1, { sync: false });
  assert.equal(log.synced.position, 1);
  await log.sync();
  assert.deepEqual(calls, ['write 1-1', 'written']);
});

test('closing syncs what is left, and closes once', async () => {
  const { calls, log } = open();
  const appended = log.append(facts, 1, { sync: false });
  await Promise.all([appended, log.close(), log.close()]);
  assert.deepEqual(calls, ['write 1-1', 'written', 'sync 1', 'close']);
});

test('from the call to close on, nothing more is taken', async () => {
  const { calls, log } = open();
  const closing = log.close();
  await assert.rejects(log.append(facts, 1, { sync: true }), { code: 'log-closed' });
  await assert.rejects(log.sync(), { code: 'log-closed' });
  await closing;
  assert.deepEqual(calls, ['close']);
});

const unavailable = { name: 'LogError', code: 'log-unavailable', message: 'The log cannot be written: no space left.' };

test('a batch that the disk refused was not appended, and there is no other after it', async () => {
  const { calls, refusing, log } = open({ write: true });
  await assert.rejects(log.append(facts, 1, { sync: true }), unavailable);
  assert.deepEqual([log.end, log.synced], [end, end]);
  refusing.write = false;
  await assert.rejects(log.append(facts, 1, { sync: true }), unavailable);
  await assert.rejects(log.sync(), unavailable);
  await log.close();
  assert.deepEqual(calls, ['write 1-1 sync', 'close']);
});

test('a sync that the disk refused synced nothing; closing says so too, and lets go all the same', async () => {
  const { calls, refusing, log } = open({ sync: true });
  await log.append(facts, 1, { sync: false });
  await assert.rejects(log.sync(), unavailable);
  assert.deepEqual([log.end.position, log.synced.position], [1, 0]);
  refusing.sync = false;
  await assert.rejects(log.append(facts, 1, { sync: false }), unavailable);
  await log.close();
  assert.deepEqual(calls, ['write 1-1', 'written', 'sync 1', 'close']);

  const other = open({ sync: true });
  await other.log.append(facts, 1, { sync: false });
  await assert.rejects(other.log.close(), unavailable);
  assert.equal(other.calls.at(-1), 'close');
});

test('what is dropped is noted first, then removed, and given back when nothing is unsynced; what is written meanwhile is synced', async () => {
  const { calls, log, records } = open();
  await log.append(facts, 1, { sync: true });
  await log.append([restated(initialState())], 1, { sync: true });
  await log.append(facts, 1, { sync: false });
  calls.length = 0;
  records.giveBack = () => void log.append(facts, 1, { sync: false });
  await log.dropBefore(2);
  await log.sync();
  assert.deepEqual(calls, ['begins 2', 'remove 1 2', 'sync 3', 'reclaim 1 2', 'write 4-4 sync', 'written']);
});

test('while the disk refuses a batch can be held, with the positions and the hash that it will have', async () => {
  const { calls, refusing, log } = open({ write: true });
  await assert.rejects(log.append(facts, 1, { sync: true }), unavailable);
  const held = [log.hold(facts, 2), log.hold([...facts, ...facts], 3)];
  assert.deepEqual([held[0]?.last, held[1]?.first, held[1]?.last, log.end.position, log.synced.position], [1, 2, 3, 3, 0]);
  await assert.rejects(log.append(facts, 3, { sync: true }), unavailable);
  assert.throws(() => log.hold(facts, 2), /I2/);
  refusing.write = false;
  await log.reopen();
  assert.deepEqual([log.synced, log.heldBytes], [log.end, 0]);
  const { last } = await log.append(facts, 3, { sync: true });
  assert.equal(last, 4);
  assert.deepEqual(calls, ['write 1-1 sync', 'recover 0 1,2 3', 'write 4-4 sync', 'written']);
});

test('what was written and not synced before the disk refused is written again, for nobody knows whether it is there', async () => {
  const { calls, log } = open({ sync: true });
  await log.append(facts, 1, { sync: true });
  await log.append(facts, 1, { sync: false });
  await assert.rejects(log.sync(), unavailable);
  log.hold(facts, 1);
  await log.reopen();
  assert.equal(calls.at(-1), 'recover 1 2,3 3');
});

test('a disk that goes on refusing is tried again, and what is held stays held', async () => {
  const { refusing, log } = open({ write: true, recover: true });
  await assert.rejects(log.append(facts, 1, { sync: true }), unavailable);
  log.hold(facts, 1);
  await assert.rejects(log.reopen(), unavailable);
  assert.equal(log.synced.position, 0);
  log.hold(facts, 1);
  refusing.recover = false;
  await log.reopen();
  assert.equal(log.synced.position, 2);
});

test('nothing is held by a log that writes, nor more than there is room for', async () => {
  const { log } = open({ write: true });
  assert.throws(() => log.hold(facts, 1), /only what the disk refuses/);
  await assert.rejects(log.append(facts, 1, { sync: true }), unavailable);
  await assert.rejects(async () => {
    const small = open({ write: true }, 120).log;
    await small.append(facts, 1, { sync: true }).catch(() => undefined);
    assert.ok(small.hold(facts, 1) && small.hold(facts, 1));
    assert.equal(small.hold(facts, 1), undefined);
    assert.equal(small.end.position, 2);
    await small.append(facts, 1, { sync: true });
  }, unavailable);
});
