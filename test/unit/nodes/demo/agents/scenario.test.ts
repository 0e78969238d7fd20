import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loopbackCast } from '../../../../../src/nodes/demo/agents/cast.ts';
import { agentSteps } from '../../../../../src/nodes/demo/agents/scenario.ts';
import type { AgentStage } from '../../../../../src/nodes/demo/agents/stage.ts';

const steps = agentSteps(loopbackCast);
const [one, two, three] = loopbackCast.webs.map(({ address }) => address) as [string, string, string];

test('each way begins and ends with all three serving', () => {
  assert.deepEqual(
    steps.map(({ way, name, answer }) => [way, name, answer]),
    [
      [null, 'warm-up', [one, two, three]],
      ['reactive', 'die', [one, three]],
      ['reactive', 'return', [one, two, three]],
      ['proactive', 'drain', [one, two]],
      ['proactive', 'direct', null],
      ['proactive', 'stop', [one, two]],
      ['proactive', 'end', [one, two, three]],
    ],
  );
});

test('what is drained is stopped only after that, and its drain ends only once it serves again', async () => {
  const done: string[] = [];
  const note = (deed: string) => async (machine: { readonly name: string }) => void done.push(`${deed} ${machine.name}`);
  const stage = {
    client: { start: () => done.push('start'), askDirectly: async (address: string) => void done.push(`ask ${address}`) },
    ...{ killWeb: note('kill'), startWeb: note('start'), drain: note('drain'), endDrain: note('end') },
  } as unknown as AgentStage;
  for (const step of steps) await step.act(stage);
  assert.deepEqual(done, ['start', 'kill web2', 'start web2', 'drain web3', `ask ${three}`, 'kill web3', 'start web3', 'end web3']);
});

test('web3 proves by a direct request that it would still serve', () => {
  const direct = steps.find(({ name }) => name === 'direct');
  const request = { kind: 'request', startedAt: 1, at: 2, address: three, server: 'web3', error: null, direct: true } as const;
  assert.equal(direct?.isSeen([request]), true);
  assert.equal(direct?.isSeen([{ ...request, direct: false }]), false);
  assert.equal(direct?.isSeen([{ ...request, server: null, error: 'refused' }]), false);
});
