import assert from 'node:assert/strict';
import { test } from 'node:test';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import type { ChildEnd } from '../../../../src/nodes/demo/child.ts';
import { createClientLog } from '../../../../src/nodes/demo/client-log.ts';
import { runSteps, type StepOutcome } from '../../../../src/nodes/demo/run-steps.ts';
import type { Step } from '../../../../src/nodes/demo/scenario.ts';
import type { Stage } from '../../../../src/nodes/demo/stage.ts';
import { answer, one, two } from './entries.ts';

const start = 1_700_000_000_000;

/** Lets everything go on that waits for nothing but its turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A stage with nothing on it but the client's log, and an overwatch that can end. */
function emptyStage() {
  const clock = virtualClock(start);
  const log = createClientLog();
  let end: ChildEnd | undefined;
  let endOverwatch = (_how: ChildEnd) => {};
  const overwatchEnded = new Promise<ChildEnd>((resolve) => {
    endOverwatch = (how) => resolve((end = how));
  });
  const stage = {
    log,
    overwatchEnded,
    get overwatchEnd() {
      return end;
    },
  } as Stage;
  const controller = new AbortController();
  const told: string[] = [];
  const play = {
    stage,
    clock,
    signal: controller.signal,
    onBegin: ({ name }: Step) => told.push(`${name} began`),
    onEnd: ({ name, ok }: StepOutcome) => told.push(`${name} ${ok ? 'seen' : 'missed'}`),
  };
  return { clock, log, play, told, abort: () => controller.abort(), endOverwatch: (how: ChildEnd) => endOverwatch(how) };
}

function stepUntil(address: string, act: Step['act'] = async () => {}): Step {
  return {
    name: `until ${address}`,
    deed: 'something is done',
    sees: `an answer with ${address}`,
    answer: [address],
    act,
    isSeen: (entries) => entries.some((entry) => entry.kind === 'answer' && entry.addresses.includes(address)),
  };
}

test('each step waits until it is seen, and then the next one is played', async () => {
  const { clock, log, play, told } = emptyStage();
  const acts: number[] = [];
  const act = async () => void acts.push(clock.now() - start);
  const running = runSteps([stepUntil(one, act), stepUntil(two, act)], play);
  await turn();
  await clock.moveTo(start + 700);
  log.add(answer(clock.now(), [one]));
  await turn();
  await clock.moveTo(start + 900);
  log.add(answer(clock.now(), [two]));
  const outcomes = await running;
  assert.deepEqual(acts, [0, 700]);
  assert.deepEqual(
    outcomes.map(({ ok, missing, startedAt, endedAt }) => [ok, missing, startedAt - start, endedAt - start]),
    [
      [true, null, 0, 700],
      [true, null, 700, 900],
    ],
  );
  assert.deepEqual(told, [`until ${one} began`, `until ${one} seen`, `until ${two} began`, `until ${two} seen`]);
});

test('what was seen before the deed does not count', async () => {
  const { clock, log, play } = emptyStage();
  log.add(answer(start - 1, [one]));
  const running = runSteps([stepUntil(one)], play);
  await turn();
  await clock.moveTo(start + 20_000);
  assert.equal((await running)[0]?.ok, false);
});

test('what is not seen within 20 s fails with a sentence, and nothing more is played', async () => {
  const { clock, play, told } = emptyStage();
  let settled = false;
  const running = runSteps([stepUntil(one), stepUntil(two)], play).finally(() => (settled = true));
  await turn();
  await clock.moveTo(start + 19_999);
  assert.equal(settled, false);
  await clock.moveTo(start + 20_000);
  const outcomes = await running;
  assert.equal(outcomes.length, 1);
  assert.equal(outcomes[0]?.missing, `the client did not see an answer with ${one}: 20 s were not enough`);
  assert.deepEqual(told, [`until ${one} began`, `until ${one} missed`]);
});

test('an overwatch that ends is not waited for', async () => {
  const { play, endOverwatch } = emptyStage();
  const running = runSteps([stepUntil(one)], play);
  await turn();
  endOverwatch({ code: null, signal: 'SIGKILL' });
  assert.match((await running)[0]?.missing ?? '', /: the overwatch ended with SIGKILL$/);
});

test('the signal ends it at once', async () => {
  const { play, abort } = emptyStage();
  const running = runSteps([stepUntil(one)], play);
  await turn();
  abort();
  await assert.rejects(running, { code: 'interrupted' });
});
