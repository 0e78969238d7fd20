/** Forgetting the servers of a silent agent never takes an answer from a name, whatever happened before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { forgetAgent } from '../../src/commands/agents.ts';
import type { Event, Fact } from '../../src/events/event.ts';
import { answerOf, hasFitServer } from '../../src/projections/answers.ts';
import { advance, evolve } from '../../src/projections/evolve.ts';
import { preview } from '../../src/projections/preview.ts';
import { families } from '../../src/projections/routing/family.ts';
import { initialState } from '../../src/projections/state.ts';
import { beat, claimed, claims, pinned, received, registered } from '../given.ts';
import { tries } from '../tries.ts';
import { scenario, services } from './projections-scenario.ts';

/** Two agents that speak for servers of one service, whatever either did before. */
function speaking(now: number): readonly Fact[] {
  const [service] = services;
  return ['web-1', 'web-2'].flatMap((agent, index) => {
    const addresses = [`192.0.2.${index + 1}`, `192.0.2.${index + 11}`];
    const backends = addresses.map((address) => claimed(address, { service }));
    return [
      pinned(agent, { services: [service] }),
      received(beat(99, { agent, boot: now + 1, claims: claims(...backends) })),
      ...addresses.map((address) => registered(address, { service, source: 'agent', agent })),
    ];
  });
}

test('a name that had a fit server, or an answer, has one without them', (context) => {
  let forgotten = 0;
  const law = fc.property(scenario, ({ events }) => {
    const state = initialState();
    for (const event of events) evolve(state, event);
    for (const fact of speaking(state.at)) evolve(state, { ...fact, position: state.position + 1, at: state.at, node: 'n', v: 1 } as Event);
    advance(state, state.at + 7 * 86_400_000);
    for (const agent of state.liveness.keys()) {
      const facts = forgetAgent({ kind: 'forgetAgent', agent }, state);
      if ('refused' in facts) continue;
      forgotten += facts.length;
      for (const { service, after } of preview(state, facts)) {
        const before = answerOf(state, service);
        if (before === undefined || after === undefined) continue;
        assert.ok(after.candidates.length > 0, service);
        assert.ok(!hasFitServer(before) || hasFitServer(after), service);
        for (const family of families)
          assert.ok(before.families[family]?.tier === undefined || after.families[family]?.tier !== undefined, `${service} ${family}`);
      }
    }
  });
  fc.assert(law, tries(100));
  context.diagnostic(`${forgotten} forgotten`);
  assert.ok(forgotten > 50, 'some are forgotten');
});
