/** The keys of one running member: what `GossipKeys` promises, as values. Only fingerprints ever come out of it. */
import type { GossipKeyOutcome, GossipKeyView } from './gossip.ts';
import type { KeyAction } from './gossip-commands.ts';
import { addKey, type GossipKey, type KeyChange, type KeyRing, keyRing, parseKey, removeKey, useKey, whyNoKey } from './key-ring.ts';

const changes: Readonly<Record<KeyAction, (ring: KeyRing, key: GossipKey) => KeyChange>> = {
  install: addKey,
  use: useKey,
  remove: removeKey,
};

/** A ring of keys that have been looked at; throws where one is none. */
export function ringOf([first, ...others]: readonly [string, ...string[]]): KeyRing {
  return others.reduce((ring, text) => changedOrThrow(addKey(ring, keyOrThrow(text))), keyRing(keyOrThrow(first)));
}

function keyOrThrow(text: string): GossipKey {
  const key = parseKey(text);
  if (key === undefined) throw new Error(whyNoKey(text));
  return key;
}

function changedOrThrow(change: KeyChange): KeyRing {
  if ('refused' in change) throw new Error(change.refused);
  return change;
}

export function keyViews({ keys }: KeyRing): readonly GossipKeyView[] {
  return keys.map(({ name }, index) => ({ fingerprint: name, primary: index === 0 }));
}

/** The ring afterwards, and what to say of it. */
export function changeKeys(ring: KeyRing, action: KeyAction, text: string): { readonly ring: KeyRing; readonly outcome: GossipKeyOutcome } {
  const key = parseKey(text);
  if (key === undefined) return { ring, outcome: { refused: whyNoKey(text) ?? 'this is no gossip key' } };
  const changed = changes[action](ring, key);
  if ('refused' in changed) return { ring, outcome: changed };
  const names = (of: KeyRing) => of.keys.map(({ name }) => name).join();
  return { ring: changed, outcome: { keys: keyViews(changed), fingerprint: key.name, changed: names(ring) !== names(changed) } };
}
