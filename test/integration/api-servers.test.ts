/** Servers over HTTP: registered, changed, tried, taken away, and every way in which that is refused. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serverOf } from '../../src/projections/registry.ts';
import { a, a6, app, b, oneDomain, order, settingOverride, unchecked } from '../given.ts';
import { assertError, runApi, start, startText } from './running-api.ts';

const configuration = oneDomain([a, { address: '192.0.2.7', region: 'us', port: 81 }], {}, unchecked);
const servers = `/services/${app}/servers`;
const verdict = { status: 'up', authority: 'registration', since: startText, reason: 'registered, and nothing checks it' };
const shown = {
  ...{ service: app, address: b, port: 8080, region: 'eu', weight: 100, source: 'api', registered_at: startText, updated_at: startText },
  ...{ position: 4, verdict: { ...verdict, because: [4] } },
};
const body = { address: b, port: 8080, region: 'eu' };

describe('registering a server', () => {
  it('answers it as it stands, and DNS follows', async (test) => {
    const { ask } = await runApi(test, { configuration });
    const answer = await ask('POST', servers, { body });
    assert.deepEqual([answer.status, answer.body], [201, { ...shown, repeated: false }]);
    assert.deepEqual((await ask('GET', `${servers}/${b}:8080`)).body, shown);
    const { body: list } = await ask<{ servers: { address: string; source: string }[] }>('GET', servers);
    assert.deepEqual(
      list.servers.map(({ address, source }) => [address, source]),
      [
        [a, 'static'],
        ['192.0.2.7', 'static'],
        [b, 'api'],
      ],
    );
    const { body: answers } = await ask<{ families: { A: { spokes: { addresses: string[] }[] } } }>('GET', `/services/${app}/answers`);
    assert(answers.families.A.spokes.some(({ addresses }) => addresses.includes(b)));
  });

  it('takes all that a server can have, and IPv6', async (test) => {
    const { ask } = await runApi(test, { configuration });
    const check = { type: 'https', path: '/up', interval: '5s', expected_status: [204, '200-299'] };
    const all = { ...body, address: '2001:DB8:0::1', weight: 3, host: 'app.internal:8443', health_check: check };
    const expected = { ...shown, address: a6, weight: 3, host: 'app.internal:8443', health_check: check };
    assert.deepEqual((await ask('POST', servers, { body: all })).body, { ...expected, repeated: false });
    assert.deepEqual((await ask('GET', `${servers}/[${a6}]:8080`)).body, expected);
  });

  it('has one effect for one idempotency key', async (test) => {
    const { ask, log } = await runApi(test, { configuration });
    const headers = { 'idempotency-key': 'k' };
    await ask('POST', servers, { body, headers });
    assert.deepEqual((await ask('POST', servers, { body, headers })).body, { ...shown, repeated: true });
    assert.equal(log.end.position, 4);
    assertError(
      await ask('POST', servers, { body }),
      ...([409, 'server-exists', `there is ${b}:8080 of ${app} already`, 'update it, or deregister it first'] as const),
    );
  });

  it('says what it would do, and does not, in a dry run', async (test) => {
    const { ask, log } = await runApi(test, { configuration });
    const { status, body: dry } = await ask<{ facts: unknown; changes: unknown[] }>('POST', `${servers}?dry_run=true`, { body });
    const data = { service: app, address: b, port: 8080, source: 'api', region: 'eu', weight: 100 };
    assert.deepEqual([status, dry.facts, dry.changes.length], [200, [{ type: 'server.registered', data }], 1]);
    assert.equal(log.end.position, 3);
  });

  for (const [title, words, sentence] of [
    ['headers, which would be secrets', { health_check: { headers: { x: 'y' } } }, /^body\.health_check\.headers: headers of servers/],
    ['no port', { port: undefined }, /^body\.port: /],
    ['a name for an address', { address: 'localhost' }, /^body\.address: expected an IP address/],
    ['a word that is not known', { wieght: 1 }, /wieght/],
    ['half a weight', { weight: 0.5 }, /^body\.weight: /],
    ['a host of two lines', { host: 'a\r\nb' }, /^body\.host: expected a host name/],
    ['an interval of nothing', { health_check: { interval: '1ms' } }, /^body\.health_check\.interval: /],
  ] as const) {
    it(`refuses ${title}`, async (test) => {
      const { ask, log } = await runApi(test, { configuration });
      const answer = await ask<{ error: string }>('POST', servers, { body: { ...body, ...words } });
      assert.equal(answer.status, 400);
      assert.match(answer.body.error, sentence);
      assert.equal(log.end.position, 3);
    });
  }

  it('refuses what the engine refuses', async (test) => {
    const { ask } = await runApi(test, { configuration });
    for (const [path, words, code, reason] of [
      [servers, { region: undefined }, 422, 'unknown-region'],
      [servers, { region: 'mars' }, 422, 'unknown-region'],
      [servers, { health_check: { interval: '1s', timeout: '2s' } }, 422, 'check-inconsistent'],
      ['/services/other.example.com/servers', {}, 404, 'unknown-service'],
    ] as const) {
      const answer = await ask<{ reason: string }>('POST', path, { body: { ...body, ...words } });
      assert.deepEqual([answer.status, answer.body.reason], [code, reason]);
    }
  });
});

describe('changing a server', () => {
  it('leaves what is not named, also of one of the file', async (test) => {
    const { ask, clock } = await runApi(test, { configuration });
    await ask('POST', servers, { body: { ...body, host: 'x', health_check: { type: 'tcp' } } });
    await clock.moveTo(start + 60_000);
    const changed = { ...shown, host: 'x', weight: 5, health_check: { type: 'tcp' }, updated_at: '2026-11-21T03:13:00.000Z' };
    assert.deepEqual((await ask('PATCH', `${servers}/${b}:8080`, { body: { weight: 5 } })).body, { ...changed, repeated: false });
    const { host: _host, health_check: _check, ...bare } = changed;
    const gone = { host: null, health_check: null, region: 'us' };
    assert.deepEqual((await ask('PATCH', `${servers}/${b}:8080`, { body: gone })).body, { ...bare, region: 'us', repeated: false });
    const ofFile = await ask<{ weight: number; source: string }>('PATCH', `${servers}/${a}:80`, { body: { weight: 0, host: 'y' } });
    assert.deepEqual([ofFile.body.weight, ofFile.body.source], [0, 'static']);
  });

  it('refuses nothing to change, and a server that is not there', async (test) => {
    const { ask } = await runApi(test, { configuration });
    const nothing = await ask<{ error: string }>('PATCH', `${servers}/${a}:80`, { body: {} });
    assert.deepEqual([nothing.status, nothing.body.error], [400, 'body: expected region, weight, host or health_check']);
    const unknown = [404, 'unknown-server', `${app} has no server ${a}:81`, `GET /api/v1${servers} lists its servers`] as const;
    assertError(await ask('PATCH', `${servers}/${a}:81`, { body: { weight: 1 } }), ...unknown);
    assertError(await ask('GET', `${servers}/${a}:81`), ...unknown);
    const noPort = await ask<{ error: string }>('GET', `${servers}/${a}`);
    assert.equal(noPort.body.error, 'path.server: expected ADDRESS:PORT, with an IPv6 address in brackets');
  });
});

describe('deregistering a server', () => {
  it('takes it out of DNS', async (test) => {
    const { ask, engine } = await runApi(test, { configuration });
    await ask('POST', servers, { body });
    const answer = await ask('DELETE', `${servers}/${b}:8080`);
    assert.deepEqual([answer.status, answer.body], [204, undefined]);
    assert.equal(serverOf(engine.state.registry, app, b, 8080), undefined);
  });

  it('is refused for one of the file', async (test) => {
    const { ask } = await runApi(test, { configuration });
    assertError(
      await ask('DELETE', `${servers}/${a}:80`),
      ...([409, 'static-server', `${a}:80 of ${app} stands in the configuration, which would bring it back`] as const),
      'take it out of the configuration and reload; until then, drain it with an override',
    );
  });

  it('is refused where it empties the service, unless forced with a reason', async (test) => {
    const { ask, engine, logged } = await runApi(test, { configuration: oneDomain([a], {}, unchecked) });
    await ask('POST', servers, { body });
    await engine.execute(order(settingOverride(a, 'down')));
    const path = `${servers}/${b}:8080`;
    assert.equal((await ask<{ reason: string }>('DELETE', path)).body.reason, 'would-empty-service');
    assert.equal((await ask('DELETE', `${path}?force=true`)).status, 400);
    const dry = await ask<{ facts: { type: string }[] }>('DELETE', `${path}?force=true&reason=gone&dry_run=true`);
    assert.deepEqual([dry.body.facts[0]?.type, logged], ['server.deregistered', []]);
    assert.equal((await ask('DELETE', `${path}?force=true&reason=gone`)).status, 204);
    assert.match(logged[0] ?? '', /"name":"local".*"kind":"deregisterServer".*"reason":"gone".*forced past the guards/);
  });
});
