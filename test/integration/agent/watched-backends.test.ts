/** Backends that are really asked, over real sockets, until the agent says what is expected of it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { z } from 'zod';
import type { configuration as configurationSchema } from '../../../src/events/catalogue/configuration.ts';
import { type WatchedBackend, watchBackends } from '../../../src/nodes/agent/watched-backends.ts';
import { checks } from '../../../src/nodes/checks/checks.ts';
import { systemClock } from '../../../src/nodes/clock.ts';
import { until as eventually } from '../../e2e/overwatch-process.ts';
import { configurationOf } from '../../given.ts';
import { answerWith, closedPort, ok, tcpServer } from '../check-servers.ts';

type BackendInput = NonNullable<z.input<typeof configurationSchema>['agent']>['backends'][number];

const failing = 'HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n';

/** Watches these, each ten times a second; `until` waits for what the agent sees to be so. */
function watch(context: TestContext, backends: readonly (Omit<BackendInput, 'address' | 'service'> & { service?: string })[]) {
  const failures: number[] = [];
  let changes = 0;
  let onChange = () => {};
  const watched = watchBackends({
    configuration: configurationOf({
      mode: 'agent',
      // A region of the overwatch's says nothing here, though it bears the name that an agent's region has by default.
      regions: [{ name: 'eu', health_check: { type: 'tcp', failure_threshold: 9 } }],
      agent: {
        identity: { service_token: 'a token of enough length' },
        backends: backends.map(({ service = 'app.example.com', health_check: own, ...rest }) => {
          return { service, address: '127.0.0.1', ...rest, health_check: { interval: '100ms', timeout: '100ms', ...own } };
        }),
        gossip: { encryption_key: Buffer.alloc(32, 1).toString('base64'), overwatch_nodes: ['127.0.0.1:7946'] },
      },
    }),
    clock: systemClock(),
    chance: Math.random,
    checks,
    changed: () => {
      changes += 1;
      onChange();
    },
    failed: (at) => {
      failures.push(at);
      onChange();
    },
  });
  context.after(() => watched.stop());
  const until = async (isSo: (list: readonly WatchedBackend[]) => boolean) => {
    while (!isSo(watched.list())) await new Promise<void>((resolve) => (onChange = resolve));
    return watched.list();
  };
  return { watched, until, failures, changes: () => changes };
}

test('each backend by its own check: http, tcp, and a port that nobody listens on', async (context) => {
  const asked: string[] = [];
  const web = await tcpServer(
    context,
    answerWith(ok, (request) => asked.push(request)),
  );
  const mute = await tcpServer(context, () => {});
  const nobody = await closedPort();
  const { until, changes } = watch(context, [
    { port: web.port, weight: 7, health_check: { path: '/ready', host: 'inner.example.com', headers: { 'x-check': 'secret' } } },
    { port: mute.port, service: 'other.example.com', health_check: { type: 'tcp' } },
    { port: nobody },
  ]);
  const list = await until((backends) => backends.every(({ healthy }) => healthy !== null));
  assert.deepEqual(
    list.map(({ service, port, weight, healthy, error }) => ({ service, port, weight, healthy, error })),
    [
      { service: 'app.example.com', port: web.port, weight: 7, healthy: true, error: null },
      { service: 'other.example.com', port: mute.port, weight: 100, healthy: true, error: null },
      { service: 'app.example.com', port: nobody, weight: 100, healthy: false, error: 'connection refused' },
    ],
  );
  assert.equal(changes(), 3);
  assert.match(asked[0] as string, /^GET \/ready HTTP\/1\.1\r\n/);
  assert.match(asked[0] as string, /host: inner\.example\.com\r\n/i);
  assert.match(asked[0] as string, /x-check: secret\r\n/i);
});

test('before the first check nothing is claimed', async (context) => {
  const web = await tcpServer(context, answerWith(ok));
  const { watched } = watch(context, [{ port: web.port }]);
  assert.deepEqual(
    watched.list().map(({ healthy, since, checkedAt }) => [healthy, since, checkedAt]),
    [[null, null, null]],
  );
});

test('its own thresholds: three failures take it down, and four successes in a row take it up again', async (context) => {
  let answers = 0;
  // 1 ok, then 2 that fail, 2 that are well, 1 that fails: three failures have gathered, as two successes cleared nothing.
  const script = [ok, failing, failing, ok, ok, failing];
  const web = await tcpServer(context, (socket) => {
    const answer = script[answers] ?? ok;
    answers += 1;
    answerWith(answer)(socket);
  });
  const statuses: { readonly healthy: boolean | null; readonly answers: number }[] = [];
  const { until, failures } = watch(context, [{ port: web.port, health_check: { failure_threshold: 3, success_threshold: 4 } }]);
  for (const healthy of [true, false, true]) {
    await until(([backend]) => backend?.healthy === healthy);
    statuses.push({ healthy, answers });
  }
  assert.deepEqual(statuses, [
    { healthy: true, answers: 1 },
    { healthy: false, answers: 6 },
    { healthy: true, answers: 10 },
  ]);
  assert.equal(failures.length, 1, 'it has failed once');
});

test('one that is dead has failed once however often it is checked, and one that never was healthy has not', async (context) => {
  let isOpen = true;
  let refusals = 0;
  const dying = await tcpServer(context, (socket) => {
    if (!isOpen) refusals += 1;
    answerWith(isOpen ? ok : failing)(socket);
  });
  const neverWell = await tcpServer(context, answerWith(failing));
  const { until, failures, changes } = watch(context, [
    { port: dying.port, health_check: { failure_threshold: 3 } },
    { port: neverWell.port },
  ]);
  await until((backends) => backends.every(({ healthy }) => healthy !== null));
  isOpen = false;
  await until(([backend]) => backend?.healthy === false);
  await eventually('it was checked on', () => (refusals > 8 ? true : undefined));
  assert.deepEqual([failures.length, changes()], [1, 3]);
});

test('a stop ends the checks that run, and nothing is told after it', async (context) => {
  const silent = await tcpServer(context, () => {});
  const { watched, changes } = watch(context, [{ port: silent.port, health_check: { interval: '60s', timeout: '60s' } }]);
  await watched.stop();
  await silent.allClosed();
  assert.deepEqual([changes(), watched.list()[0]?.healthy], [0, null]);
});
