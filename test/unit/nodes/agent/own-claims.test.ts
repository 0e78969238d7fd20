import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuration } from '../../../../src/events/catalogue/configuration.ts';
import {
  type AgentSettings,
  badSignals,
  claimsOf,
  type SignalName,
  saidSignals,
  tokensOf,
} from '../../../../src/nodes/agent/own-claims.ts';
import type { WatchedBackend } from '../../../../src/nodes/agent/watched-backends.ts';

const key = Buffer.alloc(32, 7).toString('base64');
const [app, api] = ['app.example.com', 'api.example.com'];

function settings(changes: object = {}): AgentSettings {
  const written = {
    identity: { service_token: 'a token for all of it' },
    backends: [
      { service: app, address: '192.0.2.7', port: 80 },
      { service: api, address: '192.0.2.7', port: 81, weight: 5 },
    ],
    gossip: { encryption_key: key, overwatch_nodes: ['192.0.2.53:7946'] },
    ...changes,
  };
  return configuration.parse({ mode: 'agent', agent: written }).agent as AgentSettings;
}

const checked = { since: 1, checkedAt: 1, error: null };
const backend = (changes: Partial<WatchedBackend>): WatchedBackend => {
  return { service: app, address: '192.0.2.7', port: 80, weight: 100, healthy: true, ...checked, ...changes };
};
const nothingDrains = { reasonOf: () => null };

test('what was not checked yet is not claimed as healthy, and each drains for its own reason', () => {
  const backends = [backend({}), backend({ healthy: false, port: 81 }), backend({ healthy: null, service: api })];
  const claims = claimsOf(settings(), backends, { reasonOf: (service) => (service === api ? 'new disk' : null) });
  assert.deepEqual(
    claims.backends.map(({ service, port, healthy, draining }) => [service, port, healthy, draining]),
    [
      [app, 80, true, null],
      [app, 81, false, null],
      [api, 80, false, 'new disk'],
    ],
  );
  assert.deepEqual([claims.missedThreshold, claims.predictive], [3, null]);
});

test('where signals are sent, so are their thresholds; one is left at nine tenths, unless it is said', () => {
  const predictive = { enabled: true, cpu: { threshold: 50, leave_threshold: 10, bleed_duration: '2s' }, memory: { threshold: 80 } };
  const policy = claimsOf(settings({ predictive }), [], nothingDrains).predictive;
  assert.deepEqual(policy?.cpu, { threshold: 50, leave: 10, bleedMs: 2_000 });
  assert.deepEqual(policy?.memory, { threshold: 80, leave: 72, bleedMs: 30_000 });
});

test('a signal that is not measured travels as such', () => {
  assert.deepEqual(saidSignals({ errorRate: 2 }), { cpu: null, memory: null, errorRate: 2 });
  assert.deepEqual(saidSignals({ cpu: 0, memory: 3, errorRate: 0 }), { cpu: 0, memory: 3, errorRate: 0 });
});

const rule = { threshold: 90, leave: 75, bleedMs: 0 };
const policy = { cpu: rule, memory: rule, errorRate: rule };
const cases: readonly (readonly [was: boolean, value: number | null, isBad: boolean])[] = [
  [false, 90, true],
  [false, 89.9, false],
  [true, 75.1, true],
  [true, 75, false],
  [true, null, false],
  [false, null, false],
];
for (const [was, cpu, isBad] of cases) {
  test(`a signal that was ${was ? 'bad' : 'well'} and is ${cpu} is ${isBad ? 'bad' : 'well'}`, () => {
    const before = new Set<SignalName>(was ? ['cpu'] : []);
    assert.deepEqual([...badSignals(policy, { cpu, memory: null, errorRate: 0 }, before)], isBad ? ['cpu'] : []);
  });
}

test('each service has its own token, or the one for all', () => {
  const identity = { service_token: 'a token for all of it', tokens: { [api]: 'a token of the api alone' } };
  const tokens = tokensOf(settings({ identity }));
  assert.deepEqual(
    [...tokens],
    [
      [app, 'a token for all of it'],
      [api, 'a token of the api alone'],
    ],
  );
});
