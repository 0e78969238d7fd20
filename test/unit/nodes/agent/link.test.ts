/** What is the matter with a link, as the status shows it: one case a row of the table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LinkNews, troubleAfter } from '../../../../src/nodes/agent/link.ts';

const node = '192.0.2.53:7946';
const before = 'what was the matter before';
const welcomed = { kind: 'welcomed', node, overwatch: 'ow-1', declined: [] } as const;
const declined = [
  { service: 'a.example.com', reason: 'wrong-token' },
  { service: 'b.example.com', reason: 'unknown-service' },
] as const;

const cases: readonly (readonly [what: string, news: LinkNews, trouble: RegExp | string | undefined])[] = [
  ['not reached', { kind: 'unreachable', node, why: 'nothing listens there' }, `${node} cannot be reached: nothing listens there`],
  ['refused', { kind: 'refused', node, by: 'overwatch', reason: 'revoked' }, `${node} refuses this agent (revoked): It was revoked here.`],
  [
    'not believed',
    { kind: 'refused', node, by: 'agent', reason: 'false-overwatch' },
    /^what answers at .* is not believed \(false-overwatch\)/,
  ],
  ['away', { kind: 'lost', node, why: 'it stopped in order' }, `${node} is away: it stopped in order`],
  [
    'welcomed, but not for everything',
    { ...welcomed, declined },
    `${node} does not let this agent speak for a.example.com (wrong-token), b.example.com (unknown-service)`,
  ],
  ['welcomed', welcomed, undefined],
  ['told something', { kind: 'sent', node, withClaims: true }, before],
  ['acknowledged', { kind: 'acknowledged', node, afterMs: 3 }, before],
];
for (const [what, news, trouble] of cases) {
  test(what, () => {
    const found = troubleAfter(news, before);
    if (trouble instanceof RegExp) assert.match(found ?? '', trouble);
    else assert.equal(found, trouble);
  });
}
