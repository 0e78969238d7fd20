/**
 * Signed answers: the keys of the zones, what they have signed, and the table that says it, kept together. Everything is
 * signed before DNS opens; what comes due is signed anew, with every core, before it is said; and another stage of a key
 * is laid out as a whole, so that keys, signatures and denials of a zone always belong together.
 *
 *     what happened                                  what is signed        what the table does
 *     it is time to look, or the clock was set       what is due           renews these names, a few at a time
 *     a fact about keys                              all that needs it     lays everything out anew
 *     another configuration                          as it is asked for    lays everything out anew (`published-answers.ts`)
 */
import { setImmediate as turn } from 'node:timers/promises';
import { isSigned } from '../../projections/keys.ts';
import { signMany } from '../dns/dnssec/sign-many.ts';
import { createSignatureStore, signatureTimes } from '../dns/dnssec/signatures.ts';
import type { SignedZones } from '../dns/dnssec/zone-dnssec.ts';
import { type Keys, openKeys } from '../dns/keys/keys.ts';
import { createShownSince } from '../dns/keys/shown-since.ts';
import type { Name } from '../dns/names.ts';
import type { TableWriter } from '../dns/table/writer.ts';
import type { AnswerTable } from '../dns/table.ts';
import { toBeSigned } from '../dns/zone-contents.ts';
import type { Engine, Listener } from '../engine.ts';
import type { Logger } from '../logger.ts';
import type { Chance, Clock } from '../world.ts';

export interface SigningParts {
  /** It runs, and has its configuration. */
  readonly engine: Engine;
  readonly clock: Clock;
  readonly chance: Chance;
  /** `DATA_DIR/secrets`. */
  readonly secrets: string;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** What resolvers go by, which the node's own moments may lag behind: milliseconds since 1970. Default: the wall clock. */
  readonly wall?: () => number;
}

export interface Signing {
  readonly keys: Keys;
  readonly signed: SignedZones;
  /** For the engine, after that which publishes answers. */
  readonly listener: Listener;
  /** Signs all that is said: before the table is made of it. */
  signAll(source: AnswerTable): Promise<void>;
  /** From now on the table is kept signed. */
  begin(table: TableWriter): void;
  stop(): Promise<void>;
}

/** Names that are renewed before others get their turn. */
const namesPerTurn = 256;

/** Rejects with a `SecretsError` where a key that is needed is not to be had. */
export async function openSigning({ engine, clock, chance, secrets, logger, wall = Date.now }: SigningParts): Promise<Signing> {
  const { state } = engine;
  let table: TableWriter | undefined;
  let working: Promise<void> | undefined;
  let callOff = () => {};
  let isStopped = false;
  /** What is to be done next: all that is due, or everything laid out anew as well. */
  let due: 'nothing' | 'renewals' | 'layout' = 'nothing';

  const ask = (what: 'renewals' | 'layout'): void => {
    if (due !== 'layout') due = what;
    if (table === undefined || isStopped) return;
    working ??= work(table).finally(() => {
      working = undefined;
      askAgain();
    });
  };
  const askAgain = (): void => {
    if (due !== 'nothing') ask(due);
  };
  let startedAt = clock.now();
  let firstAnsweredFrom = (_at: number): void => {};
  const shown = createShownSince(() => startedAt);
  const onChange = (zone: string): void => {
    shown.changed(zone);
    ask('layout');
  };
  const keys = await openKeys({ engine, clock, secrets, logger, onChange, shownSince: shown.shownSince });
  const signingOf: SignedZones['signingOf'] = (zone) => keys.signingOf(zone.name);
  const waitsForKey: SignedZones['waitsForKey'] = (zone) => isSigned(state, zone.name) && keys.signingOf(zone.name) === undefined;
  const store = createSignatureStore({ signingOf, now: wall, chance });

  /** What needs to be signed; whose it is goes to `owners`. */
  function* needed(source: AnswerTable, owners: Set<Name>): ReturnType<typeof toBeSigned> {
    for (const [zone, rrset] of toBeSigned(source)) {
      if (store.tasksFor(zone, rrset).length === 0) continue;
      owners.add(rrset.owner);
      yield [zone, rrset];
    }
  }
  /** How many signatures were made. */
  async function sign(work: ReturnType<typeof toBeSigned>): Promise<number> {
    try {
      return await signMany(store, work);
    } catch (error) {
      logger.error({ err: error }, 'signing with every core failed; what is left is signed when it is said');
      return 0;
    }
  }

  async function work(of: TableWriter): Promise<void> {
    const what = due;
    due = 'nothing';
    const owners = new Set<Name>();
    const answeredFrom = shown.layingOut();
    await sign(needed(of, owners));
    if (isStopped) return;
    if (what === 'renewals') return renew(of, owners);
    if ((await of.replaceZonesAside(of.zones, state.at, state.position)) === 'answered') answeredFrom(clock.now());
  }

  async function renew(of: TableWriter, owners: ReadonlySet<Name>): Promise<void> {
    let names: Name[] = [];
    for (const owner of owners) {
      names.push(owner);
      if (names.length < namesPerTurn) continue;
      of.refresh(names);
      names = [];
      await turn();
      if (isStopped) return;
    }
    if (names.length > 0) of.refresh(names);
  }

  function lookAgain(): void {
    callOff = clock.wakeAt(clock.now() + signatureTimes.askAgainMs, () => {
      ask('renewals');
      lookAgain();
    });
  }

  return {
    keys,
    signed: { signingOf, signatures: store, waitsForKey },
    listener(change, now) {
      keys.listener(change, now);
      if (!('event' in change.cause)) return;
      const { type } = change.cause.event;
      if (type === 'clock.stepped') ask('renewals');
      // Only when all that follows from it was published: until then the zones of before are asked for.
      if (type === 'configuration.applied') queueMicrotask(() => table && store.keepOnly(table.zones.zones.values()));
    },
    async signAll(source) {
      // All that happened so far is in `source`.
      due = 'nothing';
      firstAnsweredFrom = shown.layingOut();
      const startedAt = performance.now();
      const count = await sign(withProgress(toBeSigned(source), logger));
      const ms = Math.round(performance.now() - startedAt);
      if (count > 0) logger.info({ signatures: count, ms }, 'what DNS answers is signed');
    },
    begin(of) {
      table = of;
      startedAt = clock.now();
      firstAnsweredFrom(startedAt);
      keys.begin();
      lookAgain();
      askAgain();
    },
    async stop() {
      isStopped = true;
      callOff();
      await keys.stop();
      await working;
    },
  };
}

/** Until everything is signed DNS is not open, so whoever waits for it is told that it goes on. */
const progressMs = 5_000;
/** Between two looks at the clock. */
const progressAfter = 1_024;

function* withProgress(work: ReturnType<typeof toBeSigned>, logger: Pick<Logger, 'info'>): ReturnType<typeof toBeSigned> {
  let toldAt = performance.now();
  let count = 0;
  for (const each of work) {
    yield each;
    count += 1;
    if (count % progressAfter !== 0 || performance.now() - toldAt < progressMs) continue;
    toldAt = performance.now();
    logger.info({ recordSets: count }, 'signing what DNS will answer');
  }
}
