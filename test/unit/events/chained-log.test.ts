/** What the log asks of its store, and in which order: seen by a store that writes it down, and that can refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BatchStore, openChainedLog } from '../../../src/events/chained-log.ts';
import { codec } from '../../../src/events/codec.ts';
import type { Fact } from '../../../src/events/event.ts';
import { noHash } from '../../../src/events/log.ts';

const facts: readonly Fact[] = [{ type: 'node.stopped', data: { reason: 'x' } }];
const end = { position: 0, at: 0, hash: noHash };

function open(refusing: { write?: boolean; sync?: boolean; early?: boolean } = {}) {
  const calls: string[] = [];
  const full = new Error('the disk', { cause: new Error('no space left') });
  const later = () => new Promise((resolve) => setImmediate(resolve));
  const store: BatchStore = {
    async write({ first }, { position }, sync) {
      calls.push(`write ${first}-${position}${sync ? ' sync' : ''}`);
      await later();
      if (refusing.write) throw full;
      calls.push('written');
      return sync || refusing.early === true;
    },
    async sync({ position }) {
      calls.push(`sync ${position}`);
      await later();
      if (refusing.sync) throw full;
    },
    async *read() {},
    async close() {
      calls.push('close');
    },
  };
  return { calls, refusing, log: openChainedLog({ store, node: 'ow-1', codec, end }) };
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
