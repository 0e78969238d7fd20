/**
 * A configuration that may be kept and shown: each secret is replaced by its digest under a key that only this node
 * has. Equal secrets have equal digests, so a change is seen, while nobody without the key can test a guess.
 */
import { createHmac } from 'node:crypto';
import type { Configuration } from '../../events/catalogue/configuration.ts';
import { configurationDigest } from '../../projections/configuration.ts';
import type { Path } from './problem.ts';
import { secretPlaces } from './secret-places.ts';

export interface RedactedConfiguration {
  readonly configuration: Configuration;
  /** Of the redacted configuration, so that it can be told to anybody. */
  readonly digest: string;
  /** Digest text to plaintext: how the running node finds what it needs. Never leaves the process. */
  readonly secrets: ReadonlyMap<string, string>;
}

export function withoutSecrets(configuration: Configuration, key: Uint8Array): RedactedConfiguration {
  const redacted = { ...configuration };
  /** What is this configuration's alone. All else is shared: it may be large, and nobody changes it. */
  const own = new Set<object>([redacted]);
  const secrets = new Map<string, string>();
  for (const path of secretPlaces(configuration)) {
    replaceAt(redacted, path, own, (plaintext) => {
      const digestText = `hmac-sha256:${createHmac('sha256', key).update(plaintext).digest('hex')}`;
      secrets.set(digestText, plaintext);
      return digestText;
    });
  }
  return { configuration: redacted, digest: configurationDigest(redacted), secrets };
}

function replaceAt(root: object, path: Path, own: Set<object>, replace: (text: string) => string): void {
  let owner = root;
  for (const step of path.slice(0, -1)) {
    const inner = Reflect.get(owner, step) as object;
    const copy = own.has(inner) ? inner : Array.isArray(inner) ? [...inner] : { ...inner };
    own.add(copy);
    Reflect.set(owner, step, copy);
    owner = copy;
  }
  const last = path.at(-1) as string | number;
  Reflect.set(owner, last, replace(Reflect.get(owner, last) as string));
}
