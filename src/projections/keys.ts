/**
 * The keys of each zone, and how far a rotation is. Time alone ends a wait and nothing else: `announced` ends only when
 * the parent shows the new DS, or an operator says that it does. A deadline tells that a wait is over; what is then done
 * is a command's business, so that a node that was down goes on where it was.
 *
 *     keys, by stage       DNSKEY          signed by       CDS, CDNSKEY   data signed by   goes on
 *     active               active          active          -              active           when a rotation is started
 *     active, published    both            both            -              active           after the wait: announce
 *     active, announced    both            both            successor      active           the parent shows the DS: trust
 *     active, trusted      both            both            successor      active           after the wait: activate
 *     retiring, active     both            both            active         active           after the wait: remove the old
 */
import type { Configuration } from '../events/catalogue/configuration.ts';
import type { KeyAlgorithm, KeyStage } from '../events/catalogue/keys.ts';
import { durationMs } from '../events/duration.ts';
import type { EventOf } from '../events/event.ts';
import type { ConfigurationInForce } from './configuration.ts';
import { type Deadlines, setDeadline } from './deadlines.ts';

/** Zone key and secure entry point: every key is a combined one (RFC 4034 section 2.1.1). */
export const keyFlags = 257;

export interface ZoneKey {
  readonly zone: string;
  readonly keyTag: number;
  readonly algorithm: KeyAlgorithm;
  /** Base64. */
  readonly publicKey: string;
  readonly successorOf: number | null;
  readonly stage: KeyStage;
  /** When it was made, wherever that was. */
  readonly createdAt: number;
  /** The event that brought it here. */
  readonly position: number;
  /** Since when it has been in its stage, and when the stage may end by itself; null: time does not end it. */
  readonly since: number;
  readonly until: number | null;
  /** Where it came from: this node made it, or the peer that had it. */
  readonly from: string;
}

/** zone -> its keys, the one that is or was to be succeeded first. Lists are replaced, never changed. */
export type Keys = Map<string, readonly ZoneKey[]>;

type KeyEvent = EventOf<'key.generated' | 'key.stage_entered' | 'key.imported' | 'key.removed'>;

/** Takes a fact about a key in. What does not fit what is known changes nothing. */
export function evolveKeys(keys: Keys, event: KeyEvent): void {
  const { zone, keyTag } = event.data;
  const known = keys.get(zone) ?? [];
  switch (event.type) {
    case 'key.generated':
    case 'key.imported':
      if (!known.some((key) => key.keyTag === keyTag)) keys.set(zone, [...known, newKey(event)]);
      return;
    case 'key.stage_entered':
      keys.set(
        zone,
        known.map((key) => entered(key, known, event)),
      );
      return;
    case 'key.removed': {
      const left = known.filter((key) => key.keyTag !== keyTag);
      if (left.length > 0) keys.set(zone, left);
      else keys.delete(zone);
    }
  }
}

function newKey({ type, data, at, position }: EventOf<'key.generated' | 'key.imported'>): ZoneKey {
  const { zone, keyTag, algorithm, publicKey, successorOf, waitSeconds } = data;
  const isFirst = successorOf === null;
  return {
    ...{ zone, keyTag, algorithm, publicKey, successorOf, position, since: at },
    stage: isFirst ? 'active' : 'published',
    until: isFirst ? null : at + waitSeconds * 1_000,
    createdAt: type === 'key.imported' ? data.createdAt : at,
    from: type === 'key.imported' ? data.from : 'this node',
  };
}

/** The key that the fact is about enters its stage; from `active` on, the one that it succeeds retires for as long as the wait is. */
function entered(key: ZoneKey, known: readonly ZoneKey[], { data, at }: EventOf<'key.stage_entered'>): ZoneKey {
  const { keyTag, stage, waitSeconds } = data;
  const until = at + waitSeconds * 1_000;
  if (key.keyTag === keyTag) return { ...key, stage, since: at, until: stage === 'trusted' ? until : null };
  const successor = known.find((other) => other.keyTag === keyTag);
  if (stage !== 'active' || successor === undefined || key.stage !== 'active') return key;
  return { ...key, stage: 'retiring', since: at, until };
}

/** What a zone shows and signs with: the table above. */
export interface SigningPlan {
  /** What the DNSKEY RRset holds, and what signs it. */
  readonly shown: readonly ZoneKey[];
  /** What CDS and CDNSKEY ask the parent for; undefined: neither is there. */
  readonly announced: ZoneKey | undefined;
  readonly signsData: ZoneKey;
}

/** Undefined: the zone has no key that signs. */
export function signingPlanOf(keys: readonly ZoneKey[]): SigningPlan | undefined {
  const active = activeKeyOf(keys);
  if (active === undefined) return undefined;
  const asksFor = (key: ZoneKey) => key.stage === 'announced' || key.stage === 'trusted';
  const announced = keys.find(asksFor) ?? (keys.some(({ stage }) => stage === 'retiring') ? active : undefined);
  return { shown: keys, announced, signsData: active };
}

export function keysOf({ keys }: { readonly keys: Keys }, zone: string): readonly ZoneKey[] {
  return keys.get(zone) ?? [];
}

export function activeKeyOf(keys: readonly ZoneKey[]): ZoneKey | undefined {
  return keys.find(({ stage }) => stage === 'active');
}

/** The key that is to take over; undefined: no rotation is going on, or it has taken over already. */
export function successorOf(keys: readonly ZoneKey[]): ZoneKey | undefined {
  return keys.find(({ stage }) => stage === 'published' || stage === 'announced' || stage === 'trusted');
}

export function retiringKeyOf(keys: readonly ZoneKey[]): ZoneKey | undefined {
  return keys.find(({ stage }) => stage === 'retiring');
}

/** What is asked about a zone's keys is asked of these parts of a state. */
interface KeyState {
  readonly keys: Keys;
  readonly configuration: ConfigurationInForce | undefined;
}

/** Whether this node signs the zone at all. */
export function isSigned({ configuration: inForce }: Pick<KeyState, 'configuration'>, zone: string): boolean {
  if (inForce === undefined) return false;
  return inForce.configuration.overwatch.dnssec.enabled && inForce.zones.has(zone);
}

/** Whether this node may make a key that nobody asked for: alone it may, and of several that share their keys one may. */
export function mayMakeKeys({ key_sync: { peers }, bootstrap }: Configuration['overwatch']['dnssec']): boolean {
  return peers.length === 0 || bootstrap;
}

/** Something that is to be done about a zone's keys. */
export type KeyStep =
  /** A rotation begins. */
  | 'rotate'
  /** The successor enters this stage. */
  | 'announced'
  | 'active'
  /** The parent is asked whether it shows the successor's DS. */
  | 'ask-parent'
  /** The old key goes. */
  | 'remove';

/**
 * What a zone's keys wait for, and until when; undefined: for nothing but an operator. `ask-parent` is due at once and
 * for as long as the parent needs.
 *
 *     keys, by stage       waits for                              then
 *     active               rotate_every since it became active    rotate
 *     active, published    the end of the wait                    announced
 *     active, announced    -                                      ask-parent
 *     active, trusted      the end of the wait                    active
 *     retiring, active     the end of the wait                    remove
 */
export function nextStepOf(
  keys: readonly ZoneKey[],
  rotateEvery: string | undefined,
): { readonly step: KeyStep; readonly at: number } | undefined {
  const retiring = retiringKeyOf(keys);
  if (retiring !== undefined) return { step: 'remove', at: retiring.until ?? retiring.since };
  const successor = successorOf(keys);
  if (successor !== undefined) {
    if (successor.stage === 'announced') return { step: 'ask-parent', at: successor.since };
    return { step: successor.stage === 'published' ? 'announced' : 'active', at: successor.until ?? successor.since };
  }
  const active = activeKeyOf(keys);
  if (active === undefined || rotateEvery === undefined) return undefined;
  return { step: 'rotate', at: active.since + durationMs(rotateEvery) };
}

/** The step of a zone whose keys this node signs with. */
export function stepOfZone(state: KeyState, zone: string): ReturnType<typeof nextStepOf> {
  if (state.configuration === undefined || !isSigned(state, zone)) return undefined;
  const { dnssec } = state.configuration.configuration.overwatch;
  return nextStepOf(keysOf(state, zone), mayMakeKeys(dnssec) ? dnssec.rotate_every : undefined);
}

/** When the deadline `key-due` of a zone fires; null: never, or it was told already. */
export function keyDueAt(state: KeyState & { readonly at: number }, zone: string): number | null {
  const at = stepOfZone(state, zone)?.at;
  return at === undefined || at <= state.at ? null : at;
}

/** After a fact about keys, or another configuration. */
export function setKeyDeadlines(state: KeyState & { readonly at: number; readonly deadlines: Deadlines }, zones: Iterable<string>): void {
  for (const zone of zones) setDeadline(state.deadlines, 'key-due', zone, keyDueAt(state, zone));
}
