/** Where clients are, by API: what is set stands beside the configuration, over it, and over a restart of nothing but the fold. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { digest } from '../../src/projections/digest.ts';
import { evolve } from '../../src/projections/evolve.ts';
import { initialState } from '../../src/projections/state.ts';
import { a, app, b, c, oneDomain } from '../given.ts';
import { assertError, runApi } from './running-api.ts';

const configuration = oneDomain(
  [
    { address: a, region: 'eu' },
    { address: b, region: 'us' },
  ],
  { routing_algorithm: 'geolocation' },
  {
    overwatch: {
      validation: { enabled: false },
      geolocation: { default_region: 'us', custom_mappings: [{ cidr: '10.0.0.0/8', region: 'eu', comment: 'from the file' }] },
    },
  },
);
const running = (test: TestContext) => runApi(test, { configuration });
const mapping = (cidr: string, region: string) => ({ cidr, region });
const ofFile = { cidr: '10.0.0.0/8', region: 'eu', comment: 'from the file', source: 'config' };

describe('networks', () => {
  it('are set by either method, listed with who says so, and removed', async (test) => {
    const { ask } = await running(test);
    const list = async () => (await ask<{ mappings: object[] }>('GET', '/geo/mappings')).body.mappings;
    assert.deepEqual(await list(), [ofFile]);
    const set = await ask('POST', '/geo/mappings', { body: { ...mapping('10.1.2.3/16', 'us'), comment: 'offices' } });
    const shown = { cidr: '10.1.0.0/16', region: 'us', comment: 'offices', source: 'api' };
    assert.deepEqual([set.status, set.body], [201, { ...shown, repeated: false }]);
    assert.equal((await ask('PUT', '/geo/mappings', { body: mapping('10.0.0.0/8', 'us') })).status, 201);
    assert.deepEqual(await list(), [{ cidr: '10.0.0.0/8', region: 'us', source: 'api' }, shown]);
    assert.equal((await ask('DELETE', '/geo/mappings/10.0.0.0%2F8')).status, 204);
    assert.equal((await ask('DELETE', '/geo/mappings/10.1.0.0%2f16')).status, 204);
    assert.deepEqual(await list(), [ofFile]);
  });

  it('of IPv6 have one name however they are written', async (test) => {
    const { ask } = await running(test);
    const set = await ask<{ cidr: string }>('PUT', '/geo/mappings', { body: mapping('2001:DB8:0::1/32', 'eu') });
    assert.equal(set.body.cidr, '2001:db8::/32');
    assert.equal((await ask('DELETE', '/geo/mappings/2001:db8::%2F32')).status, 204);
  });

  it('are tried without a trace, and set once under one key', async (test) => {
    const { ask, log } = await running(test);
    const before = log.end.position;
    const tried = await ask<{ facts: { type: string }[]; changes: { service: string }[] }>('PUT', '/geo/mappings?dry_run=true', {
      body: mapping('10.1.0.0/16', 'us'),
    });
    assert.deepEqual([tried.status, tried.body.facts.map(({ type }) => type)], [200, ['geo_mapping.set']]);
    assert.deepEqual(
      tried.body.changes.map(({ service }) => service),
      [app],
    );
    assert.equal(log.end.position, before);
    const give = () =>
      ask<{ repeated: boolean }>('PUT', '/geo/mappings', { body: mapping('10.1.0.0/16', 'us'), headers: { 'idempotency-key': 'k' } });
    assert.deepEqual([(await give()).body.repeated, (await give()).body.repeated], [false, true]);
    assert.equal(log.end.position, before + 1);
  });

  it('are facts: folded from the log they stand as they stood', async (test) => {
    const { ask, engine, log } = await running(test);
    await ask('PUT', '/geo/mappings', { body: mapping('10.1.0.0/16', 'us') });
    await ask('PUT', '/geo/mappings', { body: mapping('10.2.0.0/16', 'eu') });
    await ask('DELETE', '/geo/mappings/10.2.0.0%2F16');
    const state = initialState();
    for await (const { events } of log.read({ from: 1 })) for (const event of events) evolve(state, event);
    assert.deepEqual(
      state.geoMappings.map(({ cidr }) => cidr),
      ['10.1.0.0/16'],
    );
    assert.equal(digest(state), digest(engine.state));
  });

  it('are refused with a sentence', async (test) => {
    const { ask } = await running(test);
    const set = (body: object) => ask('PUT', '/geo/mappings', { body });
    assertError(await set(mapping('10.1.0.0/16', 'ap')), 422, 'unknown-region', 'there is no region named ap', 'use one of eu, us');
    const malformed = 'body.cidr: expected a network such as 10.0.0.0/8 or 2001:db8::/32';
    const mend = 'mend what is named and send the request again';
    for (const cidr of ['10.0.0.0', '10.0.0.0/33', '10.0.0/8', '::/129', '10.0.0.0/8/8', '10.0.0.0/-1', 'fe80::1%eth0/64', '010.0.0.0/8']) {
      assertError(await set(mapping(cidr, 'eu')), 400, 'request-invalid', malformed, mend);
    }
    const remove = (cidr: string) => ask('DELETE', `/geo/mappings/${encodeURIComponent(cidr)}`);
    const list = 'GET /api/v1/geo/mappings lists the networks';
    assertError(await remove('10.9.0.0/16'), 404, 'unknown-mapping', 'nobody said where 10.9.0.0/16 is', list);
    const file = 'remove it from overwatch.geolocation.custom_mappings there and reload, or set another region for it';
    assertError(await remove('10.0.0.0/8'), 409, 'static-mapping', 'the configuration says where 10.0.0.0/8 is', file);
  });
});

it('an address is tested against all of them', async (test) => {
  const { ask } = await running(test);
  await ask('PUT', '/geo/mappings', { body: mapping('2001:db8::/32', 'eu') });
  const located = async (ip: string) => (await ask('GET', `/geo/test?ip=${ip}`)).body;
  const custom = { match_type: 'custom_mapping', region: 'eu' };
  const file = { comment: 'from the file', source: 'config' };
  assert.deepEqual(await located('10.1.2.3'), { ip: '10.1.2.3', ...custom, matched_cidr: '10.0.0.0/8', ...file });
  assert.deepEqual(await located('2001:DB8::0:1'), { ip: '2001:db8::1', ...custom, matched_cidr: '2001:db8::/32', source: 'api' });
  assert.deepEqual(await located('192.0.2.1'), { ip: '192.0.2.1', region: 'us', match_type: 'default' });
  assert.equal((await ask('GET', '/geo/test?ip=nobody')).status, 400);
});

it('answers are shown with what clients of each region get', async (test) => {
  const { ask } = await running(test);
  const { body } = await ask<{ families: { A: object } }>('GET', `/services/${app}/answers`);
  const only = (address: string) => [{ addresses: [address], share: 1 }];
  assert.deepEqual(body.families.A, { tier: 'fit', spokes: only(b), places: [{ region: 'eu', spokes: only(a) }] });
});

describe('what one client gets', () => {
  interface Shown {
    readonly client: { readonly sentence: string; readonly network: string; readonly region: string | null; readonly families: object };
  }
  const only = (address: string) => [{ addresses: [address], share: 1 }];
  const clientOf = async ({ ask }: Awaited<ReturnType<typeof running>>, query: string) =>
    (await ask<Shown>('GET', `/services/${app}/answers?${query}`)).body.client;

  it('is its region, who says so, the answer, and the prefix around it within which all get that', async (test) => {
    const api = await running(test);
    await api.ask('PUT', '/geo/mappings', { body: mapping('10.1.0.0/16', 'us') });
    assert.deepEqual(await clientOf(api, 'client=10.2.3.4'), {
      ...{ ip: '10.2.3.4', network: '10.2.3.4/32', region: 'eu', match_type: 'custom_mapping' },
      ...{ matched_cidr: '10.0.0.0/8', comment: 'from the file', source: 'config' },
      sentence: 'the client is in eu, by the network 10.0.0.0/8 of the configuration; it gets the servers there',
      // 10.0.0.0/8 without 10.1.0.0/16: the widest prefix around 10.2.3.4 is that of 10.2.0.0/15.
      families: { A: { region: 'eu', spokes: only(a), scope: 15, scope_network: '10.2.0.0/15' } },
    });
    const { sentence, families } = await clientOf(api, 'client=10.1.2.0/24');
    const own = 'the client is in us, by the network 10.1.0.0/16 that was set by API';
    assert.equal(sentence, `${own}; that region has no answer of its own, so it gets what everybody gets`);
    assert.deepEqual(families, { A: { region: null, spokes: only(b), scope: 16, scope_network: '10.1.0.0/16' } });
  });

  it('is what everybody gets where no network holds it', async (test) => {
    const shown = await clientOf(await running(test), 'client=2001:DB8::1');
    const why = 'no network holds the client, which leaves it to the default region us; it gets what everybody gets';
    assert.deepEqual([shown.network, shown.sentence], ['2001:db8::1/128', why]);
    assert.deepEqual(shown.families, { A: { region: null, spokes: only(b), scope: 0, scope_network: '::/0' } });
  });

  it('has the answer that a draw of the query log falls on', async (test) => {
    const plain = oneDomain([a, b, c], { routing_algorithm: 'weighted' }, { overwatch: { validation: { enabled: false } } });
    const api = await runApi(test, { configuration: plain });
    const drawn = async (draw: number) => {
      const { sentence, families } = await clientOf(api, `client=192.0.2.99&draw=${draw}`);
      assert.equal(sentence, 'weighted gives all clients the same, wherever they are');
      return (families as { A: { drawn: string[] } }).A.drawn;
    };
    assert.deepEqual([await drawn(0), await drawn(100), await drawn(299), await drawn(300)], [[a], [b], [c], [a]]);
  });

  it('is refused where the question says nothing', async (test) => {
    const { ask } = await running(test);
    const refusal = async (query: string) => (await ask<{ error: string }>('GET', `/services/${app}/answers?${query}`)).body.error;
    assert.match(await refusal('client=nobody'), /expected an address or a network of clients/);
    assert.match(await refusal('draw=1'), /draw needs client/);
    assert.match(await refusal('client=10.0.0.1&draw=-1'), /expected a whole number/);
    assert.match(await refusal('clients=10.0.0.1'), /clients/);
  });
});
