/**
 * Facts about the keys that zones are signed with. Public parts only: a private key is a file in `secrets/dnssec/`, which
 * is on the disk before the fact that speaks of it. A wait is part of the fact that begins it, because the TTLs that it
 * follows from may be others by the time that it is over.
 */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { domainName, moment } from './scalars.ts';

/** The numbers of RFC 6605: ECDSA on P-256 with SHA-256, and on P-384 with SHA-384. */
export const keyAlgorithms = [13, 14] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** A key of a zone; two keys of one zone never have one tag here. */
const named = { zone: domainName, keyTag: z.int().min(0).max(65_535) };

const publicKey = z.base64().max(256);
const predecessor = named.keyTag.nullable();
const waitSeconds = z.int().nonnegative().max(10_000_000);

/** What anybody may know of a key. */
export const keyParts = {
  ...named,
  algorithm: z.literal(keyAlgorithms),
  /** The point, as a DNSKEY record has it: 64 or 96 bytes. */
  publicKey,
  /** The key of the zone that it is to take over from; null: the zone had none. */
  successorOf: predecessor,
};

/** What a successor goes through, one after the other; the first key of a zone is `active` at once. */
export const keyStages = ['published', 'announced', 'trusted', 'active', 'retiring'] as const;
export type KeyStage = (typeof keyStages)[number];

export const keyGenerated = defineEvent({
  type: 'key.generated',
  code: 50,
  meaning: 'This node made a key for the zone: its first, which signs from now on, or a successor, which is published from now on.',
  data: z.strictObject({
    ...keyParts,
    /** A successor: until every resolver that keeps the old DNSKEY records has forgotten them. A first key: 0. */
    waitSeconds,
  }),
});

export const keyStageEntered = defineEvent({
  type: 'key.stage_entered',
  code: 51,
  meaning: 'The successor went on to this stage; from `active` on the zone is signed with it, and the key before it retires.',
  data: z.strictObject({
    ...named,
    stage: z.enum(['announced', 'trusted', 'active']),
    /** How long the stage lasts at least; 0 for `announced`, which only the parent or an operator ends. */
    waitSeconds,
    /** What showed that the time had come. */
    evidence: z.string().max(2_000),
  }),
});

export const keyImported = defineEvent({
  type: 'key.imported',
  code: 52,
  meaning: 'A key of the zone that was made elsewhere, or that the log knew nothing of, is here from now on.',
  data: z.strictObject({
    ...keyParts,
    waitSeconds,
    /** When it was made. */
    createdAt: moment,
    /** The overwatch that had it, or `file` where it lay in `secrets/dnssec/`. */
    from: z.string().min(1).max(300),
  }),
});

export const keyRemoved = defineEvent({
  type: 'key.removed',
  code: 53,
  meaning: 'The key is none of the zone any more: a successor took over, or was called off or replaced, or the zone is gone.',
  data: z.strictObject({ ...named, reason: z.string().min(1).max(1_000) }),
});

export const keyRefused = defineEvent({
  type: 'key.refused',
  code: 54,
  meaning: 'Another overwatch has a key of the zone that has nothing to do with the one here, and it was not taken over.',
  data: z.strictObject({
    ...named,
    /** The overwatch that has it. */
    from: z.string().min(1).max(300),
    reason: z.string().min(1).max(1_000),
  }),
});
