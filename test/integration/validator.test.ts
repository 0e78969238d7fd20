import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check } from '../../src/nodes/checks/check.ts';
import { checks } from '../../src/nodes/checks/checks.ts';
import { createValidator, type Validation, type ValidationTarget } from '../../src/nodes/checks/validator.ts';
import { systemClock } from '../../src/nodes/clock.ts';
import { answerWith, ok, target, tcpServer } from './check-servers.ts';

const intervalMs = 200;
const observedMs = 3_000;

test('two hundred servers that never answer do not delay ten that do', { timeout: 30_000 }, async (context) => {
  const arrivals = new Map<string, number[]>();
  const live = await tcpServer(
    context,
    answerWith(ok, (request) => {
      const name = /Host: (\S+)/.exec(request)?.[1] as string;
      arrivals.set(name, [...(arrivals.get(name) ?? []), performance.now()]);
    }),
  );
  const dead = await tcpServer(context, () => {});
  let running = 0;
  let mostRunning = 0;
  const checkDead: Check = async (of, signal) => {
    running += 1;
    mostRunning = Math.max(mostRunning, running);
    const result = await checks.http(of, signal);
    running -= 1;
    return result;
  };
  const backend = (service: string, port: number): ValidationTarget => ({
    service,
    address: '127.0.0.1',
    port,
    intervalMs,
    target: target({ type: 'http', port, host: service, timeoutMs: 1_000 }),
  });
  const liveOnes = Array.from({ length: 10 }, (_, index) => backend(`live${index}.example`, live.port));
  const deadOnes = Array.from({ length: 200 }, (_, index) => backend(`dead${index}.example`, dead.port));

  const recorded: Validation[] = [];
  let onObserved = () => {};
  const observed = new Promise<void>((resolve) => {
    onObserved = resolve;
  });
  const startedAt = performance.now();
  const validator = createValidator({
    clock: systemClock(),
    chance: Math.random,
    checks: { ...checks, http: (of, signal) => (of.port === dead.port ? checkDead : checks.http)(of, signal) },
    maxConcurrent: 16,
    record: (validation) => {
      recorded.push(validation);
      if (performance.now() - startedAt > observedMs) onObserved();
    },
  });
  validator.assign([...liveOnes, ...deadOnes]);
  await observed;
  await validator.stop();
  await Promise.all([live.allClosed(), dead.allClosed()]);

  assert.equal(arrivals.size, 10);
  for (const [name, moments] of arrivals) {
    const gaps = moments.slice(1).map((moment, index) => moment - (moments[index] as number));
    const average = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    assert.ok(average > 175 && average < 300, `${name} is checked every ${average} ms`);
    assert.ok(Math.max(...gaps) < 800, `${name} waited ${Math.max(...gaps)} ms`);
  }
  assert.equal(mostRunning, 8);
  const failed = recorded.filter((validation) => !validation.ok);
  assert.ok(failed.length >= 8);
  for (const { error } of failed) assert.equal(error, 'no answer within 1s (waiting for the answer)');
});
