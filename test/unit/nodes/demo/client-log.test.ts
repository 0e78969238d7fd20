import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientEntry, createClientLog } from '../../../../src/nodes/demo/client-log.ts';

function entryAt(at: number): ClientEntry {
  return { kind: 'no-answer', by: 'client', askedAt: at, at, error: 'none' };
}

test('entries are kept in their order, and followers are told of each until they call it off', () => {
  const log = createClientLog();
  const told: number[] = [];
  const callOff = log.follow(({ at }) => told.push(at));
  log.add(entryAt(1));
  log.add(entryAt(2));
  callOff();
  log.add(entryAt(3));
  assert.deepEqual(
    log.entries.map(({ at }) => at),
    [1, 2, 3],
  );
  assert.deepEqual(told, [1, 2]);
});

test('it does not grow without limit: of too many, the oldest half is forgotten', () => {
  const log = createClientLog();
  for (let at = 1; at <= 100_001; at += 1) log.add(entryAt(at));
  assert.equal(log.entries.length, 50_001);
  assert.deepEqual([log.entries[0]?.at, log.entries.at(-1)?.at], [50_001, 100_001]);
});
