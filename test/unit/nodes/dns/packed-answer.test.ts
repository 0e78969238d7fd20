/** An answer comes out as it went in, and equal ones are known as equal without being looked into. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { packAnswer, saysTheSame, unpackAnswer } from '../../../../src/nodes/dns/packed-answer.ts';
import type { ServiceAnswer } from '../../../../src/projections/answers.ts';

const wheel = (...spokes: readonly (readonly [weight: number, ...addresses: string[]])[]) => ({
  draw: 'sequence' as const,
  spokes: spokes.map(([weight, ...addresses]) => ({ weight, addresses })),
});
const answer = (families: Partial<ServiceAnswer['families']>, more: Partial<ServiceAnswer> = {}): ServiceAnswer => {
  const none = { A: undefined, AAAA: undefined };
  return { service: 'app', ttlSeconds: 60, algorithm: 'round-robin', families: { ...none, ...families }, candidates: [], ...more };
};
const plain = wheel([1, '192.0.2.1'], [1, '192.0.2.2']);
const one = answer({ A: { tier: 'fit', wheel: plain } });

const rows: readonly (readonly [what: string, answer: ServiceAnswer, isText: boolean])[] = [
  ['an address each', one, true],
  ['weights', answer({ A: { tier: 'fit', wheel: { ...wheel([3, '192.0.2.1'], [1, '192.0.2.2']), draw: 'chance' } } }), true],
  ['several addresses each', answer({ AAAA: { tier: 'draining', wheel: wheel([1, '2001:db8::1', '2001:db8::2']) } }), true],
  ['nothing to say', answer({ A: { tier: undefined, wheel: wheel() }, AAAA: { tier: undefined, wheel: wheel() } }), true],
  [
    'clients that are told apart',
    answer({ A: { tier: 'fit', wheel: plain, places: [{ region: 'eu', wheel: plain }] } }, { clients: { usesSubnet: true, networks: [] } }),
    false,
  ],
];

describe('a packed answer', () => {
  for (const [what, whole, isText] of rows) {
    it(`with ${what} is what it was, as ${isText ? 'a text' : 'it is'}`, () => {
      const packed = packAnswer(whole);
      assert.equal(typeof packed === 'string', isText);
      assert.deepEqual(unpackAnswer('app', packed), whole);
    });
  }

  it('says the same as another whatever algorithm led to it, and nothing else may differ', () => {
    const same = (other: ServiceAnswer) => saysTheSame(packAnswer(one), packAnswer(other));
    assert(same({ ...one, algorithm: 'failover' }));
    assert(!same({ ...one, ttlSeconds: 61 }));
    assert(!same(answer({ A: { tier: 'fit', wheel: wheel([1, '192.0.2.1'], [2, '192.0.2.2']) } })));
    for (const [, other] of rows.slice(1)) assert(!same(other));
    const located = rows.at(-1)?.[1] as ServiceAnswer;
    assert(saysTheSame(packAnswer(located), packAnswer({ ...located, algorithm: 'weighted' })));
  });
});
