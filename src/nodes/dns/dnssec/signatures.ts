/**
 * Signatures, made once and kept until they must be renewed. Whoever asks gets ones that are good now: never one that has
 * expired or begins in the future, whatever the clock did in between. Which is which only the clock of the moment
 * decides, because nothing here can tell a clock that was wrong from one that is; a step of the clock costs work, and no
 * answer.
 *
 *     |<- 1 h ->|<------------- 7 days ------------->|<- up to 1 day, by chance ->|
 *     inception now            |<------- renewed when less than 3 days are left ->| expiration
 *
 * Whoever keeps what it got (a table of ready replies) asks again every `askAgainMs`, and when the clock has stepped.
 */
import { createHash } from 'node:crypto';
import type { Chance } from '../../world.ts';
import { types } from '../codes.ts';
import type { Name } from '../names.ts';
import type { RRset } from '../reply.ts';
import type { Zone } from '../zone.ts';
import { rrsigHead, signedRecords, type Validity } from './rrsig.ts';
import { type SignatureShelf, signatureShelf } from './signature-shelf.ts';
import { signatureBytes } from './signing-key.ts';
import type { Signatures, SigningKey, ZoneSigning } from './zone-signing.ts';

const hourSeconds = 3600;
const daySeconds = 24 * hourSeconds;

export const signatureTimes = {
  /** For clocks of resolvers that are late. */
  beforeSeconds: hourSeconds,
  validSeconds: 7 * daySeconds,
  /** What was signed at one moment comes due over this time. */
  spreadSeconds: daySeconds,
  /** Longer than any TTL, and than a weekend in which nobody looks. */
  renewSeconds: 3 * daySeconds,
  /** Much less than `renewSeconds`. */
  askAgainMs: hourSeconds * 1000,
} as const;

export interface SignatureOptions {
  /** Undefined where the zone is not signed. */
  readonly signingOf: (zone: Zone) => ZoneSigning | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Draws how much longer than the others a signature is good. */
  readonly chance: Chance;
}

/** A signature that has to be made. */
export interface SigningTask {
  readonly key: SigningKey;
  /** What is signed. */
  readonly data: Uint8Array;
  keep(signature: Uint8Array): void;
}

export interface SignatureStore extends Signatures {
  /** What would have to be signed for `of` to have everything ready. */
  tasksFor(zone: Zone, rrset: RRset): readonly SigningTask[];
  /** Lets go of what other zones had. */
  keepOnly(zones: Iterable<Zone>): void;
  /** How many are kept, and in how much memory. */
  readonly kept: { readonly signatures: number; readonly bytes: number };
}

/** What the keys of a zone have signed, by their DNSKEY. */
interface ZoneShelves {
  signing: ZoneSigning;
  shelves: ReadonlyMap<SigningKey, SignatureShelf>;
}

export function createSignatureStore({ signingOf, now, chance }: SignatureOptions): SignatureStore {
  const zones = new Map<Name, ZoneShelves>();
  const secondsNow = () => Math.floor(now() / 1000);
  const isGood = (validity: Validity) => isGoodAt(validity, secondsNow());

  const shelvesOf = (zone: Zone, signing: ZoneSigning): ReadonlyMap<SigningKey, SignatureShelf> => {
    const before = zones.get(zone.apex);
    if (before?.signing === signing) return before.shelves;
    const shelves = shelvesFor(signing, before?.shelves ?? new Map(), isGood);
    zones.set(zone.apex, { signing, shelves });
    return shelves;
  };
  /** For each key that signs the RRset: what it has signed, or the task of it. */
  const look = <T>(zone: Zone, rrset: RRset, each: (look: Look) => T): T[] => {
    const signing = signingOf(zone);
    if (signing === undefined) return [];
    const shelves = shelvesOf(zone, signing);
    const records = signedRecords(rrset);
    const digest = createHash('sha256').update(records).digest();
    return signersOf(rrset, signing).map((key) => {
      const shelf = shelves.get(key) as SignatureShelf;
      const head = (validity: Validity) => rrsigHead(rrset, { zone: zone.apex, keyTag: key.keyTag, algorithm: key.algorithm }, validity);
      const found = shelf.find(digest);
      if (found !== undefined && isGood(found)) return each({ kept: Buffer.concat([head(found), found.signature]) });
      const validity = validityFrom(secondsNow(), chance());
      const newHead = head(validity);
      const data = Buffer.concat([newHead, records]);
      const keep = (signature: Uint8Array) => shelf.keep(digest, validity, signature);
      return each({ task: { key, data, keep }, head: newHead });
    });
  };

  return {
    of: (zone, rrset) => look(zone, rrset, (found) => ('kept' in found ? found.kept : signNow(found))),
    tasksFor: (zone, rrset) => look(zone, rrset, (found) => ('task' in found ? [found.task] : [])).flat(),
    keepOnly(those) {
      const stay = new Set([...those].map((zone) => zone.apex));
      for (const apex of zones.keys()) if (!stay.has(apex)) zones.delete(apex);
    },
    get kept() {
      const shelves = [...zones.values()].flatMap((zone) => [...new Set(zone.shelves.values())]);
      const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
      return { signatures: sum(shelves.map((shelf) => shelf.size)), bytes: sum(shelves.map((shelf) => shelf.bytes)) };
    },
  };
}

type Look = { readonly kept: Uint8Array } | { readonly task: SigningTask; readonly head: Uint8Array };

function signNow({ task, head }: Extract<Look, { task: SigningTask }>): Uint8Array {
  const signature = task.key.sign(task.data);
  task.keep(signature);
  return Buffer.concat([head, signature]);
}

/** The RRsets about keys are signed by every key that a validator may start from, all else by one. */
function signersOf(rrset: RRset, signing: ZoneSigning): readonly SigningKey[] {
  const isAboutKeys = rrset.type === types.DNSKEY || rrset.type === types.CDS || rrset.type === types.CDNSKEY;
  return isAboutKeys ? signing.dnskeySigners : [signing.dataKey];
}

/** A shelf for each key of the zone: the one that it had, also where the key was read anew and is another object now. */
function shelvesFor(
  signing: ZoneSigning,
  before: ReadonlyMap<SigningKey, SignatureShelf>,
  isWorthKeeping: (validity: Validity) => boolean,
): ReadonlyMap<SigningKey, SignatureShelf> {
  const idOf = (key: SigningKey) => Buffer.from(key.dnskey).toString('latin1');
  const byId = new Map([...before].map(([key, shelf]) => [idOf(key), shelf]));
  const shelves = new Map<SigningKey, SignatureShelf>();
  for (const key of [signing.dataKey, ...signing.dnskeySigners]) {
    const shelf = byId.get(idOf(key)) ?? signatureShelf(signatureBytes[key.algorithm], isWorthKeeping);
    byId.set(idOf(key), shelf);
    shelves.set(key, shelf);
  }
  return shelves;
}

/** `share`: from 0 to 1, how much of the spread is added. */
function validityFrom(nowSeconds: number, share: number): Validity {
  const { beforeSeconds, validSeconds, spreadSeconds } = signatureTimes;
  return { inception: nowSeconds - beforeSeconds, expiration: nowSeconds + validSeconds + Math.floor(share * spreadSeconds) };
}

/** Serial numbers are compared by their distance, so that this holds beyond 2106 as well. */
function isGoodAt({ inception, expiration }: Validity, nowSeconds: number): boolean {
  return ((nowSeconds - inception) | 0) >= 0 && ((expiration - nowSeconds) | 0) >= signatureTimes.renewSeconds;
}
