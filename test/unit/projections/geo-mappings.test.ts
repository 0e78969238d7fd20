/** Networks and their regions: who decides about a network, which network decides about an address, and whose answers change. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { answerOf, answersDigest, answerText, type ServiceAnswer, spokesOf } from '../../../src/projections/answers.ts';
import { evolve } from '../../../src/projections/evolve.ts';
import { mappingFor, mappingsInForce } from '../../../src/projections/geo-mappings.ts';
import { a, app, at, b, c, events, inForce, mapped, oneDomain, overridden, stateOf, unmapped } from '../../given.ts';
import { toBeSaid } from './geo-words.ts';

const servers = [
  { address: a, region: 'eu' },
  { address: b, region: 'us' },
  { address: c, region: 'us' },
];
const custom_mappings = [
  { cidr: '10.0.0.0/8', region: 'eu' },
  { cidr: '10.1.2.3/16', region: 'us', comment: 'from the file' },
];
const geolocation = { custom_mappings };
const configuration = (more: object = {}) =>
  oneDomain(
    servers,
    { routing_algorithm: 'geolocation' },
    {
      overwatch: { validation: { enabled: false }, geolocation: { ...geolocation, ...more } },
    },
  );

const given = (...facts: readonly Fact[]) => stateOf(at(1_000, ...inForce(configuration())), at(2_000, ...facts));
const listed = (...facts: readonly Fact[]) =>
  mappingsInForce(given(...facts)).map(({ cidr, region, source }) => `${cidr} ${region} ${source}`);

describe('a network is in', () => {
  it('the region of the configuration, under its canonical name', () => {
    assert.deepEqual(listed(), ['10.0.0.0/8 eu config', '10.1.0.0/16 us config']);
  });
  it('the region that was set, which hides the configuration', () => {
    const set = [mapped('10.0.0.0/8', 'us'), mapped('2001:db8::/32', 'eu')];
    assert.deepEqual(listed(...set), ['10.0.0.0/8 us api', '10.1.0.0/16 us config', '2001:db8::/32 eu api']);
  });
  it('what was set last, and after that is removed again that of the configuration', () => {
    assert.deepEqual(listed(mapped('10.0.0.0/8', 'us'), mapped('10.0.0.0/8', 'ap')), ['10.0.0.0/8 ap api', '10.1.0.0/16 us config']);
    assert.deepEqual(listed(mapped('10.0.0.0/8', 'us'), unmapped('10.0.0.0/8')), listed());
  });
});

describe('an address is in', () => {
  const state = given(mapped('10.1.1.0/24', 'eu'), mapped('::/0', 'us'), mapped('2001:db8::1/128', 'eu'));
  for (const [address, cidr] of [
    ['10.255.255.255', '10.0.0.0/8'],
    ['10.1.255.0', '10.1.0.0/16'],
    ['10.1.1.255', '10.1.1.0/24'],
    ['11.0.0.0', undefined],
    ['2001:db8::1', '2001:db8::1/128'],
    ['2001:db8::2', '::/0'],
  ] as const) {
    it(`${address}: ${cidr ?? 'none'}`, () => assert.equal(mappingFor(mappingsInForce(state), address)?.cidr, cidr));
  }
});

const answer = (state = given()) => answerOf(state, app) as ServiceAnswer;

describe('the answer of a service by place', () => {
  it('has a wheel for each region, and the networks', () => {
    assert.equal(toBeSaid(answer()), `all ${a} ${b} ${c}; eu ${a}; us ${b} ${c}`);
    assert.deepEqual(
      answer().clients?.networks.map(({ cidr }) => cidr),
      ['10.0.0.0/8', '10.1.0.0/16'],
    );
    assert.equal(answer().clients?.usesSubnet, true);
  });
  it('is for everybody what the default region has', () => {
    const state = stateOf(at(1_000, ...inForce(configuration({ default_region: 'us', ecs_enabled: false }))));
    assert.equal(toBeSaid(answer(state)), `all ${b} ${c}; eu ${a}`);
    assert.equal(answer(state).clients?.usesSubnet, false);
  });
  it('is of the first tier alone, wherever that is (I5)', () => {
    assert.equal(toBeSaid(answer(given(overridden(a, 'drain')))), `all ${b} ${c}`);
    assert.equal(answer(given(overridden(a, 'drain'))).clients, undefined);
  });
  it('is another one where a network is, and the node states it', () => {
    const [before, after] = [given(), given(mapped('10.0.0.0/8', 'us'))];
    assert.notEqual(answerText(answer(before)), answerText(answer(after)));
    assert.notEqual(answersDigest(before), answersDigest(after));
    assert.equal(answerText(answer(given(mapped('10.0.0.0/8', 'eu')))), answerText(answer(before)), 'who says it is of no account');
  });
  it('may have changed after a mapping, and those of others have not', () => {
    const state = given();
    const changed = (fact: Fact) =>
      evolve(state, { ...(events(at(3_000, fact))[0] as ReturnType<typeof events>[0]), position: state.position + 1 });
    assert.deepEqual(changed(mapped('10.9.0.0/16', 'us')), [app]);
    assert.deepEqual(changed(unmapped('10.9.0.0/16')), [app]);
    const others = stateOf(at(1_000, ...inForce(oneDomain(servers))));
    assert.deepEqual(
      evolve(others, { ...(events(at(3_000, mapped('10.9.0.0/16', 'us')))[0] as ReturnType<typeof events>[0]), position: 99 }),
      [],
    );
  });
  it('counts the spokes of all places', () => {
    assert.equal(spokesOf(answer().families.A as NonNullable<ServiceAnswer['families']['A']>).length, 6);
  });
});
