/** When the servers of a silent agent are taken out: on a real engine, with a clock that is moved by hand. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { isRefusal } from '../../../../../src/commands/command.ts';
import { openMemoryLog } from '../../../../../src/events/memory-log.ts';
import { virtualClock } from '../../../../../src/nodes/clock.ts';
import { createEngine } from '../../../../../src/nodes/engine.ts';
import { createForgetting } from '../../../../../src/nodes/overwatch/agents/forgetting.ts';
import { createOrderLanes } from '../../../../../src/nodes/overwatch/agents/order-lanes.ts';
import { serverOf } from '../../../../../src/projections/registry.ts';
import { a, app, applying, b, believing, oneDomain, order } from '../../../../given.ts';

const start = 1_000_000;

/** One agent claims `b`, beside a static server `a`, and is heard once, with an interval of a second. */
async function silentAgent(test: TestContext) {
  const clock = virtualClock(start);
  const engine = createEngine({ clock, chance: () => 0, log: openMemoryLog({ node: 'test' }) }, [], () => {});
  engine.start();
  const lanes = createOrderLanes(engine.execute);
  const forgetting = createForgetting({ state: engine.state, clock, lanes });
  test.after(async () => {
    forgetting.stop();
    await engine.stop();
  });
  const configuration = oneDomain([a], {}, { overwatch: { ...believing.overwatch, stale: { remove_after: '1m', threshold: '1s' } } });
  const beat = (sequence: number, address: string = b) => {
    const backends = [{ service: app, address, port: 80, weight: 100, healthy: true, draining: null }];
    return { agent: 'web-1', boot: 1, sequence, intervalMs: 1_000, claims: { missedThreshold: 3, backends } };
  };
  const give = async (command: Parameters<typeof order>[0]) => {
    const outcome = await engine.execute(order(command));
    assert(!isRefusal(outcome), JSON.stringify(outcome));
  };
  await give(applying(configuration, { force: true }));
  const pin = { agent: 'web-1', fingerprint: '1'.repeat(64), certificate: 'AA==', region: 'eu', services: [app] };
  await give({ kind: 'pinAgent', ...pin, address: '192.0.2.9:7946', legacy: false });
  await give({ kind: 'receiveClaims', beat: beat(1) });
  forgetting.start();
  const isThere = () => serverOf(engine.state.registry, app, b, 80) !== undefined;
  /** Lets the engine do what it was given. */
  const settle = async () => {
    for (let turns = 0; turns < 20; turns += 1) await new Promise((next) => setImmediate(next));
  };
  return { clock, engine, give, beat, isThere, settle };
}

test('they stay for as long as it was silent for less than `remove_after`, and go then', async (context) => {
  const { clock, isThere, settle } = await silentAgent(context);
  await clock.moveTo(start + 59_900);
  await settle();
  assert.equal(isThere(), true);
  await clock.moveTo(start + 61_100);
  await settle();
  assert.equal(isThere(), false);
});

test('they stay where it is heard in time', async (context) => {
  const { clock, isThere, give, beat, settle } = await silentAgent(context);
  await clock.moveTo(start + 30_000);
  await give({ kind: 'receiveClaims', beat: beat(2) });
  await clock.moveTo(start + 61_100);
  await settle();
  assert.equal(isThere(), true);
});

test('the last one that a name has stays, and is looked at again', async (context) => {
  const { clock, isThere, give, settle } = await silentAgent(context);
  await give({
    kind: 'setOverride',
    service: app,
    address: a,
    port: null,
    action: 'down',
    reason: 'x',
    authority: 'human',
    expiresInMs: null,
    force: true,
  });
  await give({
    kind: 'setOverride',
    service: app,
    address: b,
    port: null,
    action: 'up',
    reason: 'x',
    authority: 'human',
    expiresInMs: null,
    force: true,
  });
  await clock.moveTo(start + 70_000);
  await settle();
  assert.equal(isThere(), true);
  await give({ kind: 'clearOverride', service: app, address: a, port: null, reason: null, authority: 'human', force: true });
  await clock.moveTo(start + 130_000);
  await settle();
  assert.equal(isThere(), false);
});
