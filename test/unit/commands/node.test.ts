/** What a node states about itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRefusal } from '../../../src/commands/command.ts';
import { attestAnswers, startNode, stopNode } from '../../../src/commands/node.ts';
import { answersDigest } from '../../../src/projections/answers.ts';
import { configurationDigest } from '../../../src/projections/configuration.ts';
import { a, at, inForce, oneDomain, stateOf } from '../../given.ts';

const configuration = oneDomain([a]);
const known = stateOf(at(0, ...inForce(configuration)));
const attested = { type: 'node.attested', data: { answers: answersDigest(known) } };

describe('a node', () => {
  it('that starts names its version and its configuration', () => {
    const data = { version: '1.2.3', configuration: configurationDigest(configuration) };
    assert.deepEqual(startNode({ kind: 'startNode', version: '1.2.3' }, known), [{ type: 'node.started', data }]);
  });

  it('states the digest of what it answers', () => {
    assert.deepEqual(attestAnswers(known), [attested]);
  });

  it('that stops says what it answered last', () => {
    const stopped = { type: 'node.stopped', data: { reason: 'asked' } };
    assert.deepEqual(stopNode({ kind: 'stopNode', reason: 'asked' }, known), [attested, stopped]);
    assert.deepEqual(stopNode({ kind: 'stopNode', reason: 'asked' }, stateOf()), [stopped]);
  });

  it('without a configuration neither starts nor states anything', () => {
    for (const decision of [startNode({ kind: 'startNode', version: '1' }, stateOf()), attestAnswers(stateOf())]) {
      assert.equal(isRefusal(decision) && decision.refused, 'nothing-to-attest');
    }
  });
});
