/** Why a candidate is in or out, one sentence a case. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Configuration } from '../../../src/events/catalogue/configuration.ts';
import type { Fact } from '../../../src/events/event.ts';
import { answerOf, type ServiceAnswer } from '../../../src/projections/answers.ts';
import { candidateSentence } from '../../../src/projections/sentences.ts';
import { a, app, at, b, checked, inForce, oneDomain, overridden, stateOf, unchecked } from '../../given.ts';

type Row = readonly [title: string, of: Configuration, facts: readonly Fact[], sentences: readonly string[]];

const [up, down] = ['up by its checks (the checks succeed)', 'down by its checks (status 500)'];
const table: readonly Row[] = [
  ['a fit one beside one that is out', oneDomain([a, b]), [checked(a, 'ok'), checked(b, 'failed')], [`in: ${up}`, `out: ${down}`]],
  [
    'a better tier answers',
    oneDomain([a, b]),
    [checked(a, 'ok'), overridden(b, 'drain', { reason: 'upgrade' })],
    [`in: ${up}`, 'out: draining by a person (upgrade), and fit servers go before draining ones'],
  ],
  [
    'one that stands by',
    oneDomain([a, b], { routing_algorithm: 'failover' }, unchecked),
    [],
    [
      'in: up by its registration (registered, and nothing checks it)',
      'stands by: up by its registration (registered, and nothing checks it), and failover answers with others',
    ],
  ],
  [
    'a tier that answers for want of a better one',
    oneDomain([a], { when_all_unhealthy: 'all' }),
    [checked(a, 'failed')],
    [`in: ${down}, and no server is any better`],
  ],
  ['nobody has said anything yet', oneDomain([a]), [], ['in: unproven so far (not checked yet), and no server is any better']],
  [
    'a weight of 0',
    oneDomain([{ address: a, weight: 0 }, b]),
    [checked(a, 'ok'), checked(b, 'ok')],
    ['out: up by its checks (the checks succeed), its weight is 0, and fit servers go before draining ones', `in: ${up}`],
  ],
  [
    'a tool has the word',
    oneDomain([a, b]),
    [checked(b, 'ok'), overridden(a, 'down', { authority: 'tool', reason: 'deploy' })],
    ['out: down by a tool (deploy)', `in: ${up}`],
  ],
  [
    'the worst port speaks for the address',
    oneDomain([a, { address: a, port: 81 }, b]),
    [checked(a, 'ok'), checked(a, 'failed', { port: 81 }), checked(b, 'ok')],
    [`out: port 81, the worst of 2, is ${down}`, `in: ${up}`],
  ],
];

describe('the sentence of a candidate', () => {
  for (const [title, of, facts, sentences] of table) {
    it(title, () => {
      const answer = answerOf(stateOf(at(0, ...inForce(of), ...facts)), app) as ServiceAnswer;
      assert.deepEqual(
        answer.candidates.map((candidate) => candidateSentence(candidate, answer)),
        sentences,
      );
    });
  }
});
