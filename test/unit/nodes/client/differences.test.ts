import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differencesBetween, type Said } from '../../../../src/nodes/client/differences.ts';
import type { ShownAgent, ShownOverride } from '../../../../src/nodes/client/node-api.ts';

function said(endpoint: string, answers: Record<string, string>, overrides: readonly Partial<ShownOverride>[] = []): Said {
  const whole = { service: 'a', address: '192.0.2.7', port: null, action: 'down', reason: 'r', source: 's', authority: 'human' };
  const told = overrides.map((part, index) => ({ ...whole, created_at: endpoint, expires_at: null, position: index, ...part }));
  return { endpoint, answers: new Map(Object.entries(answers)), overrides: told, agents: [] };
}

/** As two nodes know it: whatever is each node's own differs. */
function known(endpoint: string, status: string, fingerprint: string | null = 'ab'.repeat(32)): Said {
  const age = endpoint.length;
  const own = { agent_id: 'web-1', region: 'eu', unauthenticated: false, not_after: null, heartbeat_age_seconds: age, position: age };
  const agent: ShownAgent = {
    ...{ ...own, status, fingerprint, stale_after_seconds: 30, services: ['a'], backend_count: 1 },
    ...{ address: '192.0.2.7:7946', boot: 1, sequence: age },
  };
  return { ...said(endpoint, {}), agents: [agent] };
}

test('nodes that say the same do not differ, whenever and wherever in their logs they say it', () => {
  const one = said('one', { a: 'x', b: 'y' }, [{ position: 3, created_at: 'then' }]);
  const two = said('two', { b: 'y', a: 'x' }, [{ position: 9, created_at: 'now' }]);
  assert.deepEqual(differencesBetween([one, two]), []);
  assert.deepEqual(differencesBetween([one]), []);
  assert.deepEqual(differencesBetween([]), []);
});

test('answers that differ are told with who says which, what most say first', () => {
  const nodes = [said('one', { a: 'x', b: 'same' }), said('two', { a: 'y', b: 'same' }), said('three', { a: 'y', b: 'same' })];
  assert.deepEqual(differencesBetween(nodes), [
    {
      kind: 'answer',
      subject: 'a',
      versions: [
        { says: 'y', nodes: ['two', 'three'] },
        { says: 'x', nodes: ['one'] },
      ],
    },
  ]);
});

test('a service that one node does not serve is a difference', () => {
  const [difference] = differencesBetween([said('one', { a: 'x' }), said('two', {})]);
  assert.deepEqual(difference?.versions[1], { says: 'not served', nodes: ['two'] });
});

const down = { action: 'down' };
const rows: readonly (readonly [
  name: string,
  one: readonly Partial<ShownOverride>[],
  two: readonly Partial<ShownOverride>[],
  subjects: readonly string[],
])[] = [
  ['missing on one', [down], [], ['a 192.0.2.7, by a person']],
  ['another action', [down], [{ action: 'drain' }], ['a 192.0.2.7, by a person']],
  ['another port', [down], [{ ...down, port: 80 }], ['a 192.0.2.7 port 80, by a person', 'a 192.0.2.7, by a person']],
  ['another authority', [down], [down, { ...down, authority: 'tool' }], ['a 192.0.2.7, by a tool']],
];
for (const [name, one, two, subjects] of rows) {
  test(`an override: ${name}`, () => {
    const found = differencesBetween([said('one', {}, one), said('two', {}, two)]);
    assert.deepEqual(
      found.map(({ kind, subject }) => [kind, subject]),
      subjects.map((subject) => ['override', subject]),
    );
  });
}

for (const [name, one, two, says] of [
  ['heard by both', known('one', 'heard'), known('other', 'heard'), []],
  ['silent for one', known('one', 'heard'), known('two', 'stale'), ['heard, abababababab', 'stale, abababababab']],
  ['revoked on one', known('one', 'revoked'), known('two', 'heard'), ['revoked, abababababab', 'heard, abababababab']],
  ['not known to one', known('one', 'heard'), said('two', {}), ['heard, abababababab', 'not known']],
  [
    'two hosts under one name',
    known('one', 'heard'),
    known('two', 'heard', 'c'.repeat(64)),
    ['heard, abababababab', 'heard, cccccccccccc'],
  ],
  ['one of the original', known('one', 'heard', null), known('two', 'stale', null), ['heard', 'stale']],
] as const) {
  test(`an agent: ${name}`, () => {
    const found = differencesBetween([one, two]);
    assert.deepEqual(
      found.flatMap(({ kind, subject, versions }) => versions.map((version) => [kind, subject, version.says])),
      says.map((text) => ['agent', 'web-1', text]),
    );
  });
}
