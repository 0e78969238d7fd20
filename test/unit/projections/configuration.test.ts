/** The configuration in force: look-ups by name, and its own name. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Domain } from '../../../src/events/catalogue/configuration.ts';
import { configurationDigest, lastResortOf, servicesOf, ttlSecondsOf } from '../../../src/projections/configuration.ts';
import { a, app, at, configurationOf, inForce, oneDomain, stateOf } from '../../given.ts';

const domainOf = (domain: Parameters<typeof oneDomain>[1], dns = {}) => {
  const configuration = oneDomain([a], domain, { dns });
  return [configuration, configuration.domains[0] as Domain] as const;
};

describe('the configuration in force', () => {
  it('is the newest one applied, with its event and moment', () => {
    const state = stateOf(at(5, ...inForce(oneDomain([a]))), at(9, ...inForce(configurationOf({}))));
    assert.deepEqual([state.configuration?.position, state.configuration?.at], [3, 9]);
    assert.deepEqual([...servicesOf(state.configuration)], []);
  });

  it('finds domains and regions by name', () => {
    const { configuration } = stateOf(at(5, ...inForce(oneDomain([{ address: a, region: 'us' }]))));
    assert.deepEqual([...servicesOf(configuration)], [app]);
    assert.equal(configuration?.domains.get(app)?.name, app);
    assert.equal(configuration?.regions.get('us')?.servers[0]?.address, a);
  });

  it('serves nothing before there is one', () => {
    assert.deepEqual([...servicesOf(stateOf().configuration)], []);
  });

  it("keeps answers for the domain's own time, else for the default", () => {
    assert.equal(ttlSecondsOf(...domainOf({ ttl: 0 })), 0);
    assert.equal(ttlSecondsOf(...domainOf({}, { default_ttl: 7 })), 7);
  });

  it("answers in the last resort as the domain says, else as the original's switch says", () => {
    const returnLast = { return_last_healthy: true };
    assert.equal(lastResortOf(...domainOf({})), 'servfail');
    assert.equal(lastResortOf(...domainOf({}, returnLast)), 'last_healthy');
    assert.equal(lastResortOf(...domainOf({ when_all_unhealthy: 'all' }, returnLast)), 'all');
  });
});

describe("a configuration's name", () => {
  it('does not depend on the order in which keys were written', () => {
    const written = oneDomain([a]);
    const turned = Object.fromEntries(Object.entries(written).reverse()) as typeof written;
    assert.equal(configurationDigest(turned), configurationDigest(written));
  });

  it('depends on every value and on the order of lists', () => {
    const names = [
      oneDomain([a]),
      oneDomain([a], { ttl: 61 }),
      oneDomain([{ address: a, weight: 1 }]),
      oneDomain([
        { address: a, region: 'eu' },
        { address: a, region: 'us', port: 81 },
      ]),
      oneDomain([
        { address: a, region: 'us', port: 81 },
        { address: a, region: 'eu' },
      ]),
    ].map(configurationDigest);
    assert.equal(new Set(names).size, names.length);
  });

  it('treats what is undefined as left out', () => {
    const written = oneDomain([a]);
    assert.equal(configurationDigest({ ...written, agent: undefined } as never), configurationDigest(written));
  });
});
