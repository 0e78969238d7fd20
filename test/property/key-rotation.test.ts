/**
 * The law of rotations: whatever a resolver keeps of a zone and of its parent, each for as long as its TTL allows, it can
 * validate. The rotation is the real one, by orders and facts; only the parent and its delays are made up.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { Command } from '../../src/commands/command.ts';
import { decide } from '../../src/commands/decide.ts';
import type { Event, Fact } from '../../src/events/event.ts';
import { advance, evolve } from '../../src/projections/evolve.ts';
import { keysOf, signingPlanOf, stepOfZone, successorOf } from '../../src/projections/keys.ts';
import type { State } from '../../src/projections/state.ts';
import { app, at, inForce, keyMade, oneDomain, order, publicKeyOf, stateOf } from '../given.ts';
import { tries } from '../tries.ts';

/** What stood from a moment on, until the next. */
interface Version<T> {
  readonly from: number;
  readonly value: T;
}
type History<T> = Version<T>[];

interface World {
  /** With the TTLs that they were said with. */
  readonly dnskey: History<{ readonly keys: readonly number[]; readonly ttl: number }>;
  readonly signs: History<{ readonly key: number; readonly ttl: number }>;
  /** Of each server of the parent. */
  readonly ds: readonly History<number>[];
}

const start = 1_000_000;
const day = 86_400_000;

function note<T>(history: History<T>, from: number, value: T): void {
  if (JSON.stringify(history.at(-1)?.value) !== JSON.stringify(value)) history.push({ from, value });
}

const configurationOf = ({ ttl, dnskeyTtl, apexTtl }: Ttls) =>
  oneDomain(['192.0.2.1'], { ttl }, { overwatch: { dnssec: { dnskey_ttl: `${dnskeyTtl}s` } }, dns: { apex_ttl: apexTtl } });

/**
 * One rotation after the other, with these delays of the node before it does what is due, and of the parent's servers; the
 * configuration is another one before and after each wait.
 */
function rotate({ ttls, dsTtl, lateMs, parentMs, rotations }: Delays): World {
  const state: State = stateOf(at(start, ...inForce(configurationOf(ttls[0] as Ttls)), keyMade(1)));
  let reloads = 0;
  const world: World = { dnskey: [], signs: [], ds: parentMs.map(() => [{ from: 0, value: 1 }]) };
  const look = () => {
    const plan = signingPlanOf(keysOf(state, app));
    assert(plan !== undefined);
    const { ttl, dnskeyTtl, apexTtl } = ttls[reloads % ttls.length] as Ttls;
    note(world.dnskey, state.at, { keys: plan.shown.map(({ keyTag }) => keyTag), ttl: dnskeyTtl });
    // A DS that this zone has for one inside it is kept as its keys are.
    note(world.signs, state.at, { key: plan.signsData.keyTag, ttl: Math.max(ttl, apexTtl, dnskeyTtl) });
    return plan;
  };
  const reload = () => {
    reloads += 1;
    for (const fact of inForce(configurationOf(ttls[reloads % ttls.length] as Ttls)))
      evolve(state, { position: state.position + 1, at: state.at, node: 'test', v: 1, ...fact } as Event);
    look();
  };
  const give = (command: Command) => {
    const ruling = decide(order(command), state);
    assert('facts' in ruling, JSON.stringify(ruling));
    for (const fact of ruling.facts as Fact[])
      evolve(state, { position: state.position + 1, at: state.at, node: 'test', v: 1, ...fact } as Event);
    look();
  };
  look();
  for (let tag = 2; tag <= rotations + 1; tag += 1) {
    reload();
    give({ kind: 'startRotation', zone: app, made: { keyTag: tag, algorithm: 13, publicKey: publicKeyOf(String(tag)) } });
    for (let next = stepOfZone(state, app); next !== undefined; next = stepOfZone(state, app)) {
      const successor = successorOf(keysOf(state, app))?.keyTag ?? 0;
      reload();
      advance(state, Math.max(state.at, next.at) + lateMs);
      reload();
      if (next.step === 'ask-parent') {
        // The parent replaces the DS when it sees CDS, each of its servers in its own time.
        const seen = state.at;
        for (const [index, history] of world.ds.entries())
          history.push({ from: seen + (parentMs[index] as number), value: look().announced?.keyTag ?? 0 });
        advance(state, seen + Math.max(...parentMs));
        give({ kind: 'confirmDs', zone: app, keyTag: successor, dsTtlSeconds: dsTtl, evidence: 'x' });
      } else if (next.step === 'remove') give({ kind: 'removeRetiredKey', zone: app, keyTag: tag - 1 });
      else give({ kind: 'enterKeyStage', zone: app, keyTag: successor, stage: next.step as 'announced' | 'active' });
    }
  }
  return world;
}

interface Ttls {
  readonly ttl: number;
  readonly dnskeyTtl: number;
  readonly apexTtl: number;
}

interface Delays {
  /** Of one configuration after the other. */
  readonly ttls: readonly Ttls[];
  readonly dsTtl: number;
  readonly lateMs: number;
  readonly parentMs: readonly number[];
  readonly rotations: number;
}

/** What a resolver may still keep at `now`: what stood at any moment of the last seconds, as many as its TTL has. */
function kept<T>(history: History<T>, now: number, ttlOf: (value: T) => number): readonly T[] {
  return history
    .filter(({ from, value }, index) => from <= now && (history[index + 1]?.from ?? Number.POSITIVE_INFINITY) + ttlOf(value) * 1_000 > now)
    .map(({ value }) => value);
}

const delays = fc.record<Delays>({
  ttls: fc.array(
    fc.record<Ttls>({
      ttl: fc.constantFrom(0, 60, 7_200, 604_800),
      dnskeyTtl: fc.constantFrom(1, 60, 3_600, 86_400),
      apexTtl: fc.constantFrom(0, 2, 3_600),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  dsTtl: fc.constantFrom(0, 600, 86_400, 604_800),
  lateMs: fc.constantFrom(0, 1, 60_000, day),
  parentMs: fc.array(fc.constantFrom(0, 1, 3_600_000, 5 * day, 400 * day), { minLength: 1, maxLength: 3 }),
  rotations: fc.constantFrom(1, 2),
});

it('at every moment of a rotation, each thing that a resolver may keep goes with every other', () => {
  fc.assert(
    fc.property(delays, (given) => {
      const { dnskey, signs, ds } = rotate(given);
      assert.equal(new Set(signs.map(({ value }) => value.key)).size, given.rotations + 1);
      // What may be kept grows only when something changes, so these moments are the worst.
      const moments = [dnskey, signs, ...ds]
        .flatMap((history) => (history as History<unknown>).map(({ from }) => from))
        .filter((from) => from > start);
      for (const now of moments) {
        for (const { keys } of kept(dnskey, now, ({ ttl }) => ttl)) {
          for (const tag of ds.flatMap((history) => kept(history, now, () => given.dsTtl)))
            assert(keys.includes(tag), `DS ${tag} beside DNSKEY ${keys} at ${now}: bogus`);
          for (const { key } of kept(signs, now, ({ ttl }) => ttl))
            assert(keys.includes(key), `a signature of ${key} beside DNSKEY ${keys} at ${now}: bogus`);
        }
      }
    }),
    tries(300),
  );
});
