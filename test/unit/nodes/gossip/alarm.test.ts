import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import { createAlarm } from '../../../../src/nodes/gossip/alarm.ts';

function make() {
  const clock = virtualClock(0);
  const rung: number[] = [];
  const heard = { count: 0, eachTurn: 0 };
  const alarm = createAlarm(
    clock,
    () => {
      heard.count += heard.eachTurn;
      return heard.count;
    },
    () => rung.push(clock.now()),
  );
  return { clock, rung, heard, alarm };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

describe('the alarm of a member', () => {
  it('rings once, at the earliest moment that was set', async () => {
    const { clock, rung, alarm } = make();
    for (const at of [100, 50, 70]) alarm.set(at);
    await clock.moveTo(49);
    await turns(5);
    assert.deepEqual(rung, []);
    await clock.moveTo(200);
    await turns(5);
    assert.equal(rung.length, 1);
  });

  it('never rings for no moment, and not once it is stopped, nor while it looks around', async () => {
    const { clock, rung, alarm } = make();
    alarm.set(Infinity);
    alarm.set(50);
    await clock.moveTo(50);
    alarm.stop();
    alarm.set(60);
    await clock.moveTo(100);
    await turns(5);
    assert.deepEqual(rung, []);
  });

  it('lets what came in meanwhile be read first, and waits no longer than for 256 turns of it', async () => {
    const { clock, rung, heard, alarm } = make();
    heard.eachTurn = 1;
    alarm.set(10);
    await clock.moveTo(10);
    await turns(100);
    assert.deepEqual(rung, [], 'there is more with each turn');
    heard.eachTurn = 0;
    await turns(3);
    assert.equal(rung.length, 1);

    heard.eachTurn = 1;
    alarm.set(20);
    await clock.moveTo(20);
    await turns(270);
    assert.equal(rung.length, 2, 'whoever is flooded must go on all the same');
  });
});
