/** Keys of the gossip, of which the log knows only who changed them when, and their fingerprints. They are changed before this is asked. */
import type { Decision, RecordGossipKey } from './command.ts';

export function recordGossipKey({ action, fingerprint, keys }: RecordGossipKey): Decision {
  return [{ type: 'gossip_key.rotated', data: { action, fingerprint, keys: [...keys] } }];
}
