import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { LinkNews } from '../../../../src/nodes/agent/link.ts';
import { createLinkLog } from '../../../../src/nodes/agent/link-log.ts';

const node = '192.0.2.53:7946';
const unreachable: LinkNews = { kind: 'unreachable', node, why: 'connection refused' };
const refused: LinkNews = { kind: 'refused', node, by: 'overwatch', reason: 'wrong-token' };
const welcomed: LinkNews = { kind: 'welcomed', node, overwatch: 'ow-1', declined: [] };

function linesOf(...news: readonly LinkNews[]): readonly string[] {
  const lines: string[] = [];
  const logger = pino({ level: 'info', base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  const tell = createLinkLog(logger);
  for (const one of news) tell(one);
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg.split(':')[0] as string);
}

const cases: readonly (readonly [what: string, news: readonly LinkNews[], lines: number])[] = [
  ['a node that cannot be reached again and again is one line', [unreachable, unreachable, unreachable], 1],
  ['another trouble is another line', [unreachable, refused, refused, unreachable], 3],
  ['what was mended may be told anew', [unreachable, welcomed, unreachable], 3],
  [
    'what only goes on is none',
    [
      { kind: 'sent', node, withClaims: true },
      { kind: 'acknowledged', node, afterMs: 3 },
    ],
    0,
  ],
  ['one that is away is one, each time', [welcomed, { kind: 'lost', node, why: 'it stopped in order' }, welcomed], 3],
  ['each service that it declined is one', [{ ...welcomed, declined: [{ service: 'app.example.com', reason: 'wrong-token' }] }], 2],
];
for (const [what, news, lines] of cases) test(what, () => assert.equal(linesOf(...news).length, lines));

test('a refusal says what to do', () => {
  const said: string[] = [];
  createLinkLog(pino({ base: null }, { write: (line: string) => void said.push(line) }))(refused);
  assert.match(said.join(''), /refuses this agent \(wrong-token\): .*agent\.identity\.service_token/);
});
