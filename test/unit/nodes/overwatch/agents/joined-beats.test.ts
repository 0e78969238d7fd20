/** Signs of life on their way into the log: joined for a moment, at once where an answer may hang on one. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Beat } from '../../../../../src/events/catalogue/heartbeats.ts';
import { type VirtualClock, virtualClock } from '../../../../../src/nodes/clock.ts';
import { createJoinedBeats, type JoinedBeats } from '../../../../../src/nodes/overwatch/agents/joined-beats.ts';
import { agentLimits } from '../../../../../src/nodes/overwatch/agents/limits.ts';

let clock: VirtualClock;
let facts: (readonly Beat[])[];
let joined: JoinedBeats;
beforeEach(() => {
  clock = virtualClock(0);
  facts = [];
  joined = createJoinedBeats(clock, ({ data }) => facts.push(data.beats));
});
const beat = (agent: string, sequence: number): Beat => ({ agent, boot: 1, sequence, intervalMs: 1_000 });
const add = (agent: string, sequence: number, atOnce = false) => joined.add(beat(agent, sequence), { atOnce });

test('those of one moment are one fact, the newest of each agent', async () => {
  add('a', 1);
  add('b', 1);
  add('a', 2);
  await clock.moveTo(agentLimits.beatsJoinedMs - 1);
  assert.deepEqual(facts, []);
  await clock.moveTo(agentLimits.beatsJoinedMs);
  assert.deepEqual(facts, [[beat('a', 2), beat('b', 1)]]);
  assert.equal(joined.told, 2);
});

test('one that ends a silence takes the others along at once', async () => {
  add('a', 1);
  add('b', 1, true);
  assert.deepEqual(facts, [[beat('a', 1), beat('b', 1)]]);
  await clock.moveTo(10 * agentLimits.beatsJoinedMs);
  assert.equal(facts.length, 1);
});

test('one that was overtaken is not told', async () => {
  add('a', 1);
  joined.overtaken('a');
  await clock.moveTo(agentLimits.beatsJoinedMs);
  assert.deepEqual(facts, []);
});

test('a fact never has more than its schema takes', () => {
  for (let number = 0; number < agentLimits.beatsInFactMax + 1; number += 1) add(`a${number}`, 1);
  assert.deepEqual(
    facts.map(({ length }) => length),
    [agentLimits.beatsInFactMax],
  );
  joined.stop();
  assert.equal(facts[1]?.length, 1);
});
