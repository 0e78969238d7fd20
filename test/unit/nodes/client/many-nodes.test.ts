import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeClient } from '../../../../src/nodes/client/client.ts';
import { askEach, askFirst } from '../../../../src/nodes/client/many-nodes.ts';
import { overridesOf } from '../../../../src/nodes/client/node-api.ts';
import { refusingNode, scriptedNode, unreachableNode } from './scripted-node.ts';

const good = (endpoint: string) => scriptedNode(endpoint, () => ({ overrides: [] }));
const ask = (client: NodeClient) => overridesOf(client).then(() => client.endpoint);

test('each node has its own outcome, in the order of the nodes', async () => {
  const outcomes = await askEach([unreachableNode('a'), good('b'), refusingNode('c')], ask);
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.endpoint, outcome.ok ? outcome.value : outcome.error.kind]),
    [
      ['a', 'unreachable'],
      ['b', 'b'],
      ['c', 'refused'],
    ],
  );
});

test('a fault of the program is no outcome', async () => {
  await assert.rejects(
    askEach([good('a')], () => Promise.reject(new TypeError('x'))),
    TypeError,
  );
});

test('the first that can be reached answers, and those before it are told of', async () => {
  const passed: string[] = [];
  const after = good('c');
  assert.equal(await askFirst([unreachableNode('a'), good('b'), after], ask, ({ endpoint }) => passed.push(endpoint)), 'b');
  assert.deepEqual(passed, ['a']);
  assert.deepEqual(after.asked, []);
});

test('what one refuses, the next is not asked', async () => {
  const next = good('b');
  await assert.rejects(
    askFirst([refusingNode('a'), next], ask, () => {}),
    { kind: 'refused' },
  );
  assert.deepEqual(next.asked, []);
});

test('where none can be reached, each is named with its reason', async () => {
  const passed: string[] = [];
  const asked = askFirst([unreachableNode('a'), unreachableNode('b')], ask, ({ endpoint }) => passed.push(endpoint));
  await assert.rejects(asked, { kind: 'unreachable', message: 'none of 2 nodes answered:\n  a is away\n  b is away', remedy: 'start it' });
  assert.deepEqual(passed, ['a'], 'the last is in the error itself');
  await assert.rejects(
    askFirst([unreachableNode('a')], ask, () => {}),
    { message: 'a is away' },
  );
});
