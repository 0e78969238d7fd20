/** Facts and deadlines in words: every kind there is has its sentence. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { catalogue, type Fact } from '../../../src/events/event.ts';
import { answerOf, type ServiceAnswer } from '../../../src/projections/answers.ts';
import { type DeadlineKind, deadlineKinds } from '../../../src/projections/deadlines.ts';
import { advanceOnce } from '../../../src/projections/evolve.ts';
import { candidateSentence, deadlineSentence, eventSentence } from '../../../src/projections/sentences.ts';
import { initialState } from '../../../src/projections/state.ts';
import {
  a,
  a6,
  agent1,
  app,
  at,
  b,
  b6,
  beat,
  c,
  checked,
  claimed,
  claims,
  cleared,
  cpuPolicy,
  deregistered,
  drained,
  draining,
  events,
  inForce,
  joined,
  keyEntered,
  keyImported,
  keyMade,
  keyRemoved,
  mapped,
  measuring,
  oneDomain,
  overridden,
  pinned,
  received,
  registered,
  requested,
  restated,
  someone,
  started,
  stateOf,
  times,
  unchecked,
  unmapped,
  updated,
} from '../../given.ts';

const digest = `0123456789ab${'f'.repeat(52)}`;
const [keyA, keyB] = ['0123456789abcdef', 'fedcba9876543210'] as const;
const by = <F extends Fact>(fact: F): F => ({ ...fact, actor: someone });

const table: readonly (readonly [fact: Fact, sentence: string])[] = [
  [started(), 'the node started (version 1.2.3)'],
  [{ type: 'node.stopped', data: { reason: 'asked to' } }, 'the node stopped: asked to'],
  [{ type: 'node.attested', data: { answers: digest } }, 'the node stated what it answered'],
  [{ type: 'node.stalled', data: { forMs: 2_500 } }, 'the node stood still for 2s500ms'],
  [{ type: 'clock.stepped', data: { fromMs: 5_000, toMs: 65_000 } }, 'the wall clock was set forward by 1m'],
  [{ type: 'clock.stepped', data: { fromMs: 65_000, toMs: 5_000 } }, 'the wall clock was set back by 1m'],
  [
    { type: 'log.gap', data: { since: 1, until: 2, dropped: [{ type: 'validation.recorded', repetitions: 3, lost: 4 }] } },
    '7 observations were dropped',
  ],
  [restated(initialState()), 'everything that stood was restated'],
  [by({ type: 'configuration.applied', data: { digest, configuration: {} as never } }), 'configuration 0123456789ab applied by human kim'],
  [registered(a), `server ${a}:80 registered (api)`],
  [by(updated(a6)), `server [${a6}]:80 updated by human kim`],
  [deregistered(a), `server ${a}:80 deregistered`],
  [checked(a, 'ok', { totalUs: 1_260 }), `check of ${a}:80 succeeded in 1.3 ms`],
  [checked(a, 'failed', { error: 'connection refused' }), `check of ${a}:80 failed: connection refused`],
  [by(overridden(a, 'drain', { port: 81, reason: 'upgrade' })), `override drain on ${a}:81 set by human kim: upgrade`],
  [by(overridden(a6, 'down')), `override down on ${a6} set by human kim: because`],
  [by(cleared(a, { reason: 'done' })), `override on ${a} cleared by human kim: done`],
  [cleared(a), `override on ${a} cleared`],
  [pinned(), 'agent web-1 pinned: it speaks for app.example.com'],
  [pinned(agent1, { legacy: true }), 'agent web-1 let in without proof: it speaks for app.example.com'],
  [
    { type: 'agent.rotated', data: { agent: agent1, fingerprint: digest, previous: digest, certificate: '' } },
    'agent web-1 changed its certificate',
  ],
  [
    by({ type: 'agent.revoked', data: { agent: agent1, fingerprint: digest, reason: 'stolen' } }),
    'agent web-1 revoked by human kim: stolen',
  ],
  [{ type: 'agent.rejected', data: { agent: agent1, reason: 'revoked', address: null, count: 1 } }, 'agent web-1 rejected: revoked'],
  [
    { type: 'agent.rejected', data: { agent: agent1, reason: 'wrong-token', address: '192.0.2.50:7946', count: 7 } },
    'agent web-1 rejected (192.0.2.50:7946): wrong-token, 7 times',
  ],
  [{ type: 'agent.left', data: { agent: agent1, boot: 1, sequence: 2 } }, 'agent web-1 left'],
  [received(beat(1)), 'agent web-1 was heard'],
  [received(beat(1), beat(1, { agent: 'web-2' })), '2 agents were heard'],
  [received(beat(1, { claims: claims(a, claimed(b, { healthy: false })) })), `agent web-1 claims ${a}:80 healthy, ${b}:80 not healthy`],
  [received(beat(1, { claims: claims(a, b, c, a6, b6) })), `agent web-1 claims ${a}:80 healthy, ${b}:80 healthy, ${c}:80 healthy, 2 more`],
  [received(beat(1, { claims: claims() })), 'agent web-1 claims nothing'],
  [draining(a), `agent web-1 began to drain ${a}:80: deploy`],
  [drained(a), `agent web-1 ended the drain of ${a}:80`],
  [
    by({ type: 'gossip_key.rotated', data: { action: 'installed', fingerprint: keyB, keys: [keyA, keyB] } }),
    `gossip key ${keyB} installed by human kim: there are 2, and ${keyA} seals`,
  ],
  [
    { type: 'gossip_key.rotated', data: { action: 'removed', fingerprint: keyA, keys: [keyB] } },
    `gossip key ${keyA} removed: only ${keyB} is left`,
  ],
  [keyMade(7), `key 7 of ${app} made`],
  [{ ...keyMade(8, { successorOf: 7 }), actor: someone }, `key 8 of ${app} made by human kim, to succeed 7`],
  [keyEntered(8, 'announced'), `key 8 of ${app} is announced: it was seen`],
  [keyImported(8), `key 8 of ${app} taken over from overwatch-2`],
  [keyRemoved(7), `key 7 of ${app} removed: because`],
  [mapped('10.0.0.0/8', 'eu'), 'clients of 10.0.0.0/8 are in eu'],
  [mapped('10.0.0.0/8', 'eu', 'offices'), 'clients of 10.0.0.0/8 are in eu: offices'],
  [unmapped('10.0.0.0/8'), 'where clients of 10.0.0.0/8 are is not said any more'],
  [
    { type: 'key.refused', data: { zone: app, keyTag: 9, from: 'overwatch-2', reason: 'it is unrelated' } },
    `key 9 of ${app} from overwatch-2 refused: it is unrelated`,
  ],
];

describe('the sentence of an event', () => {
  for (const [fact, sentence] of table) {
    it(`${fact.type}: ${sentence}`, () => assert.deepEqual(events(at(0, fact)).map(eventSentence), [sentence]));
  }

  it('is there for every kind of the catalogue', () => {
    assert.deepEqual(new Set(table.map(([{ type }]) => type)), new Set(catalogue.map(({ type }) => type)));
  });
});

describe('the sentence of a deadline', () => {
  const sentences: Readonly<Record<DeadlineKind, string>> = {
    'override-expires': `the tool override on [${a6}]:81 expired`,
    'request-forgotten': 'the request key my key was forgotten',
    'agent-silent': 'nothing was heard of agent web-1 for too long',
    'bleed-step': 'a weight moved by a tenth, by the signals of agent web-1',
    'key-due': `the time came for the next step of the keys of ${app}`,
    'answer-due': 'the time came: a failback was due, or a server that starts slowly took more weight',
  };
  const slow = oneDomain([a], { routing_algorithm: 'weighted', slow_start: '10s' });
  const given: Readonly<Record<DeadlineKind, readonly Fact[]>> = {
    'override-expires': [overridden(a6, 'down', { port: 81, authority: 'tool', until: 5 })],
    'request-forgotten': [requested(started(), 'my key')],
    'agent-silent': [pinned(), received(beat(1))],
    'bleed-step': [pinned(), received(beat(1, { claims: { ...claims(a), predictive: cpuPolicy }, signals: measuring(99) }))],
    'answer-due': [...inForce(slow), checked(a, 'ok')],
    'key-due': [...inForce(oneDomain([a])), keyMade(7), keyMade(8, { successorOf: 7, waitSeconds: 60 })],
  };
  for (const kind of deadlineKinds) {
    it(`${kind}: ${sentences[kind]}`, () => {
      const state = stateOf(at(0, ...given[kind]));
      const fired = advanceOnce(state, 1e12);
      assert.equal(fired && deadlineSentence(fired.deadline), sentences[kind]);
    });
  }
});

describe('the sentence of a candidate', () => {
  type Words = Parameters<typeof oneDomain>;
  /** Of the first server. */
  function sentence(servers: Words[0], domain: Words[1], rest: Words[2], ...facts: readonly Fact[]): string {
    const answer = answerOf(stateOf(at(0, ...inForce(oneDomain(servers, domain, rest)), ...facts)), app) as ServiceAnswer;
    const [candidate] = answer.candidates;
    assert.ok(candidate !== undefined);
    return candidateSentence(candidate, answer);
  }
  const failover = { routing_algorithm: 'failover' } as const;
  const down = overridden(a, 'down', { reason: 'upgrade' });

  it('tells who never answers, and for whom a better tier answers', () => {
    assert.equal(sentence([a, b], {}, {}, down), 'out: down by a person (upgrade)');
    assert.equal(sentence([a], {}, {}, down), 'out: down by a person (upgrade)');
    const waits = sentence([a, b], {}, {}, checked(b, 'ok'), overridden(a, 'drain', { authority: 'tool', reason: 'deploy' }));
    assert.equal(waits, 'out: draining by a tool (deploy), and fit servers go before draining ones');
  });

  it('tells who stands by, and who answers', () => {
    assert.equal(sentence([a], {}, {}, checked(a, 'ok')), 'in: up by its checks (the checks succeed)');
    assert.equal(sentence([a], {}, {}), 'in: unproven so far (not checked yet), and no server is any better');
    assert.equal(sentence([a], {}, unchecked), 'in: up by its registration (registered, and nothing checks it)');
    const second = answerOf(stateOf(at(0, ...inForce(oneDomain([a, b], failover, unchecked)))), app) as ServiceAnswer;
    const [, other] = second.candidates;
    const words = 'stands by: up by its registration (registered, and nothing checks it), and failover answers with others';
    assert.equal(other && candidateSentence(other, second), words);
  });

  it('tells what an agent has to do with it', () => {
    assert.equal(sentence([], {}, {}, ...joined(agent1, a)), "in: up by its agent's word (its agent web-1 says that it is healthy)");
    const drain = sentence([], {}, unchecked, ...joined(agent1, a, b), draining(a));
    assert.equal(drain, 'out: draining by its agent (deploy), and fit servers go before draining ones');
    const gone: Fact = { type: 'agent.left', data: { agent: agent1, boot: 1, sequence: 2 } };
    assert.equal(
      sentence([], {}, {}, ...joined(agent1, a), gone),
      'in: stale by silence (its agent web-1 left), and no server is any better',
    );
    const bleeding = received(beat(2, { claims: { ...claims(a), predictive: cpuPolicy }, signals: measuring(0, 0, 1_000) }));
    const words = sentence([], {}, {}, ...joined(agent1, a), bleeding);
    assert.match(words, /says that it is healthy\), its weight is 0 of 100, by the signals of its agent, and no server is any better$/);
  });

  it('names the port that is worst, and a weight of nothing', () => {
    const worst = sentence([a, { address: a, port: 81 }], {}, {}, checked(a, 'ok'), checked(a, 'failed', { port: 81, error: 'refused' }));
    assert.equal(worst, 'out: port 81, the worst of 2, is down by its checks (refused)');
    const weightless = sentence([{ address: a, weight: 0 }], {}, unchecked);
    assert.match(weightless, /^in: up by its registration \(.*\), its weight is 0, and no server is any better$/);
    assert.doesNotMatch(sentence([{ address: a, weight: 0 }], {}, {}, ...times(2, checked(a, 'failed'))), /weight/);
  });
});
