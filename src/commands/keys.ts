/**
 * Keys of zones: who may make one, what a rotation does next, and which keys of others are taken. A private key is made
 * and on the disk before its order is given; here only its public part is known. Each step looks for itself whether its
 * time has come, so an order that is given twice, or after a restart, has one effect.
 */
import { durationMs, durationText } from '../events/duration.ts';
import type { Fact } from '../events/event.ts';
import { activeKeyOf, isSigned, keysOf, retiringKeyOf, successorOf, type ZoneKey } from '../projections/keys.ts';
import { dnskeyKeptSeconds, recordsKeptSeconds } from '../projections/record-ttls.ts';
import type { State } from '../projections/state.ts';
import type {
  AbortRotation,
  AddFirstKeys,
  ConfirmDs,
  Decision,
  EnterKeyStage,
  ImportKey,
  Refusal,
  RemoveRetiredKey,
  RemoveZoneKeys,
  StartRotation,
} from './command.ts';

/** A first key for each of these zones that has none; of the others nothing is said. */
export function addFirstKeys({ made }: AddFirstKeys, state: State): Decision {
  return made
    .filter(({ zone }) => isSigned(state, zone) && keysOf(state, zone).length === 0)
    .map((key): Fact => ({ type: 'key.generated', data: { ...key, successorOf: null, waitSeconds: 0 } }));
}

/**
 *     the zone                      its keys                 the new tag   decision
 *     is not signed here            any                      any           refused: unknown-zone
 *     is                            none                     any           refused: no-key
 *     is                            active alone             free          key.generated
 *     is                            active alone             held          refused: key-tag-held
 *     is                            two                      any           refused: rotation-in-progress
 */
export function startRotation({ zone, made }: StartRotation, state: State): Decision {
  const refusal = rotationRefusal(state, zone);
  if (refusal !== undefined) return refusal;
  const active = activeKeyOf(keysOf(state, zone)) as ZoneKey;
  if (active.keyTag === made.keyTag) return tagHeld(zone, made.keyTag);
  const waitSeconds = dnskeyKeptSeconds(state) + peerSecondsOf(state);
  return [{ type: 'key.generated', data: { zone, ...made, successorOf: active.keyTag, waitSeconds } }];
}

/** Why no rotation of the zone can begin now; whoever would make a key asks first. */
export function rotationRefusal(state: State, zone: string): Refusal | undefined {
  if (!isSigned(state, zone)) return unknownZone(zone);
  const keys = keysOf(state, zone);
  if (activeKeyOf(keys) === undefined) return noKey(zone);
  if (keys.length === 1) return undefined;
  return rotationGoesOn(successorOf(keys) ?? (activeKeyOf(keys) as ZoneKey));
}

function rotationGoesOn({ zone, keyTag, stage }: ZoneKey): Refusal {
  return {
    refused: 'rotation-in-progress',
    error: `a rotation of ${zone} is going on: key ${keyTag} is ${stage}`,
    remedy: 'wait for its end; GET /api/v1/dnssec/status says what it waits for',
  };
}

/** The stage that comes before each that time leads to. */
const before = { announced: 'published', active: 'trusted' } as const;

/**
 *     the successor is       the wait    decision
 *     in the stage already   -           nothing
 *     in the one before      is over     key.stage_entered
 *     in the one before      goes on     refused: stage-not-due
 *     anywhere else          -           refused: no-rotation
 */
export function enterKeyStage({ zone, keyTag, stage }: EnterKeyStage, state: State): Decision {
  const key = keysOf(state, zone).find((one) => one.keyTag === keyTag);
  if (key?.stage === stage) return [];
  if (key === undefined || key.stage !== before[stage]) return noRotation(zone);
  if (key.until !== null && key.until > state.at) return notDue(key, key.until, state);
  const waitSeconds = stage === 'active' ? recordsKeptSeconds(state, zone) + peerSecondsOf(state) : 0;
  const evidence = `${key.stage} for ${durationText(state.at - key.since)}`;
  return [{ type: 'key.stage_entered', data: { zone, keyTag, stage, waitSeconds, evidence }, cause: key.position }];
}

/**
 * The parent shows the DS of the successor: its servers said so, or an operator did.
 *
 *     the successor is   decision
 *     none               refused: no-rotation
 *     published          refused: stage-not-due: resolvers may not know the key yet
 *     announced          key.stage_entered: trusted, for as long as resolvers keep the DS of before
 *     trusted, active    nothing
 */
export function confirmDs({ zone, keyTag, dsTtlSeconds, evidence }: ConfirmDs, state: State): Decision {
  const keys = keysOf(state, zone);
  const successor = successorOf(keys);
  const isOver = successor === undefined && retiringKeyOf(keys) !== undefined;
  if (isOver || successor?.stage === 'trusted') return [];
  if (successor === undefined || (keyTag !== null && keyTag !== successor.keyTag)) return noRotation(zone);
  if (successor.stage === 'published') return notDue(successor, successor.until ?? state.at, state);
  const waitSeconds = Math.max(Math.min(dsTtlSeconds, dsTtlSecondsMax), ownDsKeptSeconds(zone, state)) + peerSecondsOf(state);
  const data = { zone, keyTag: successor.keyTag, stage: 'trusted' as const, waitSeconds, evidence };
  return [{ type: 'key.stage_entered', data, cause: successor.position }];
}

/** Where this node is the parent as well: what a reload lowered may be kept for longer than the DS of now says. */
function ownDsKeptSeconds(zone: string, state: State): number {
  const zones = state.configuration?.zones;
  const labels = zone.split('.');
  return labels.some((_, index) => index > 0 && zones?.has(labels.slice(index).join('.'))) ? dnskeyKeptSeconds(state) : 0;
}

/** Resolvers keep nothing for longer than a week, whatever a parent says (RFC 8767 section 4). */
const dsTtlSecondsMax = 604_800;

/** The last step of a rotation: the old key goes. */
export function removeRetiredKey({ zone, keyTag }: RemoveRetiredKey, state: State): Decision {
  const key = keysOf(state, zone).find((one) => one.keyTag === keyTag);
  if (key === undefined) return [];
  if (key.stage !== 'retiring') return noRotation(zone);
  if (key.until !== null && key.until > state.at) return notDue(key, key.until, state);
  return [
    { type: 'key.removed', data: { zone, keyTag, reason: 'its successor signs, and no resolver needs it any more' }, cause: key.position },
  ];
}

/**
 *     the successor is      force   decision
 *     none                  any     refused: no-rotation
 *     published             any     key.removed
 *     announced             no      refused: rotation-announced: the parent may have taken its DS up
 *     announced             yes     key.removed
 *     trusted, or active    any     refused: rotation-past-ds
 */
export function abortRotation({ zone, reason, force }: AbortRotation, state: State): Decision {
  const keys = keysOf(state, zone);
  const successor = successorOf(keys);
  if (successor?.stage === 'trusted' || retiringKeyOf(keys) !== undefined) {
    return {
      refused: 'rotation-past-ds',
      error: `the parent of ${zone} has the DS of the new key, so going back would make the zone bogus`,
      remedy: 'let the rotation end, and start another one if this key shall go',
    };
  }
  if (successor === undefined) return noRotation(zone);
  if (successor.stage === 'announced' && !force) {
    return {
      refused: 'rotation-announced',
      error: `the parent of ${zone} was asked for the DS of key ${successor.keyTag}, and may have taken it up by now`,
      remedy: `see that every server of the parent shows the DS of key ${successor.successorOf}, then repeat it with force`,
    };
  }
  return [{ type: 'key.removed', data: { zone, keyTag: successor.keyTag, reason }, cause: successor.position }];
}

/** Forgets the keys of a zone that is gone; one that comes back without them is another zone to its parent. */
export function removeZoneKeys({ zone, reason }: RemoveZoneKeys, state: State): Decision {
  const keys = keysOf(state, zone);
  if (keys.length === 0) return unknownZone(zone);
  if (state.configuration?.zones.has(zone)) {
    return {
      refused: 'zone-served',
      error: `${zone} is served, and without its keys every resolver that validates would refuse it`,
      remedy: 'take the zone out of the configuration first, and its DS out of the parent; to change its key, rotate it',
    };
  }
  return keys.map(({ keyTag, position }): Fact => ({ type: 'key.removed', data: { zone, keyTag, reason }, cause: position }));
}

/**
 * A key that another overwatch has, or that lay in this one's secrets. A key whose DS is at the parent is never replaced:
 * only successors of the key that signs may follow, and of two of them the newer one does.
 *
 *     the zone's keys here                        the key that is offered                   decision
 *     any; the zone is not signed here            any                                       refused: unknown-zone
 *     the same among them                         -                                         nothing, but for the next row
 *     active, a successor before its turn         that successor, to take over at once      key.stage_entered: active
 *     active                                      the one that it succeeded                 nothing: the origin is behind
 *     none                                        the one that signs at its origin          key.imported, active
 *     none                                        another one                               refused: no-key: that one first
 *     active alone                                its successor                             key.imported, published
 *     active alone                                its successor, to take over at once       key.imported, key.stage_entered: active
 *     active, a successor before its DS           another successor of it, newer            key.removed, key.imported
 *     active, a successor before its DS           another successor of it, older            nothing
 *     active, a successor before its DS           another one, to take over at once         key.removed, key.imported, active
 *     active, the one before it retires           its successor                             refused: rotation-in-progress
 *     any                                         anything else                             refused: key-unrelated
 */
export function importKey(command: ImportKey, state: State): Decision {
  const { kind: _kind, signs, takesOver = false, ...offered } = command;
  const { zone, keyTag } = offered;
  if (!isSigned(state, zone)) return unknownZone(zone);
  const keys = keysOf(state, zone);
  const held = keys.find((key) => key.keyTag === keyTag);
  if (held !== undefined && held.publicKey !== offered.publicKey) return tagHeld(zone, keyTag);
  if (held !== undefined) return takesOver && held === successorOf(keys) ? [tookOver(offered, state)] : [];
  if (keys.length === 0 && !signs) return noKey(zone);
  if (keys.length === 0) return [{ type: 'key.imported', data: { ...offered, successorOf: null, waitSeconds: 0 } }];

  const active = activeKeyOf(keys);
  const successor = successorOf(keys);
  if (active?.successorOf === keyTag) return [];
  const isRelated = active !== undefined && offered.successorOf === active.keyTag;
  if (!isRelated || successor?.stage === 'trusted') return unrelated(offered, active);
  if (retiringKeyOf(keys) !== undefined) return rotationGoesOn(active);
  const waitSeconds = takesOver ? 0 : dnskeyKeptSeconds(state) + peerSecondsOf(state);
  const taken: Fact = { type: 'key.imported', data: { ...offered, waitSeconds } };
  const facts = takesOver ? [taken, tookOver(offered, state)] : [taken];
  if (successor === undefined) return facts;
  if (!takesOver && !isNewer(offered, successor)) return [];
  const reason = `key ${keyTag} of ${offered.from} succeeds in its place: it ${takesOver ? 'signs there' : 'is newer'}`;
  return [{ type: 'key.removed', data: { zone, keyTag: successor.keyTag, reason }, cause: successor.position }, ...facts];
}

/** What everybody else signs with is signed with here, too; the key before it stays to be seen for as long as resolvers keep what it signed. */
function tookOver({ zone, keyTag, from }: Pick<ImportKey, 'zone' | 'keyTag' | 'from'>, state: State): Fact {
  const waitSeconds = recordsKeptSeconds(state, zone) + peerSecondsOf(state);
  return { type: 'key.stage_entered', data: { zone, keyTag, stage: 'active', waitSeconds, evidence: `${from} signs with it` } };
}

/** Made at one moment, the greater key counts as newer, so that all who share their keys choose one. */
function isNewer(one: Pick<ZoneKey, 'createdAt' | 'publicKey'>, than: Pick<ZoneKey, 'createdAt' | 'publicKey'>): boolean {
  return one.createdAt > than.createdAt || (one.createdAt === than.createdAt && one.publicKey > than.publicKey);
}

function unrelated({ zone, keyTag, from }: Pick<ImportKey, 'zone' | 'keyTag' | 'from'>, active: ZoneKey | undefined): Refusal {
  return {
    refused: 'key-unrelated',
    error: `key ${keyTag} of ${zone} from ${from} is no successor of key ${active?.keyTag ?? 'none'}, which signs here`,
    remedy:
      'find out which of them has its DS at the parent; on the other overwatch, stop it, move secrets/dnssec and the log away, and let it sync',
  };
}

function tagHeld(zone: string, keyTag: number): Refusal {
  return { refused: 'key-tag-held', error: `${zone} has another key with the tag ${keyTag}`, remedy: 'make another key' };
}

function noKey(zone: string): Refusal {
  return {
    refused: 'no-key',
    error: `${zone} has no key yet that another one could succeed`,
    remedy: 'wait until a peer has sent its key, or set overwatch.dnssec.bootstrap: true on exactly one overwatch',
  };
}

function unknownZone(zone: string): Refusal {
  return {
    refused: 'unknown-zone',
    error: `${zone} is no zone that this node signs`,
    remedy: 'GET /api/v1/dnssec/status lists the zones that are signed',
  };
}

function noRotation(zone: string): Refusal {
  return {
    refused: 'no-rotation',
    error: `no rotation of ${zone} waits for this`,
    remedy: 'GET /api/v1/dnssec/status says how far its keys are',
  };
}

function notDue({ zone, keyTag, stage }: ZoneKey, until: number, { at }: State): Refusal {
  return {
    refused: 'stage-not-due',
    error: `key ${keyTag} of ${zone} stays ${stage} for another ${durationText(Math.max(until - at, 1))}: resolvers may still keep what was before`,
    remedy: 'repeat it then',
  };
}

/** How long a peer may go without knowing of a key: a wait begins only when every overwatch shows the same. */
function peerSecondsOf({ configuration }: State): number {
  const sync = configuration?.configuration.overwatch.dnssec.key_sync;
  if (sync === undefined || sync.peers.length === 0) return 0;
  return Math.ceil((durationMs(sync.poll_interval) + durationMs(sync.timeout)) / 1_000);
}
