/** What DNS says: one row for each row of the truth table of `answers.ts`, the order of tiers (I5) and of candidates. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import {
  answerOf,
  answersDigest,
  answerText,
  type Candidate,
  hasFitServer,
  type ServiceAnswer,
  type Tier,
  tiers,
} from '../../../src/projections/answers.ts';
import { evolve } from '../../../src/projections/evolve.ts';
import type { State } from '../../../src/projections/state.ts';
import {
  a,
  a6,
  app,
  applied,
  at,
  b,
  b6,
  c,
  checked,
  configurationOf,
  events,
  inForce,
  oneDomain,
  overridden,
  registered,
  type ServerWords,
  stateOf,
  times,
  unchecked,
} from '../../given.ts';

type DomainWords = Parameters<typeof oneDomain>[1];

function answer(servers: readonly (string | ServerWords)[], domain: DomainWords, ...facts: readonly Fact[]): ServiceAnswer {
  return answerOf(stateOf(at(0, ...inForce(oneDomain(servers, domain)), ...facts)), app) as ServiceAnswer;
}

function tierOf(answer: ServiceAnswer, address: string): Tier | undefined {
  return answer.candidates.find((candidate) => candidate.address === address)?.tier;
}

/** The addresses that can be answered, in the order of the spokes. */
function answered(answer: ServiceAnswer, family: 'A' | 'AAAA' = 'A'): string[] | undefined {
  return answer.families[family]?.wheel.spokes.flatMap(({ addresses }) => addresses);
}

const ok = checked(a, 'ok');
const failed = checked(a, 'failed');
const servfail = { when_all_unhealthy: 'servfail' } as const;
const all = { when_all_unhealthy: 'all' } as const;

const table: readonly {
  readonly name: string;
  readonly weight: number;
  readonly domain: DomainWords;
  readonly facts: readonly Fact[];
  readonly tier: Tier | undefined;
}[] = [
  { name: 'up by validation', weight: 1, domain: servfail, facts: [ok], tier: 'fit' },
  { name: 'up by an override', weight: 1, domain: all, facts: [failed, overridden(a, 'up')], tier: 'fit' },
  { name: 'up', weight: 0, domain: servfail, facts: [ok], tier: 'draining' },
  { name: 'draining', weight: 1, domain: servfail, facts: [ok, overridden(a, 'drain')], tier: 'draining' },
  { name: 'draining', weight: 0, domain: all, facts: [failed, overridden(a, 'drain')], tier: 'draining' },
  { name: 'unproven', weight: 1, domain: servfail, facts: [], tier: 'unproven' },
  { name: 'unproven', weight: 0, domain: servfail, facts: [], tier: 'draining' },
  { name: 'down by a human override', weight: 1, domain: all, facts: [ok, overridden(a, 'down')], tier: undefined },
  { name: 'down by a tool override', weight: 1, domain: all, facts: [ok, overridden(a, 'down', { authority: 'tool' })], tier: undefined },
  { name: 'down by validation', weight: 1, domain: servfail, facts: [failed], tier: undefined },
  { name: 'down by validation', weight: 1, domain: { when_all_unhealthy: 'last_healthy' }, facts: [failed], tier: undefined },
  { name: 'down by validation', weight: 1, domain: all, facts: [failed], tier: 'last-resort' },
  { name: 'down by validation', weight: 0, domain: all, facts: [failed], tier: 'last-resort' },
];

describe('the tier of a server', () => {
  for (const { name, weight, domain, facts, tier } of table) {
    it(`${name}, weight ${weight}, ${domain?.when_all_unhealthy}: ${tier ?? 'none'}`, () => {
      const given = answer([{ address: a, weight }], domain, ...facts);
      assert.equal(tierOf(given, a), tier);
      assert.equal(given.families.A?.tier, tier);
      assert.deepEqual(answered(given), tier === undefined ? [] : [a]);
      assert.equal(hasFitServer(given), tier === 'fit');
    });
  }
});

describe('the tier that answers (I5)', () => {
  const servers = ['192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14'] as const;
  const [fit, draining, unproven, lastResort] = servers;
  const facts: Readonly<Record<string, readonly Fact[]>> = {
    [fit]: [checked(fit, 'ok')],
    [draining]: [overridden(draining, 'drain')],
    [unproven]: [],
    [lastResort]: [checked(lastResort, 'failed')],
  };

  for (let from = 0; from < servers.length; from++) {
    const present = servers.slice(from);
    it(`is ${tiers[from]} where there are ${tiers.slice(from).join(', ')}, in any order of the file`, () => {
      for (const listed of [present, [...present].reverse()]) {
        const given = answer(listed, all, ...listed.flatMap((server) => facts[server] ?? []));
        assert.deepEqual(answered(given), [servers[from]]);
        assert.equal(given.families.A?.tier, tiers[from]);
        assert.deepEqual(
          given.candidates.filter(({ answers }) => answers).map(({ address }) => address),
          [servers[from]],
        );
      }
    });
  }

  it('answers with everyone who is in it', () => {
    assert.deepEqual(answered(answer([a, b, c], {}, ok, checked(b, 'failed'), checked(c, 'ok'))), [a, c]);
  });

  it('is each family by itself', () => {
    const given = answer([a, a6, b6], {}, ok, checked(a6, 'failed'), checked(b6, 'failed'), overridden(b6, 'drain'));
    assert.equal(given.families.A?.tier, 'fit');
    assert.equal(given.families.AAAA?.tier, 'draining');
    assert.deepEqual(answered(given, 'AAAA'), [b6]);
  });
});

describe('the families of an answer', () => {
  it('are NODATA where the service has only the other', () => {
    assert.equal(answer([a], {}, ok).families.AAAA, undefined);
    assert.equal(answer([a6], {}).families.A, undefined);
  });

  it('do not become NODATA because nobody can answer', () => {
    const { families } = answer([a, a6], {}, failed, checked(a6, 'ok'));
    assert.deepEqual(families.A, { tier: undefined, wheel: { draw: 'sequence', spokes: [] } });
  });

  it('are both unknown where the service has no server yet', () => {
    const { families, candidates } = answer([], {});
    assert.deepEqual(candidates, []);
    assert.deepEqual(families.A, { tier: undefined, wheel: { draw: 'sequence', spokes: [] } });
    assert.deepEqual(families.AAAA, families.A);
  });
});

describe('an address with several ports', () => {
  const ports = [{ address: a }, { address: a, port: 81 }, { address: a, port: 82 }] as const;
  const only = (given: ServiceAnswer): Candidate => {
    assert.equal(given.candidates.length, 1);
    return given.candidates[0] as Candidate;
  };

  it('is as fit as the worst of them, which comes first', () => {
    const candidate = only(answer(ports, {}, ok, checked(a, 'failed', { port: 82 })));
    assert.equal(candidate.tier, undefined);
    assert.equal(candidate.answers, false);
    assert.equal(candidate.servers[0].server.port, 82);
    const judged = new Map(candidate.servers.map(({ server, tier }) => [server.port, tier]));
    assert.deepEqual(
      judged,
      new Map([
        [80, 'fit'],
        [81, 'unproven'],
        [82, undefined],
      ] as const),
    );
  });

  it('stands in the order of its ports where they are alike', () => {
    assert.deepEqual(
      only(answer(ports, {})).servers.map(({ server }) => server.port),
      [80, 81, 82],
    );
  });

  it('weighs as little as the least of them', () => {
    const weights = [3, 1, 2].map((weight, index) => ({ address: a, port: 80 + index, weight }));
    assert.equal(only(answer(weights, {})).weight, 1);
  });
});

describe('the order of candidates', () => {
  const order = (given: ServiceAnswer) => given.candidates.map(({ address }) => address);

  it("is the domain's order of regions, before the file's order of servers", () => {
    const servers = [
      { address: a, region: 'us' },
      { address: b, region: 'eu' },
      { address: c, region: 'us' },
    ];
    assert.deepEqual(order(answer(servers, { regions: ['eu', 'us'] })), [b, a, c]);
    assert.deepEqual(order(answer(servers, { regions: ['us', 'eu'] })), [a, c, b]);
  });

  it('is the order of the file in force, however the servers were registered', () => {
    const reordered = oneDomain([c, a, b]);
    const state = stateOf(at(0, ...inForce(oneDomain([a, b, c])), applied(reordered)));
    assert.deepEqual(order(answerOf(state, app) as ServiceAnswer), [c, a, b]);
  });

  it("puts servers that the file does not list after the file's, as they came", () => {
    const state = stateOf(at(0, registered(c), registered(b), ...inForce(oneDomain([a]))));
    assert.deepEqual(order(answerOf(state, app) as ServiceAnswer), [a, c, b]);
  });

  it('tells a listed server from another port and another service of its address', () => {
    const listed = [{ address: b, service: 'other.example.com' }, { address: b, port: 81 }, { address: a }, { address: b }];
    const state = stateOf(at(0, registered(b), ...inForce(oneDomain(listed))));
    const candidates = (answerOf(state, app) as ServiceAnswer).candidates;
    assert.deepEqual(
      candidates.map(({ address }) => address),
      [b, a],
    );
    assert.deepEqual(
      candidates[0]?.servers.map(({ server }) => server.port),
      [81, 80],
    );
  });

  it('keeps IPv4 before IPv6', () => {
    assert.deepEqual(order(answer([b6, b, a6, a], {})), [b, a, b6, a6]);
  });

  it('is what failover follows', () => {
    const failover = { routing_algorithm: 'failover' } as const;
    assert.deepEqual(answered(answer([b, a], failover, checked(a, 'ok'), checked(b, 'ok'))), [b]);
    assert.deepEqual(answered(answer([b, a], failover, checked(a, 'ok'), checked(b, 'failed'))), [a]);
  });
});

describe('an answer', () => {
  const spokes = (given: ServiceAnswer) => given.families.A?.wheel.spokes.map(({ addresses }) => addresses.join(' '));
  const fit = [a, b, c].map((address) => checked(address, 'ok'));

  it('holds one address, all of the tier, or as many as the domain says', () => {
    assert.deepEqual(spokes(answer([a, b, c], {}, ...fit)), [a, b, c]);
    assert.deepEqual(spokes(answer([a, b, c], { answers: 2 }, ...fit)), [`${a} ${b}`, `${b} ${c}`, `${c} ${a}`]);
    const whole = { answers: 'all', routing_algorithm: 'failover' } as const;
    assert.deepEqual(spokes(answer([a, b, c], whole, ...fit)), [`${a} ${b} ${c}`]);
    assert.deepEqual(spokes(answer([a, b, c], whole, ...fit.slice(0, 2))), [`${a} ${b}`]);
  });

  it('of all addresses is empty, not broken, where nobody answers', () => {
    assert.deepEqual(spokes(answer([a], { answers: 'all' }, failed)), []);
  });

  it('uses the weights of its servers', () => {
    const given = answer([{ address: a, weight: 3 }, b], { routing_algorithm: 'weighted' }, ok, checked(b, 'ok'));
    assert.deepEqual(
      given.families.A?.wheel.spokes.map(({ weight }) => weight),
      [3, 100],
    );
    assert.equal(given.algorithm, 'weighted');
  });

  it('is empty under an algorithm that is not built', () => {
    assert.deepEqual(answer([a], { routing_algorithm: 'latency' }, ok).families.A, {
      tier: undefined,
      wheel: { draw: 'sequence', spokes: [] },
    });
  });

  it('leaves out servers in regions that the domain does not name', () => {
    const servers = [
      { address: a, region: 'eu' },
      { address: b, region: 'us' },
    ];
    assert.deepEqual(answered(answer(servers, { regions: ['us'] })), [b]);
  });

  it('is kept as long as the domain says', () => {
    assert.equal(answer([a], { ttl: 7 }).ttlSeconds, 7);
  });

  it('is there only for a name that the configuration serves', () => {
    assert.equal(answerOf(stateOf(at(0, registered(a))), app), undefined);
    assert.equal(answerOf(stateOf(at(0, ...inForce(configurationOf({})), registered(a))), app), undefined);
  });
});

describe('the text of an answer', () => {
  const text = (servers: readonly (string | ServerWords)[], domain: DomainWords, ...facts: readonly Fact[]) =>
    answerText(answer(servers, domain, ...facts));
  const fit = [checked(a, 'ok'), checked(b, 'ok'), checked(a6, 'ok')];

  it('differs wherever a client could see a difference', () => {
    const texts = [
      text([a, b], {}, ...fit),
      text([b, a], {}, ...fit),
      text([a, b], { ttl: 61 }, ...fit),
      text([a, b], { answers: 'all' }, ...fit),
      text([a, b], { routing_algorithm: 'weighted' }, ...fit),
      text(
        [
          { address: a, weight: 1 },
          { address: b, weight: 1 },
        ],
        { routing_algorithm: 'weighted' },
        ...fit,
      ),
      text([{ address: a, weight: 3 }, b], { routing_algorithm: 'weighted' }, ...fit),
      text([a, b], {}, checked(a, 'failed'), checked(b, 'failed')),
      text([a, b, a6], {}, ...fit),
      text([], {}),
    ];
    assert.equal(new Set(texts).size, texts.length);
  });

  it('is the same where a client sees the same', () => {
    assert.equal(text([a, b], {}, ...fit), text([a, b], {}));
    assert.equal(text([a, b], {}, ok), text([a, { address: c }], {}, ok));
  });
});

describe('the digest of all answers', () => {
  const other = 'other.example.com';
  const two = (names: readonly string[]): State =>
    stateOf(
      at(
        0,
        ...inForce(
          configurationOf({
            ...unchecked,
            regions: [{ name: 'eu', servers: names.map((service) => ({ address: a, service })) }],
            domains: names.map((name) => ({ name, regions: ['eu'] })),
          }),
        ),
      ),
    );

  it('does not depend on the order of the domains', () => {
    assert.equal(answersDigest(two([app, other])), answersDigest(two([other, app])));
  });

  it('changes with any answer, and only with one', () => {
    const state = two([app, other]);
    const before = answersDigest(state);
    const [down, ...rest] = events(at(0, overridden(a, 'down', { service: other }), ...times(2, checked(a, 'ok'))));
    const from = (event: (typeof rest)[number], position: number) => evolve(state, { ...event, position });
    for (const event of rest) from(event, state.position + 1);
    assert.equal(answersDigest(state), before);
    from(down as (typeof rest)[number], state.position + 1);
    assert.notEqual(answersDigest(state), before);
  });

  it('of nothing is that of no bytes', () => {
    assert.equal(answersDigest(stateOf()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
});
