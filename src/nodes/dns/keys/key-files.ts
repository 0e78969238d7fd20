/**
 * The private keys of zones, one file each: `secrets/dnssec/ZONE+TAG`, PKCS#8 in PEM, for this user alone. A key is on the
 * disk before anything is said of it. One that is missing, damaged or open to others stops the start: signing with another
 * one in its place would make the zone bogus to everybody who has the DS of the first.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MadeKey } from '../../../commands/command.ts';
import type { KeyAlgorithm } from '../../../events/catalogue/keys.ts';
import type { ZoneKey } from '../../../projections/keys.ts';
import { refuseExposed, SecretsError } from '../../configuration/secrets-folder.ts';
import { addAllSynced, makeSyncedFolder, replaceSynced } from '../../synced-files.ts';
import { signingKey } from '../dnssec/signing-key.ts';
import type { SigningKey } from '../dnssec/zone-signing.ts';
import { keyLimits } from './limits.ts';

export interface KeyFiles {
  /** Makes a key for each zone, whose tag no other one of the zone has, and puts all of them on the disk. */
  make(zones: readonly string[], algorithm: KeyAlgorithm): readonly (MadeKey & { readonly zone: string })[];
  /** Puts a key from elsewhere on the disk. Throws `SecretsError` where another one has its name. */
  add(zone: string, privateKey: KeyObject): void;
  /** The key that the log speaks of. Throws `SecretsError` where it is not here. */
  open(key: Pick<ZoneKey, 'zone' | 'keyTag' | 'publicKey'>): SigningKey;
  /** The keys of a zone that lie here. */
  of(zone: string): readonly MadeKey[];
  /** Removes a key that the log speaks of no more. */
  remove(zone: string, keyTag: number): void;
}

const mode = 0o600;
const curves: Readonly<Record<KeyAlgorithm, string>> = { 13: 'P-256', 14: 'P-384' };

/** `example.com+12345`: no zone has a plus in its name. */
const fileName = (zone: string, keyTag: number) => `${zone}+${keyTag}`;

/** Opens the folder in the node's secrets, or makes it. Throws `SecretsError`. */
export function openKeyFiles(secrets: string): KeyFiles {
  const folder = join(secrets, 'dnssec');
  const tags = orUnavailable(folder, () => {
    makeSyncedFolder(folder);
    refuseExposed(folder, lstatSync(folder).mode, '700');
    const names = readdirSync(folder);
    // What a crash left half made was never spoken of.
    for (const name of names) if (name.endsWith('.new')) rmSync(join(folder, name));
    return tagsIn(names);
  });
  /** What was made here needs no reading. */
  const fresh = new Map<string, SigningKey>();
  const pathOf = (zone: string, keyTag: number) => join(folder, fileName(zone, keyTag));

  return {
    make(zones, algorithm) {
      const made = zones.map((zone) => ({ zone, ...generateFor(tags.get(zone), algorithm) }));
      const contents = made.map(({ zone, key, privateKey }) => [fileName(zone, key.keyTag), pemOf(privateKey)] as const);
      orUnavailable(folder, () => addAllSynced(folder, new Map(contents), mode));
      for (const { zone, key } of made) {
        tags.set(zone, (tags.get(zone) ?? new Set()).add(key.keyTag));
        fresh.set(fileName(zone, key.keyTag), key);
      }
      return made.map(({ zone, key }) => ({ zone, ...publicPart(key) }));
    },
    add(zone, privateKey) {
      const key = signingKey(privateKey);
      const path = pathOf(zone, key.keyTag);
      orUnavailable(path, () => {
        const lying = read(path);
        if (lying !== undefined && publicPart(lying).publicKey !== publicPart(key).publicKey)
          throw damaged(path, `is another key than key ${key.keyTag} of ${zone} that came from elsewhere`);
        replaceSynced(path, pemOf(privateKey), mode);
      });
      tags.set(zone, (tags.get(zone) ?? new Set()).add(key.keyTag));
      fresh.set(fileName(zone, key.keyTag), key);
    },
    open({ zone, keyTag, publicKey }) {
      const path = pathOf(zone, keyTag);
      const key = fresh.get(fileName(zone, keyTag)) ?? orUnavailable(path, () => read(path));
      if (key === undefined) throw missing(path, zone, keyTag);
      if (publicPart(key).publicKey !== publicKey) throw damaged(path, `is not key ${keyTag} of ${zone} that the log speaks of`);
      return key;
    },
    of(zone) {
      return [...(tags.get(zone) ?? [])].map((keyTag) => {
        const path = pathOf(zone, keyTag);
        const key = orUnavailable(path, () => read(path));
        if (key === undefined) throw missing(path, zone, keyTag);
        if (key.keyTag !== keyTag) throw damaged(path, `holds a key with the tag ${key.keyTag}`);
        return publicPart(key);
      });
    },
    remove(zone, keyTag) {
      const path = pathOf(zone, keyTag);
      orUnavailable(path, () => rmSync(path, { force: true }));
      tags.get(zone)?.delete(keyTag);
      fresh.delete(fileName(zone, keyTag));
    },
  };
}

function tagsIn(names: readonly string[]): Map<string, Set<number>> {
  const tags = new Map<string, Set<number>>();
  for (const name of names) {
    const [, zone = '', tag] = /^([^+]+)\+(\d{1,5})$/.exec(name) ?? [];
    if (tag !== undefined) tags.set(zone, (tags.get(zone) ?? new Set()).add(Number(tag)));
  }
  return tags;
}

function generate(algorithm: KeyAlgorithm): { readonly privateKey: KeyObject; readonly key: SigningKey } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curves[algorithm] });
  return { privateKey, key: signingKey(privateKey) };
}

function generateFor(taken: ReadonlySet<number> | undefined, algorithm: KeyAlgorithm): ReturnType<typeof generate> {
  for (;;) {
    const made = generate(algorithm);
    if (!taken?.has(made.key.keyTag)) return made;
  }
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** What stands behind flags, protocol and algorithm in the DNSKEY is the point. */
const bytesBeforePoint = 4;

function publicPart({ keyTag, algorithm, dnskey }: SigningKey): MadeKey {
  return { keyTag, algorithm, publicKey: Buffer.from(dnskey.subarray(bytesBeforePoint)).toString('base64') };
}

/** The key in a file; undefined: there is no such file. What is in it instead is never shown. */
function read(path: string): SigningKey | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const status = fstatSync(descriptor);
    refuseExposed(path, status.mode, '600');
    if (status.isFile() && status.size <= keyLimits.fileBytesMax) return parsed(readFileSync(descriptor));
  } finally {
    closeSync(descriptor);
  }
  throw damaged(path, 'is no key file');
}

function parsed(pem: Buffer): SigningKey | undefined {
  try {
    return signingKey(createPrivateKey(pem));
  } catch {
    return undefined;
  }
}

function damaged(path: string, what: string): SecretsError {
  return new SecretsError('secrets-damaged', `${path} ${what}`, 'restore it from a backup of secrets/dnssec');
}

function missing(path: string, zone: string, keyTag: number): SecretsError {
  return new SecretsError(
    'secrets-damaged',
    `${path} is missing or holds no private key: key ${keyTag} of ${zone} cannot sign`,
    'restore it from a backup of secrets/dnssec, or copy it from an overwatch that shares its keys; without any, take the DS of ' +
      `${zone} out of the parent, wait until its TTL is over, start without the zone, run "opengslb dnssec remove" for it, and reload with it`,
  );
}

function orUnavailable<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SecretsError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SecretsError('secrets-unavailable', `${path} cannot be used: ${reason}`, 'let this user write to overwatch.data_dir', error);
  }
}

/** Only a person can tell which of them has its DS at the parent. */
export function severalKeys(zone: string, tags: readonly (number | undefined)[]): SecretsError {
  return new SecretsError(
    'secrets-damaged',
    `the log knows no key of ${zone}, and several lie in secrets/dnssec: ${tags.join(', ')}`,
    'leave the one whose DS is at the parent there (its tag is the first number of the DS), and move the others away',
  );
}
