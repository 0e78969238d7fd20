/** Overrides over HTTP: set, repeated, forced, tried, listed, cleared, and every way in which one is refused. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EventOf } from '../../src/events/event.ts';
import { a, a6, app, b, oneDomain, order, settingOverride, unchecked } from '../given.ts';
import { type Answer, assertError, type RunningApi, runApi, start, startText } from './running-api.ts';

const servers = oneDomain([a, b, { address: a6, port: 443 }], {}, unchecked);
const down = { action: 'down', reason: 'disk is full' };

/** The override that these tests set first. */
const shown = {
  ...{ service: app, address: a, port: null, action: 'down', healthy: false, reason: 'disk is full', source: 'local', authority: 'human' },
  ...{ actor: { kind: 'human', name: 'local', address: '127.0.0.1' }, created_at: startText, expires_at: null, position: 5 },
};

type Shown = Readonly<Omit<typeof shown, 'port'> & { port: number | null }>;

describe('setting an override', () => {
  it('answers the override as it stands, and DNS follows', async (test) => {
    const { ask } = await runApi(test, { configuration: servers });
    const answer = await ask('PUT', `/overrides/${app}/${a}`, { body: down });
    assert.deepEqual([answer.status, answer.body], [200, { ...shown, repeated: false }]);
    assert.match(String(answer.headers['content-type']), /^application\/json/);
    assert.deepEqual((await ask('GET', '/overrides')).body, { overrides: [shown], generated_at: startText });
    assert.deepEqual((await ask('GET', `/overrides/${app}/${a}`)).body, shown);
    const { body } = await ask<{ families: { A: unknown } }>('GET', `/services/${app}/answers`);
    assert.deepEqual(body.families.A, { tier: 'fit', spokes: [{ addresses: [b], share: 1 }] });
  });

  it('takes the words of the original', async (test) => {
    const { ask } = await runApi(test, { configuration: servers });
    const body = { healthy: false, reason: 'maintenance', source: 'deploy-bot' };
    const expected = {
      ...shown,
      reason: 'maintenance',
      source: 'deploy-bot',
      actor: { ...shown.actor, name: 'deploy-bot' },
      repeated: false,
    };
    assert.deepEqual((await ask('PUT', `/overrides/${app}/${a}`, { body })).body, expected);
    const up = await ask('PUT', `/overrides/${app}/${a}`, { body: { ...body, healthy: true } });
    assert.deepEqual(up.body, { ...expected, action: 'up', healthy: true, position: 6 });
  });

  for (const [target, address, port] of [
    [`${a}:80`, a, 80],
    [a6, a6, null],
    [`[${a6}]:443`, a6, 443],
    ['2001:DB8:0::1', a6, null],
    [encodeURIComponent(`[${a6}]:443`), a6, 443],
  ] as const) {
    it(`finds the server of ${target}`, async (test) => {
      const { ask } = await runApi(test, { configuration: servers });
      const { body } = await ask('PUT', `/overrides/${app.toUpperCase()}./${target}`, { body: { action: 'drain', reason: 'x' } });
      assert.deepEqual(body, { ...shown, address, port, action: 'drain', reason: 'x', repeated: false });
      assert.equal((await ask('GET', `/overrides/${app}/${target}`)).status, 200);
    });
  }

  it('ends by itself after expires_in', async (test) => {
    const { ask, clock } = await runApi(test, { configuration: servers });
    const { body } = await ask('PUT', `/overrides/${app}/${a}`, { body: { ...down, expires_in: '10m' } });
    assert.deepEqual(body, { ...shown, expires_at: '2026-11-21T03:22:00.000Z', repeated: false });
    await clock.moveTo(start + 600_000);
    assert.deepEqual((await ask('GET', '/overrides')).body, { overrides: [], generated_at: '2026-11-21T03:22:00.000Z' });
  });

  it('has one effect for one idempotency key', async (test) => {
    const { ask, log } = await runApi(test, { configuration: servers });
    const headers = { 'idempotency-key': 'change 42' };
    const first = await ask('PUT', `/overrides/${app}/${a}`, { body: down, headers });
    const again = await ask('PUT', `/overrides/${app}/${a}`, { body: down, headers });
    assert.deepEqual(
      [first.body, again.body],
      [
        { ...shown, repeated: false },
        { ...shown, repeated: true },
      ],
    );
    assert.equal(log.end.position, 5);
    assertError(
      await ask('PUT', `/overrides/${app}/${a}`, { body: { ...down, action: 'up' }, headers }),
      ...([422, 'request-key-reused', 'the request key change 42 was used for another command in the last 24 hours'] as const),
      'use a new key for a new command, and repeat a command with its own key unchanged',
    );
  });

  it('says what it would do, and does not, in a dry run', async (test) => {
    const { ask, log, engine } = await runApi(test, { configuration: servers });
    const { status, body } = await ask('PUT', `/overrides/${app}/${a}?dry_run=true`, { body: down });
    const aaaa = { tier: 'fit', spokes: [{ addresses: [a6], share: 1 }] };
    const halves = [a, b].map((address) => ({ addresses: [address], share: 0.5 }));
    assert.deepEqual(
      [status, body],
      [
        200,
        {
          facts: [{ type: 'override.set', data: { service: app, address: a, port: null, ...down, authority: 'human', until: null } }],
          changes: [
            {
              service: app,
              before: { A: { tier: 'fit', spokes: halves }, AAAA: aaaa },
              after: { A: { tier: 'fit', spokes: [{ addresses: [b], share: 1 }] }, AAAA: aaaa },
            },
          ],
        },
      ],
    );
    assert.deepEqual([log.end.position, engine.state.overrides.size], [4, 0]);
  });

  it('leaves out of a dry run what no client would see', async (test) => {
    const { ask } = await runApi(test, { configuration: servers });
    const { body } = await ask<{ changes: unknown }>('PUT', `/overrides/${app}/${a}?dry_run=true`, { body: { ...down, action: 'up' } });
    assert.deepEqual(body.changes, []);
  });

  it('refuses to empty a service, unless forced', async (test) => {
    const { ask } = await runApi(test, { configuration: oneDomain([a], {}, unchecked) });
    const refused = ['would-empty-service', `${app} would be left with no fit server`] as const;
    const remedy = 'bring another server up first, or repeat it with force and a reason';
    assertError(await ask('PUT', `/overrides/${app}/${a}`, { body: down }), 409, ...refused, remedy);
    assertError(await ask('PUT', `/overrides/${app}/${a}?dry_run=true`, { body: down }), 409, ...refused, remedy);
    assert.equal((await ask('PUT', `/overrides/${app}/${a}?force=true`, { body: down })).status, 200);
  });
});

describe('clearing an override', () => {
  it('answers 204 and nothing else, then 404', async (test) => {
    const { ask, log } = await runApi(test, { configuration: servers });
    await ask('PUT', `/overrides/${app}/${a}`, { body: down });
    const { status, body } = await ask('DELETE', `/overrides/${app}/${a}?reason=repaired`);
    assert.deepEqual([status, body], [204, undefined]);
    const { events } = (await ask<{ events: EventOf<'override.cleared'>[] }>('GET', '/events?from=-1')).body;
    assert.deepEqual(
      events.map(({ type, data, actor }) => [type, data.reason, actor?.name]),
      [['override.cleared', 'repaired', 'local']],
    );
    assert.equal(log.synced.position, 6);
    const missing = [
      'unknown-override',
      `there is no override on ${a} of ${app}`,
      'GET /api/v1/overrides lists the overrides with their targets',
    ] as const;
    assertError(await ask('DELETE', `/overrides/${app}/${a}`), 404, ...missing);
    assertError(await ask('GET', `/overrides/${app}/${a}`), 404, ...missing);
  });

  it('has one effect for one idempotency key', async (test) => {
    const { ask } = await runApi(test, { configuration: servers });
    await ask('PUT', `/overrides/${app}/${a}`, { body: down });
    const headers = { 'idempotency-key': 'clear 42' };
    const statuses = [
      await ask('DELETE', `/overrides/${app}/${a}`, { headers }),
      await ask('DELETE', `/overrides/${app}/${a}`, { headers }),
    ];
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [204, 204],
    );
  });

  it('is guarded, tried and forced like setting one', async (test) => {
    const { ask, engine } = await runApi(test, { configuration: oneDomain([{ address: a, weight: 0 }], { when_all_unhealthy: 'all' }) });
    await ask('PUT', `/overrides/${app}/${a}`, { body: { ...down, action: 'drain' } });
    const tried = await ask<{ facts: EventOf<'override.cleared'>[] }>('DELETE', `/overrides/${app}/${a}?dry_run=true`);
    assert.equal(tried.status, 200);
    assert.deepEqual(
      tried.body.facts.map(({ type, cause }) => [type, cause]),
      [['override.cleared', 3]],
    );
    assert.equal(engine.state.overrides.size, 1);
    assertError(
      await ask('DELETE', `/overrides/${app}/${a}?force=true`),
      ...([
        400,
        'request-invalid',
        'query.reason: expected a reason: force needs one',
        'mend what is named and send the request again',
      ] as const),
    );
    assert.equal((await ask('DELETE', `/overrides/${app}/${a}?force=true&reason=x`)).status, 204);
  });

  it('takes a content type without a body', async (test) => {
    const { ask } = await runApi(test, { configuration: servers });
    await ask('PUT', `/overrides/${app}/${a}`, { body: down });
    const headers = { 'content-type': 'application/json' };
    assert.equal((await ask('DELETE', `/overrides/${app}/${a}`, { headers })).status, 204);
  });
});

describe('the overrides', () => {
  it('are listed in the order in which they were last set', async (test) => {
    const { ask } = await runApi(test, { configuration: servers });
    for (const address of [a, b, a]) await ask('PUT', `/overrides/${app}/${address}`, { body: { ...down, action: 'up' } });
    const { overrides } = (await ask<{ overrides: Shown[] }>('GET', '/overrides')).body;
    assert.deepEqual(
      overrides.map(({ address, position }) => [address, position]),
      [
        [b, 6],
        [a, 7],
      ],
    );
  });
});

describe('an override on one port and on the address', () => {
  it('are two, of which the more exact is asked for exactly', async (test) => {
    const { ask, engine } = await runApi(test, { configuration: servers });
    await ask('PUT', `/overrides/${app}/${a}`, { body: down });
    await ask('PUT', `/overrides/${app}/${a}:80`, { body: { action: 'drain', reason: 'x' } });
    const { overrides } = (await ask<{ overrides: Shown[] }>('GET', '/overrides')).body;
    assert.deepEqual(
      overrides.map(({ port }) => port),
      [null, 80],
    );
    assert.equal((await ask<Shown>('GET', `/overrides/${app}/${a}:80`)).body.action, 'drain');
    await engine.execute(order(settingOverride(a, 'up', { authority: 'tool' })));
    assert.equal((await ask<Shown>('GET', `/overrides/${app}/${a}`)).body.authority, 'human');
  });

  it('shows a tool as the source of its own', async (test) => {
    const { ask, engine } = await runApi(test, { configuration: servers });
    await engine.execute({ command: settingOverride(a, 'up', { authority: 'tool' }), actor: { kind: 'tool', name: 'ci' } });
    const { body } = await ask<Shown>('GET', `/overrides/${app}/${a}`);
    assert.deepEqual([body.authority, body.source, body.actor, body.healthy], ['tool', 'ci', { kind: 'tool', name: 'ci' }, true]);
  });
});

describe('an override request that is not right', () => {
  let running: RunningApi;
  before(async () => {
    running = await runApi(undefined, { configuration: servers });
  });
  after(() => running.close());

  const path = `/overrides/${app}/${a}`;
  const expectedAction = 'expected up, down or drain';
  const put = (body: unknown, query = '', headers = {}) => running.ask<{ error: string }>('PUT', `${path}${query}`, { body, headers });
  const table: readonly (readonly [title: string, asking: () => Promise<Answer>, error: string])[] = [
    ['no action', () => put({ reason: 'x' }), `body.action: ${expectedAction}`],
    ['an unknown action', () => put({ action: 'pause', reason: 'x' }), `body.action: ${expectedAction}`],
    [
      'both words',
      () => put({ action: 'up', healthy: true, reason: 'x', source: 'x' }),
      'body.healthy: expected either action or healthy, not both',
    ],
    ['healthy without source', () => put({ healthy: true, reason: 'x' }), 'body.source: expected the name of whoever asks'],
    ['no reason', () => put({ action: 'up' }), 'body.reason: expected some text'],
    ['an empty reason', () => put({ action: 'up', reason: ' ' }), 'body.reason: expected some text'],
    ['a long reason', () => put({ action: 'up', reason: 'x'.repeat(1001) }), 'body.reason: expected at most 1000 characters'],
    [
      'half a character',
      () => put({ action: 'up', reason: '\ud800' }),
      'body.reason: expected one line of text, without control characters',
    ],
    ['two lines', () => put({ action: 'up', reason: 'a\nb' }), 'body.reason: expected one line of text, without control characters'],
    ['an unknown key', () => put({ ...down, expires: '1m' }), 'body: Unrecognized key: "expires"'],
    [
      'a bare number',
      () => put({ ...down, expires_in: 10 }),
      'body.expires_in: expected a duration with its unit: write 10s if seconds are meant',
    ],
    ['no time at all', () => put({ ...down, expires_in: '0s' }), 'body.expires_in: expected at least 1s'],
    [
      'eternity',
      () => put({ ...down, expires_in: '99999999999999d' }),
      'body.expires_in: expected at most 3650d; leave it out for an override that stays',
    ],
    ['a list', () => put([down]), 'body: Invalid input: expected object, received array'],
    ['no body', () => put(undefined), 'body: Invalid input: expected object, received null'],
    ['a misspelled query', () => put(down, '?dryrun=true'), 'query: Unrecognized key: "dryrun"'],
    ['an odd flag', () => put(down, '?force=1'), 'query.force: expected true or false'],
    [
      'a long key',
      () => put(down, '', { 'idempotency-key': 'x'.repeat(201) }),
      'header.idempotency-key: expected 1 to 200 printable ASCII characters',
    ],
    [
      'no address',
      () => running.ask('PUT', `/overrides/${app}/server-1`, { body: down }),
      'path.target: expected ADDRESS or ADDRESS:PORT, with an IPv6 address in brackets',
    ],
    [
      'no name',
      () => running.ask('PUT', `/overrides/a%20b/${a}`, { body: down }),
      'path.service: expected a DNS name such as app.example.com',
    ],
  ];
  for (const [title, asking, error] of table) {
    it(`${title}: ${error}`, async () => {
      assertError(await asking(), 400, 'request-invalid', error, 'mend what is named and send the request again');
    });
  }

  it('names a few mistakes and counts the others', async () => {
    const { body } = await put({ action: 'x', healthy: 1, reason: 2, source: 3, expires_in: 4, other: 5 });
    assert.equal(body.error.split('; ').length, 6);
    assert.match(body.error, /; and 1 more$/);
  });

  it('repeats what was sent only in part', async () => {
    const { status, body } = await put({ ...down, ['x'.repeat(10_000)]: 1 });
    assert.equal(status, 400);
    assert(body.error.length < 300);
  });

  it('is refused by the engine for a server or a service that is not there', async () => {
    assertError(
      await running.ask('PUT', `/overrides/${app}/192.0.2.77`, { body: down }),
      ...([404, 'unknown-server', `${app} has no server 192.0.2.77`, `GET /api/v1/services/${app}/answers lists its servers`] as const),
    );
    assertError(
      await running.ask('PUT', `/overrides/other.example.com/${a}`, { body: down }),
      ...([404, 'unknown-service', 'there is no service other.example.com', 'GET /api/v1/services lists the services'] as const),
    );
  });

  it('left nothing in the log', () => assert.equal(running.log.end.position, 4));
});

describe('a log that cannot be written', () => {
  it('refuses to set an override, and says why', async (test) => {
    const { ask, log } = await runApi(test, { configuration: servers });
    await log.close();
    assertError(
      await ask('PUT', `/overrides/${app}/${a}`, { body: down }),
      503,
      'log-unavailable',
      'The log was closed.',
      'Open it again.',
    );
    assertError(await ask('GET', '/events'), 503, 'log-unavailable', 'The log was closed.', 'Open it again.');
    assert.equal((await ask('GET', '/overrides')).status, 200);
  });
});
