/**
 * The keys of this node over restarts: what `gossip-key` changed is on stable storage, in a file of this user alone, before
 * it is done, so that neither a restart nor a new thread of the gossip goes back to a key that the others gave up. Refuses a
 * change that it cannot keep, and to start from a file that is damaged: the key of the configuration may be one that is gone.
 *
 *     line 1       the fingerprint of the configured key, as it was when the rest was kept
 *     line 2       the key that seals, in base64
 *     others       keys that only open
 */
import { readFileSync } from 'node:fs';
import { replaceSynced } from '../synced-files.ts';
import type { GossipKeyOutcome, GossipKeys } from './gossip.ts';
import type { KeyAction } from './gossip-commands.ts';
import { GossipError } from './gossip-error.ts';
import { changeKeys, ringOf } from './key-changes.ts';
import { parseKey, whyNoKey } from './key-ring.ts';
import type { startGossip } from './start-gossip.ts';

type KeyTexts = readonly [string, ...string[]];

export interface KeptKeys {
  /** In base64; the first one seals. */
  texts(): KeyTexts;
  /** What a person should know of keys that are not those of the configuration; undefined: they are. */
  readonly warning: string | undefined;
  /** The keys of a gossip that was started with `texts`. */
  of(running: GossipKeys): GossipKeys;
}

/**
 * Which keys a node starts with:
 *
 *     kept         the configured key                       its keys
 *     nothing      any                                      that one
 *     some         the same as when they were kept          the kept ones: it was changed at run time
 *     some         another, which is among the kept         that one seals, and the others open
 *     some         another, which is not                    that one: somebody set out anew
 *
 * Throws a `GossipError` where the file is damaged or cannot be read. A configured key that is none is for `startGossip` to refuse.
 */
export function openKeptKeys(file: string, configured: string): KeptKeys {
  const configuredName = nameOf(configured);
  let texts = startingKeys(readKept(file), configured, configuredName);

  /** Nothing is awaited before the running gossip is asked, so changes reach it in the order in which they were kept. */
  async function change(running: GossipKeys, action: KeyAction, key: string): Promise<GossipKeyOutcome> {
    const { ring, outcome } = changeKeys(ringOf(texts), action, key);
    if ('refused' in outcome) return outcome;
    if (outcome.changed) {
      const byName = new Map([...texts, key].map((text) => [nameOf(text), text]));
      const next = ring.keys.map(({ name }) => byName.get(name) as string) as unknown as KeyTexts;
      const why = whyNotKept(file, [configuredName, ...next]);
      if (why !== undefined) return { refused: why };
      texts = next;
    }
    return running[action](key);
  }

  return {
    texts: () => texts,
    warning: texts[0] === configured ? undefined : warningOf(configuredName, nameOf(texts[0])),
    of: (running) => ({
      list: running.list,
      install: (key) => change(running, 'install', key),
      use: (key) => change(running, 'use', key),
      remove: (key) => change(running, 'remove', key),
    }),
  };
}

/** `startGossip`, with the kept keys in place of the configured one, each time it is called. */
export function withKeptKeys(kept: KeptKeys, start: typeof startGossip): typeof startGossip {
  return async (options) => {
    const [key, ...otherKeys] = kept.texts();
    const gossip = await start({ ...options, key, otherKeys });
    return { ...gossip, keys: kept.of(gossip.keys) };
  };
}

interface Kept {
  readonly configuredName: string;
  readonly texts: KeyTexts;
}

function startingKeys(kept: Kept | undefined, configured: string, configuredName: string): KeyTexts {
  if (kept === undefined) return [configured];
  if (kept.configuredName === configuredName) return kept.texts;
  if (kept.texts.includes(configured)) return [configured, ...kept.texts.filter((text) => text !== configured)];
  return [configured];
}

function readKept(file: string): Kept | undefined {
  let lines: readonly string[];
  try {
    lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(file, error instanceof Error ? error.message : String(error), 'let this user read it', error);
  }
  const [configuredName = '', first, ...others] = lines;
  if (first !== undefined && [first, ...others].every((text) => whyNoKey(text) === undefined))
    return { configuredName, texts: [first, ...others] };
  const remedy = 'write the key that the other members seal with into gossip.encryption_key, and remove the file';
  throw unusable(file, 'it is not as this node wrote it', remedy);
}

function unusable(file: string, why: string, remedy: string, cause?: unknown): GossipError {
  return new GossipError('gossip-keys-unusable', `gossip cannot start, because of ${file}: ${why}`, remedy, cause);
}

/** A sentence with its remedy; undefined: it is kept. */
function whyNotKept(file: string, lines: readonly string[]): string | undefined {
  try {
    replaceSynced(file, `${lines.join('\n')}\n`, 0o600);
    return undefined;
  } catch (error) {
    return `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}; let this user write to its folder`;
  }
}

const nameOf = (text: string) => parseKey(text)?.name ?? '';

const warningOf = (configuredName: string, primaryName: string) =>
  `gossip.encryption_key names the key ${configuredName}, and this node seals with ${primaryName}, as opengslb gossip-key told it; ` +
  'write that key into the configuration, which is all that is left if this folder is lost';
