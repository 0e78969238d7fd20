/**
 * How an agent stands, in one word, for whoever lists agents. It decides about no answer; `verdict.ts` does.
 *
 *     the pin    was heard     and                is
 *     revoked    any           -                  revoked
 *     believed   never         -                  unheard
 *     believed   yes           said that it goes  left
 *     believed   yes           is silent          stale
 *     believed   yes           is in time         heard
 */
import type { State } from './state.ts';
import type { Pin } from './trust.ts';

export const agentStatuses = ['heard', 'stale', 'left', 'unheard', 'revoked'] as const;
export type AgentStatus = (typeof agentStatuses)[number];

export function agentStatusOf({ liveness }: Pick<State, 'liveness'>, { agent, revokedAt }: Pick<Pin, 'agent' | 'revokedAt'>): AgentStatus {
  if (revokedAt !== null) return 'revoked';
  const known = liveness.get(agent);
  if (known === undefined) return 'unheard';
  if (known.left) return 'left';
  return known.staleSince === null ? 'heard' : 'stale';
}
