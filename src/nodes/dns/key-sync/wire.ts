/**
 * What overwatches say to each other about keys: JSON over mutually pinned TLS, two questions. Which keys has a zone,
 * their public parts and how far they are; and, for those that are needed, the private parts. Whatever else comes is
 * nothing: it is read whole or not at all, and reading never throws.
 */
import { z } from 'zod';
import { keyAlgorithms, keyStages } from '../../../events/catalogue/keys.ts';
import { domainName, moment } from '../../../events/catalogue/scalars.ts';
import { keySyncLimits } from './limits.ts';

export const paths = { keys: '/v1/keys', privateKeys: '/v1/private-keys' } as const;
/** Where a certificate that replaced another one carries that one's word for it. */
export const rotationHeader = 'opengslb-rotation';

const { zonesPerRequest, privateKeysPerRequest, keysPerZone, nodeBytesMax, privateKeyTextMax } = keySyncLimits;
const keyTag = z.int().min(0).max(65_535);
const seconds = z.int().nonnegative().max(4_000_000_000);

/** Bytes of a point, by algorithm. */
const pointBytes: Readonly<Record<number, number>> = { 13: 64, 14: 96 };

const listedKey = z
  .object({
    key_tag: keyTag,
    algorithm: z.literal(keyAlgorithms),
    public_key: z.base64().max(256),
    successor_of: keyTag.nullable(),
    stage: z.enum(keyStages),
    created_at: moment,
    /** How long it has been in its stage, and for how long it stays at least; null: time does not end it. */
    stage_seconds: seconds,
    left_seconds: seconds.nullable(),
    /** For how much longer caches may hold what was answered there before that stage. */
    kept_seconds: seconds.optional(),
  })
  .refine((key) => isPoint(key.public_key, key.algorithm));
export type ListedKey = z.output<typeof listedKey>;

/** Written in the one way, so that one key never has two texts. */
function isPoint(text: string, algorithm: number): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === pointBytes[algorithm] && bytes.toString('base64') === text;
}

const listedZone = z.object({
  zone: domainName,
  /** Whether it is to be signed there. */
  signed: z.boolean(),
  keys: z.array(listedKey).max(keysPerZone),
});
export type ListedZone = z.output<typeof listedZone>;

const namedKey = z.object({ zone: domainName, key_tag: keyTag });
export type NamedKey = z.output<typeof namedKey>;

export const messages = {
  zonesAsked: z.object({ zones: z.array(domainName).min(1).max(zonesPerRequest) }),
  listing: z.object({ node: z.string().min(1).max(nodeBytesMax), zones: z.array(listedZone).max(zonesPerRequest) }),
  keysAsked: z.object({ keys: z.array(namedKey).min(1).max(privateKeysPerRequest) }),
  privateKeys: z.object({
    keys: z.array(namedKey.extend({ private_key: z.base64().min(1).max(privateKeyTextMax) })).max(privateKeysPerRequest),
  }),
} as const;
export type Messages = { readonly [Name in keyof typeof messages]: z.output<(typeof messages)[Name]> };

/** Undefined: it is no such message. */
export function readMessage<Name extends keyof Messages>(name: Name, bytes: Buffer): Messages[Name] | undefined {
  try {
    const read = messages[name].safeParse(JSON.parse(bytes.toString('utf8')));
    return read.success ? (read.data as Messages[Name]) : undefined;
  } catch {
    return undefined;
  }
}

export function writeMessage<Name extends keyof Messages>(_name: Name, message: Messages[Name]): Buffer {
  return Buffer.from(JSON.stringify(message));
}
