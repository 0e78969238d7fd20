/** Gossip keys over the control socket: what the running agent has, and changes of it. A key goes in, and only fingerprints come out. */
import type { GossipKeys } from '../gossip/gossip.ts';
import { sentenceAndRemedy } from '../gossip/sentence-and-remedy.ts';
import { type AgentStatus, type ControlReply, type ControlRequest, refused } from './control-messages.ts';

type KeyRequest = Extract<ControlRequest, { command: 'gossip-keys' | 'gossip-key' }>;

export function isKeyRequest(request: ControlRequest): request is KeyRequest {
  return request.command === 'gossip-keys' || request.command === 'gossip-key';
}

/** `keys` undefined: the gossip has not started yet. */
export async function carryOutKeys(request: KeyRequest, keys: GossipKeys | undefined, status: () => AgentStatus): Promise<ControlReply> {
  if (keys === undefined) return refused('gossip-key-refused', 'the agent is only starting', 'ask again in a moment');
  if (request.command === 'gossip-keys') return { ok: true, status: status(), keys: [...(await keys.list())] };
  const outcome = await keys[request.action](request.key);
  if (!('refused' in outcome)) return { ok: true, status: status(), keys: [...outcome.keys] };
  const { sentence, remedy } = sentenceAndRemedy(outcome.refused);
  return refused('gossip-key-refused', `the keys stay as they are: ${sentence}`, remedy);
}
