/** What a node states about itself. */
import { answersDigest } from '../projections/answers.ts';
import type { State } from '../projections/state.ts';
import type { Decision, StartNode, StopNode } from './command.ts';

const noConfiguration = {
  refused: 'nothing-to-attest',
  error: 'the node has no configuration yet, so it answers nothing',
  remedy: 'apply a configuration first',
} as const;

export function startNode({ version }: StartNode, state: State): Decision {
  if (state.configuration === undefined) return noConfiguration;
  return [{ type: 'node.started', data: { version, configuration: state.configuration.digest } }];
}

export function attestAnswers(state: State): Decision {
  if (state.configuration === undefined) return noConfiguration;
  return [{ type: 'node.attested', data: { answers: answersDigest(state) } }];
}

/** A node that stops says what it answered last. */
export function stopNode({ reason }: StopNode, state: State): Decision {
  const attested = attestAnswers(state);
  return [...('refused' in attested ? [] : attested), { type: 'node.stopped', data: { reason } }];
}
