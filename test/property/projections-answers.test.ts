/**
 * The laws of the answers: the first tier that is not empty and no other (I5), who decides (I4), and what is told of it
 * all. The models here are slow and simple: they look through all the facts again for every question.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DataOf, Event } from '../../src/events/event.ts';
import { answerOf, hasFitServer, type ServiceAnswer, tiers } from '../../src/projections/answers.ts';
import { advanceOnce, evolve } from '../../src/projections/evolve.ts';
import { type Server, serversOf } from '../../src/projections/registry.ts';
import { families } from '../../src/projections/routing/family.ts';
import { initialState, type State } from '../../src/projections/state.ts';
import { emptyTimeline, recordChange, shown, summarize } from '../../src/projections/timeline.ts';
import { verdictOn } from '../../src/projections/verdict.ts';
import { tries } from '../tries.ts';
import { scenario, services } from './projections-scenario.ts';

/** Looks at the state after every event. */
function always(look: (state: State, soFar: readonly Event[]) => void): void {
  const law = fc.property(scenario, ({ events }) => {
    const state = initialState();
    for (const [index, event] of events.entries()) {
      evolve(state, event);
      look(state, events.slice(0, index + 1));
    }
  });
  fc.assert(law, tries(60));
}

function answersOf(state: State): ServiceAnswer[] {
  return services.map((service) => answerOf(state, service)).filter((answer) => answer !== undefined);
}

describe('an answer', () => {
  it('comes from the first tier that is not empty, and from no other (I5)', () =>
    always((state) => {
      for (const { families: answers, candidates } of answersOf(state)) {
        for (const family of families) {
          const ofFamily = candidates.filter(({ address }) => address.includes(':') === (family === 'AAAA'));
          const best = tiers.find((tier) => ofFamily.some((candidate) => candidate.tier === tier));
          const inBest = new Set(ofFamily.filter(({ tier }) => tier !== undefined && tier === best).map(({ address }) => address));
          const answer = answers[family];
          assert.equal(answer === undefined, ofFamily.length === 0 && candidates.length > 0);
          assert.equal(answer?.tier, best);
          assert.equal((answer?.wheel.spokes.length ?? 0) > 0, best !== undefined, 'a wheel is empty exactly where no tier answers');
          for (const address of answer?.wheel.spokes.flatMap(({ addresses }) => addresses) ?? []) assert.ok(inBest.has(address));
        }
      }
    }));

  it('holds each address at most once, as many as the domain says, in whole shares', () =>
    always((state) => {
      for (const { service, families: answers, candidates } of answersOf(state)) {
        const size = state.configuration?.domains.get(service)?.answers ?? 'single';
        const most = size === 'single' ? 1 : size === 'all' ? candidates.length : size;
        for (const spoke of families.flatMap((family) => answers[family]?.wheel.spokes ?? [])) {
          assert.ok(spoke.addresses.length >= 1 && spoke.addresses.length <= most);
          assert.equal(new Set(spoke.addresses).size, spoke.addresses.length);
          assert.ok(Number.isInteger(spoke.weight) && spoke.weight >= 1);
        }
      }
    }));

  it('judges an address by the worst of its ports', () =>
    always((state) => {
      const badness = (tier: (typeof tiers)[number] | undefined) => (tier === undefined ? tiers.length : tiers.indexOf(tier));
      for (const { candidates } of answersOf(state)) {
        for (const { tier, weight, servers, address } of candidates) {
          assert.equal(badness(tier), Math.max(...servers.map((judged) => badness(judged.tier))));
          assert.equal(weight, Math.min(...servers.map((judged) => judged.weight)));
          assert.ok(servers.every((judged) => judged.weight <= judged.server.weight));
          assert.ok(servers.every(({ server }) => server.address === address));
        }
      }
    }));
});

describe('a verdict', () => {
  type OverrideSet = DataOf<'override.set'>;

  /** The newest word of this authority on this target, if it is still in force. */
  function inForce(
    soFar: readonly Event[],
    now: number,
    word: Pick<OverrideSet, 'service' | 'address' | 'port' | 'authority'>,
  ): OverrideSet | undefined {
    for (const { type, data } of soFar.toReversed()) {
      if (type !== 'override.set' && type !== 'override.cleared') continue;
      const keys = ['service', 'address', 'port', 'authority'] as const;
      if (!keys.every((key) => data[key] === word[key])) continue;
      if (type !== 'override.set' || (data.until !== null && data.until <= now)) return undefined;
      return data;
    }
    return undefined;
  }

  /** Whether an agent was ever said to speak for the address. */
  function wasTaken(soFar: readonly Event[], { service, address }: Server): boolean {
    return soFar.some(
      ({ type, data }) =>
        (type === 'server.registered' || type === 'server.updated') &&
        data.agent !== undefined &&
        data.service === service &&
        data.address === address,
    );
  }

  it("is a person's, then a tool's, each on the port before the address, then what may be said below them (I4)", () =>
    always((state, soFar) => {
      const checks = state.configuration?.configuration.overwatch.validation.enabled ?? false;
      for (const server of services.flatMap((service) => [...serversOf(state.registry, service)])) {
        const { service, address, port } = server;
        const words = (['human', 'tool'] as const).flatMap((authority) =>
          [port, null].map((target) => inForce(soFar, state.at, { service, address, port: target, authority })),
        );
        // A person's word ends when another agent takes the address; when it does has tests of its own.
        if (words.some((word) => word?.authority === 'human') && wasTaken(soFar, server)) continue;
        const override = words.find((word) => word !== undefined);
        const { status, authority } = verdictOn(state, server);
        const said: Readonly<Record<typeof authority, readonly (typeof status)[]>> = {
          'human-override': ['up', 'down', 'draining'],
          'tool-override': ['up', 'down', 'draining'],
          'agent-drain': ['draining'],
          validation: checks ? ['up', 'down'] : [],
          liveness: ['stale'],
          'agent-claim': ['up', 'down'],
          registration: checks ? [] : ['up'],
          nothing: ['unproven'],
        };
        assert.ok(said[authority].includes(status), `${status} by ${authority}`);
        if (server.agent === undefined) assert.ok(!['agent-drain', 'liveness', 'agent-claim'].includes(authority));
        const says = { up: 'up', down: 'down', drain: 'draining' } as const;
        if (override !== undefined) {
          assert.deepEqual([status, authority], [says[override.action], `${override.authority}-override`]);
        } else assert.ok(!authority.endsWith('override'), `${authority}, and there is none`);
      }
    }));
});

describe('a timeline', () => {
  it('shows the answers as they are, changes that follow on each other, and all the time without a fit server', () => {
    const law = fc.property(scenario, ({ events }) => {
      const state = initialState();
      const timeline = emptyTimeline();
      const withoutFit = new Map<string, number>();
      const passTime = (to: number) => {
        for (;;) {
          const from = state.at;
          const lacking = answersOf(state).filter((answer) => !hasFitServer(answer));
          const fired = advanceOnce(state, to);
          for (const { service } of lacking) withoutFit.set(service, (withoutFit.get(service) ?? 0) + state.at - from);
          if (fired === undefined) return;
          recordChange(timeline, state, fired.services, { deadline: fired.deadline });
        }
      };
      for (const event of events) {
        passTime(event.at);
        recordChange(timeline, state, evolve(state, event), { event });
      }
      passTime(state.at + 1_000);
      for (const { service, answer, changes, withoutFitMs } of summarize(timeline, state.at)) {
        const now = answerOf(state, service);
        assert.deepEqual(answer, now === undefined ? null : shown(now));
        assert.equal(withoutFitMs, withoutFit.get(service) ?? 0);
        const told = [...timeline.entries].filter((entry) => entry.service === service);
        assert.equal(changes, told.length);
        assert.ok(
          told.every(({ at }, index) => index === 0 || (told[index - 1]?.at as number) < at),
          'one entry a moment, in order',
        );
      }
    });
    fc.assert(law, tries(60));
  });
});
