/**
 * The keys of a node: opens those that the log speaks of, makes the first ones, and carries rotations on, each step as a
 * fact. It decides nothing: when a step is due follows from the state, and whether it may be taken is a command's to say.
 * Whoever signs asks it for the keys of a zone; it hands out no private key as text, ever.
 *
 *     a zone without keys, and                             what is done
 *     one key of it lies in secrets/dnssec                 it is used: the log was lost, and its DS may be at the parent
 *     several do                                           the start ends with a sentence: one of them must be chosen
 *     none does, and this node may make keys               one is made
 *     none does, and this node may not                     it waits for a peer's
 */
import type { KeyObject } from 'node:crypto';
import { type ImportKey, isRefusal, type MadeKey, type Order, type Refusal } from '../../../commands/command.ts';
import { rotationRefusal } from '../../../commands/keys.ts';
import type { KeyAlgorithm } from '../../../events/catalogue/keys.ts';
import { durationMs } from '../../../events/duration.ts';
import type { Actor, Event } from '../../../events/event.ts';
import { assertNever } from '../../../projections/assert-never.ts';
import type { ConfigurationInForce } from '../../../projections/configuration.ts';
import {
  activeKeyOf,
  isSigned,
  keysOf,
  mayMakeKeys,
  retiringKeyOf,
  stepOfZone,
  successorOf,
  type ZoneKey,
} from '../../../projections/keys.ts';
import { dnskeyTtlSecondsOf } from '../../../projections/record-ttls.ts';
import { SecretsError } from '../../configuration/secrets-folder.ts';
import type { Engine, Listener, Outcome } from '../../engine.ts';
import type { Logger } from '../../logger.ts';
import type { Clock } from '../../world.ts';
import type { SigningKey, ZoneSigning } from '../dnssec/zone-signing.ts';
import { type KeyFiles, openKeyFiles, severalKeys } from './key-files.ts';
import { keyLimits } from './limits.ts';
import { lookLater } from './look-later.ts';
import type { ParentResolver } from './parent-servers.ts';
import { createParentWatch, isConfirmed, type LastLook, type ParentWatch } from './parent-watch.ts';
import { apexOf } from './public-records.ts';
import { zoneSigningOf } from './zone-signing-of.ts';

export interface KeysParts {
  /** It runs, and has its configuration. */
  readonly engine: Engine;
  readonly clock: Clock;
  /** `DATA_DIR/secrets`. */
  readonly secrets: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Hears of zones that are to be signed anew, after each fact about their keys. */
  readonly onChange?: (zone: string) => void;
  /** Since when clients are answered with what a fact about the zone's keys, which came then, says; undefined: not yet. Default: since the fact. */
  readonly shownSince?: (zone: string, factAt: number) => number | undefined;
  /** Finds the servers of parents. Default: the system's. */
  readonly resolver?: ParentResolver;
}

export interface Keys {
  /** For the engine: hears what is folded. */
  readonly listener: Listener;
  /** What the zone shows and signs with now; undefined: it is not signed, or has no key yet. */
  signingOf(zone: string): ZoneSigning | undefined;
  /** Whether the private key is here. */
  canSign(key: ZoneKey): boolean;
  /** Zones that are to be signed and wait for a peer's key. */
  waiting(): readonly string[];
  /** Begins a rotation: makes the successor, puts it on the disk, and says so. */
  rotate(
    zone: string,
    actor: Actor,
    requestKey?: string,
  ): Promise<Refusal | { readonly events: readonly Event[]; readonly repeated: boolean }>;
  /** Takes over a key from elsewhere, which belongs to what the order says: puts it on the disk, and says so. */
  take(order: Omit<ImportKey, 'kind'>, privateKey: KeyObject): Promise<Outcome>;
  /** A key that is here, to sign with. */
  signingKeyOf(zone: string, keyTag: number): SigningKey | undefined;
  /** From now on a rotation goes on only where this says nothing: others that sign the zone may be behind. */
  heed(objection: Objection): void;
  /** Since when clients are answered with what the stage of a key is about; undefined: not yet. */
  shownSince(key: ZoneKey): number | undefined;
  /** Why a step that is due is not taken. */
  heldUpBy(zone: string): string | undefined;
  lastLook(zone: string): LastLook | undefined;
  /** The looks at parents, by what came of them. */
  readonly looks: ParentWatch['counts'];
  /** From now on what is due is done. */
  begin(): void;
  /** What is being asked is given up, and what is being done is ended. */
  stop(): Promise<void>;
}

/** Who must not be left behind by a step of a rotation, in words; undefined: nobody. */
export type Objection = (key: ZoneKey, step: 'announced' | 'remove') => string | undefined;

const system: Actor = { kind: 'system', name: 'keys' };
const algorithms: Readonly<Record<'ECDSAP256SHA256' | 'ECDSAP384SHA384', KeyAlgorithm>> = { ECDSAP256SHA256: 13, ECDSAP384SHA384: 14 };
const nameOfKey = ({ zone, keyTag }: Pick<ZoneKey, 'zone' | 'keyTag'>) => `${zone}+${keyTag}`;

/** Rejects with a `SecretsError` where a key that is needed is not to be had; nothing is signed with another in its place. */
export async function openKeys({ engine, clock, secrets, logger, onChange, resolver, ...parts }: KeysParts): Promise<Keys> {
  const { state } = engine;
  const files: KeyFiles = openKeyFiles(secrets);
  const opened = new Map<string, SigningKey>();
  const { shownSince = (_zone: string, factAt: number) => factAt } = parts;
  const signings = new Map<string, { readonly of: readonly ZoneKey[]; readonly ttl: number; readonly signing: ZoneSigning | undefined }>();
  const intervalMs = () => durationMs(settings()?.parent_interval ?? '5m');
  const watch = createParentWatch({ clock, resolver, parents: () => settings()?.parents, intervalMs });
  /** Zones to look at; those that are asked about, or that something failed for, are looked at again. */
  const due = new Set<string>();
  const again = new Set<string>();
  const later = lookLater(clock, (zone) => look([zone]));
  let objection: Objection = () => undefined;
  let running = false;
  let working: Promise<void> | undefined;
  let callOff: (() => void) | undefined;

  function keyOf(key: ZoneKey): SigningKey {
    const name = nameOfKey(key);
    const known = opened.get(name) ?? files.open(key);
    opened.set(name, known);
    return known;
  }

  function signingOf(zone: string): ZoneSigning | undefined {
    if (!isSigned(state, zone)) return undefined;
    const keys = keysOf(state, zone);
    const ttl = dnskeyTtlSecondsOf((state.configuration as ConfigurationInForce).configuration);
    const cached = signings.get(zone);
    if (cached?.of === keys && cached.ttl === ttl) return cached.signing;
    const signing = orTold(zone, () => zoneSigningOf(apexOf(zone), keys, ttl, keyOf));
    signings.set(zone, { of: keys, ttl, signing });
    return signing;
  }

  /** At the start a key that is gone ends it; of a zone that comes back later it is told, and the zone has no key. */
  function orTold<T>(zone: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
      logger.error({ zone, code: error.code }, `keys: ${error.message}; ${error.remedy}`);
      return undefined;
    }
  }

  const settings = () => state.configuration?.configuration.overwatch.dnssec;
  const signedZones = () => [...(state.configuration?.zones ?? [])].filter((zone) => isSigned(state, zone));

  /** Carries an order of our own out. A refusal is told, and the zone is looked at again. */
  async function give(zones: readonly string[], command: Order['command']): Promise<void> {
    const outcome = await engine.execute({ command, actor: system });
    if (!isRefusal(outcome)) return;
    for (const zone of zones) again.add(zone);
    logger.warn({ zones: zones.slice(0, 10) }, `keys: ${outcome.error}; ${outcome.remedy}`);
  }

  /** The table at the top, for all zones without keys at once. */
  async function addFirstKeys(zones: readonly string[]): Promise<void> {
    const dnssec = settings();
    const bare: string[] = [];
    for (const zone of zones) {
      const [lying, ...others] = files.of(zone);
      if (others.length > 0)
        throw severalKeys(
          zone,
          [lying, ...others].map((key) => key?.keyTag),
        );
      if (lying !== undefined) {
        logger.warn(
          { zone, keyTag: lying.keyTag },
          'the log knows no key of this zone, and one lies in secrets/dnssec: it signs from now on',
        );
        await give([zone], { kind: 'importKey', zone, ...lying, successorOf: null, signs: true, createdAt: clock.now(), from: 'file' });
      } else bare.push(zone);
    }
    if (dnssec === undefined || !mayMakeKeys(dnssec)) return;
    for (let from = 0; from < bare.length; from += keyLimits.firstKeysAtOnce) {
      const some = bare.slice(from, from + keyLimits.firstKeysAtOnce);
      const made = files.make(some, algorithms[dnssec.algorithm]);
      await give(some, { kind: 'addFirstKeys', made });
      const signed = made.filter(({ zone }) => state.keys.has(zone)).map(({ zone, keyTag }) => `${zone} ${keyTag}`);
      logger.info(
        { count: signed.length, keys: signed.slice(0, 10) },
        'keys were made for zones; "opengslb dnssec ds" shows what their parents need',
      );
    }
  }

  const withoutKeys = () => signedZones().filter((zone) => keysOf(state, zone).length === 0);

  async function rotate(zone: string, actor: Actor, requestKey?: string) {
    const order = (made: MadeKey): Order => ({
      ...{ command: { kind: 'startRotation', zone, made }, actor },
      ...(requestKey !== undefined && { key: requestKey }),
    });
    // What was carried out under this key before says so without a new key.
    if (requestKey !== undefined && state.requests.has(requestKey)) return engine.execute(order(noKey));
    const refusal = rotationRefusal(state, zone);
    if (refusal !== undefined) return refusal;
    const active = activeKeyOf(keysOf(state, zone)) as ZoneKey;
    const [of] = files.make([zone], active.algorithm);
    const { zone: _its, ...made } = of as MadeKey & { readonly zone: string };
    const outcome = await engine.execute(order(made));
    // A disk that refuses may have kept the fact all the same, and then the key is needed.
    const isNeeded = isRefusal(outcome) ? outcome.refused === 'log-unavailable' : !outcome.repeated;
    if (!isNeeded) files.remove(zone, made.keyTag);
    return outcome;
  }

  async function take(command: Omit<ImportKey, 'kind'>, privateKey: KeyObject): Promise<Outcome> {
    const { zone, keyTag } = command;
    const isHere = () => keysOf(state, zone).some((key) => key.keyTag === keyTag);
    if (!isHere()) files.add(zone, privateKey);
    const outcome = await engine.execute({ command: { kind: 'importKey', ...command }, actor: system });
    // A disk that refuses may have kept the fact all the same, and then the key is needed.
    if (!isHere() && !(isRefusal(outcome) && outcome.refused === 'log-unavailable')) files.remove(zone, keyTag);
    return outcome;
  }

  /** Whoever is behind is told of at the next look, which is soon. */
  function heldUpBy(zone: string): string | undefined {
    const keys = keysOf(state, zone);
    const next = stepOfZone(state, zone);
    const key = successorOf(keys) ?? activeKeyOf(keys);
    if (key === undefined || next === undefined || next.at > clock.now()) return undefined;
    return next.step === 'announced' || next.step === 'remove' ? objection(key, next.step) : undefined;
  }

  /** A wait that ends at `until` by its fact ends as much later as clients were answered with it later; undefined: they are not yet. */
  function atWhichShownLongEnough({ zone, since }: ZoneKey, until: number): number | undefined {
    const shown = shownSince(zone, since);
    return shown === undefined ? undefined : until + Math.max(0, shown - since);
  }

  /** Does what is due for a zone, if anything is. */
  async function step(zone: string): Promise<void> {
    if (!isSigned(state, zone)) return;
    const keys = keysOf(state, zone);
    const next = stepOfZone(state, zone);
    if (next === undefined || next.at > clock.now()) return;
    const successor = successorOf(keys);
    const shownAt = next.step === 'rotate' ? next.at : atWhichShownLongEnough(retiringKeyOf(keys) ?? (successor as ZoneKey), next.at);
    if (shownAt === undefined || shownAt > clock.now()) {
      later.at(zone, shownAt ?? clock.now() + keyLimits.lookForLayoutMs);
      return;
    }
    if (heldUpBy(zone) !== undefined) {
      again.add(zone);
      return;
    }
    switch (next.step) {
      case 'rotate': {
        const outcome = await rotate(zone, system);
        if (isRefusal(outcome)) again.add(zone);
        return;
      }
      case 'announced':
      case 'active':
        if (successor !== undefined) await give([zone], { kind: 'enterKeyStage', zone, keyTag: successor.keyTag, stage: next.step });
        return;
      case 'ask-parent':
        again.add(zone);
        if (successor !== undefined) await askParent(successor);
        return;
      case 'remove': {
        const retiring = retiringKeyOf(keys);
        if (retiring !== undefined) await give([zone], { kind: 'removeRetiredKey', zone, keyTag: retiring.keyTag });
        return;
      }
      default:
        assertNever(next.step);
    }
  }

  async function askParent(successor: ZoneKey): Promise<void> {
    const look = await watch.ask(successor);
    if (look === undefined) return;
    const { zone, keyTag } = successor;
    logger.info({ zone, keyTag, verdict: look.verdict }, look.found);
    if (!isConfirmed(look)) return;
    await give([zone], { kind: 'confirmDs', zone, keyTag, dsTtlSeconds: look.ttlSecondsMax, evidence: look.found.slice(0, 2_000) });
  }

  /** Zones that have none get a key together; then one after the other: a rotation takes days, and nobody waits for it. */
  async function work(): Promise<void> {
    await orLater(withoutKeys(), addFirstKeys);
    for (const zone of due) {
      due.delete(zone);
      if (!running) return;
      await orLater([zone], () => step(zone));
    }
  }

  /** What the disk refuses is told, and tried again. */
  async function orLater(zones: readonly string[], work: (zones: readonly string[]) => Promise<void>): Promise<void> {
    try {
      await work(zones);
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
      for (const zone of zones) again.add(zone);
      logger.error({ zones: zones.slice(0, 10), code: error.code }, `keys: ${error.message}; ${error.remedy}`);
    }
  }

  function look(zones: Iterable<string>): void {
    for (const zone of zones) due.add(zone);
    if (!running || working !== undefined || due.size === 0) return;
    working = work().finally(() => {
      working = undefined;
      look([]);
    });
  }

  function lookAgainAndAgain(): void {
    const zones = [...again];
    again.clear();
    look(zones);
    callOff = clock.wakeAt(clock.now() + Math.min(keyLimits.lookEveryMs, intervalMs()), lookAgainAndAgain);
  }

  function forget(zone: string, keyTag: number): void {
    opened.delete(nameOfKey({ zone, keyTag }));
    watch.forget({ zone, keyTag });
    try {
      files.remove(zone, keyTag);
    } catch (error) {
      logger.warn({ err: error }, 'the file of a key that is none any more could not be removed; remove it by hand');
    }
  }

  const listener: Listener = ({ cause }) => {
    if ('deadline' in cause) {
      if (cause.deadline.kind === 'key-due') look([cause.deadline.key]);
      return;
    }
    const { event } = cause;
    if (event.type === 'configuration.applied') look(signedZones());
    if (
      event.type !== 'key.generated' &&
      event.type !== 'key.stage_entered' &&
      event.type !== 'key.imported' &&
      event.type !== 'key.removed'
    )
      return;
    const { zone, keyTag } = event.data;
    if (event.type === 'key.removed') forget(zone, keyTag);
    onChange?.(zone);
    look([zone]);
  };

  for (const zone of signedZones()) for (const key of keysOf(state, zone)) keyOf(key);
  await addFirstKeys(withoutKeys());
  for (const zone of withoutKeys())
    logger.warn(
      { zone },
      'the zone has no key yet and waits for that of a peer; without any, set overwatch.dnssec.bootstrap on one overwatch',
    );

  return {
    listener,
    signingOf,
    canSign: (key) => opened.has(nameOfKey(key)),
    waiting: () => signedZones().filter((zone) => signingOf(zone) === undefined),
    ...{ rotate, take, heldUpBy, shownSince: ({ zone, since }) => shownSince(zone, since) },
    signingKeyOf(zone, keyTag) {
      const key = keysOf(state, zone).find((one) => one.keyTag === keyTag);
      return key && orTold(zone, () => keyOf(key));
    },
    heed(given) {
      objection = given;
    },
    lastLook(zone) {
      const successor = successorOf(keysOf(state, zone));
      return successor && watch.lastLook(successor);
    },
    looks: watch.counts,
    begin() {
      running = true;
      look(signedZones());
      callOff = clock.wakeAt(clock.now() + Math.min(keyLimits.lookEveryMs, intervalMs()), lookAgainAndAgain);
    },
    async stop() {
      running = false;
      callOff?.();
      later.callOff();
      watch.stop();
      await working;
    },
  };
}

/** In the place of a key that is not needed. */
const noKey: MadeKey = { keyTag: 0, algorithm: 13, publicKey: '' };
