/**
 * What is done with a peer's keys: each that is wanted here is fetched, checked against what was said of it, and taken
 * over; one that has nothing to do with the one here is refused, and told. Whether a key is wanted is `importKey`'s to
 * say, before anything private is asked for and again when its turn comes.
 */
import { isRefusal, type Refusal } from '../../../commands/command.ts';
import { importKey } from '../../../commands/keys.ts';
import { assertNever } from '../../../projections/assert-never.ts';
import { keysOf, successorOf } from '../../../projections/keys.ts';
import type { State } from '../../../projections/state.ts';
import type { Engine } from '../../engine.ts';
import type { Keys } from '../keys/keys.ts';
import { type Conversation, PeerFailure } from './ask.ts';
import { keySyncLimits } from './limits.ts';
import { readPrivateKey } from './offered-key.ts';
import { listedOf, type Offer, offersOf } from './offers.ts';
import type { ListedZone } from './wire.ts';

export interface TakeOverParts {
  readonly engine: Pick<Engine, 'state' | 'execute'>;
  readonly keys: Pick<Keys, 'take'>;
  readonly conversation: Conversation;
  /** The peer, as facts name it. */
  readonly from: string;
  readonly onRefused: (offer: Offer, refusal: Refusal) => void;
}

/** How many keys were taken. Rejects with a `PeerFailure` where the peer sends what it must not. */
export async function takeOver(parts: TakeOverParts, listed: readonly ListedZone[]): Promise<number> {
  const { engine, from } = parts;
  let taken = 0;
  for (const some of inParts(listed.filter(isServed(engine.state)), keySyncLimits.privateKeysPerRequest / keySyncLimits.keysPerZone)) {
    const considered = some.flatMap((zone) => offersOf(zone, keysOf(engine.state, zone.zone), from).map((offer) => ({ zone, offer })));
    const wanted = considered.filter(({ offer }) => isWanted(parts, offer));
    const privateKeys = await fetched(parts, wanted);
    for (const [place, { offer }] of wanted.entries()) {
      const outcome = await parts.keys.take(offer, privateKeys[place] as NonNullable<(typeof privateKeys)[number]>);
      if (isRefusal(outcome)) tell(parts, offer, outcome);
      else if (outcome.events.some(({ type }) => type === 'key.imported')) taken += 1;
    }
    for (const zone of some) await follow(parts, zone);
  }
  return taken;
}

const isServed =
  ({ configuration }: State) =>
  ({ zone }: ListedZone) =>
    configuration?.zones.has(zone) === true;

/** Of a zone without a key the first that comes makes way for the next, so all of them are wanted. */
function isWanted(parts: TakeOverParts, offer: Offer): boolean {
  const { state } = parts.engine;
  if (keysOf(state, offer.zone).length === 0) return true;
  const decision = importKey({ kind: 'importKey', ...offer }, state);
  if (!Array.isArray(decision)) tell(parts, offer, decision as Refusal);
  return Array.isArray(decision) && decision.length > 0;
}

/** What stands in the way is an alarm only where two overwatches sign with keys that have nothing to do with each other. */
function tell({ onRefused }: TakeOverParts, offer: Offer, refusal: Refusal): void {
  if (refusal.refused === 'key-unrelated' || refusal.refused === 'key-tag-held') onRefused(offer, refusal);
}

async function fetched({ conversation }: TakeOverParts, wanted: readonly { readonly zone: ListedZone; readonly offer: Offer }[]) {
  if (wanted.length === 0) return [];
  const texts = await conversation.privateKeys(wanted.map(({ offer }) => ({ zone: offer.zone, key_tag: offer.keyTag })));
  return wanted.map(({ zone, offer }, place) => {
    const listed = listedOf(zone, offer);
    const text = texts[place];
    const key = listed === undefined || text === undefined ? undefined : readPrivateKey(text, listed);
    if (key === undefined) throw new PeerFailure(`what it sent is not the private key ${offer.keyTag} of ${offer.zone}`);
    return key;
  });
}

/**
 * A peer that saw the new DS at every server of the parent has seen it for all: the keys are the same. It goes on here
 * even where this node cannot ask the parent.
 *
 *     the successor here   the same key there   done
 *     announced            trusted              trusted, for as long as it is there
 *     announced            active               trusted, for as long as peers may not know
 *     anywhere else        anything             nothing: its wait is its own
 */
async function follow({ engine, from }: TakeOverParts, { zone, keys }: ListedZone): Promise<void> {
  const successor = successorOf(keysOf(engine.state, zone));
  const there = keys.find(({ public_key: publicKey }) => publicKey === successor?.publicKey);
  if (successor?.stage !== 'announced' || there === undefined) return;
  const { stage, left_seconds: left } = there;
  switch (stage) {
    case 'trusted':
    case 'active':
    case 'retiring': {
      const evidence = `${from} has it at the parent: it is ${stage} there`;
      const dsTtlSeconds = stage === 'trusted' ? (left ?? 0) : 0;
      await engine.execute({
        command: { kind: 'confirmDs', zone, keyTag: successor.keyTag, dsTtlSeconds, evidence },
        actor: { kind: 'system', name: 'key sync' },
      });
      return;
    }
    case 'published':
    case 'announced':
      return;
    default:
      assertNever(stage);
  }
}

/** In lists of at most `size`. */
export function* inParts<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += size) yield all.slice(from, from + size);
}
