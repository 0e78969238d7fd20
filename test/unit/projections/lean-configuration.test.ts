/** A configuration in little memory says what it said before, to whoever reads, copies or writes it out. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { configuration } from '../../../src/events/catalogue/configuration.ts';
import { configurationDigest } from '../../../src/projections/configuration.ts';
import { leanConfiguration } from '../../../src/projections/lean-configuration.ts';

const names = Array.from({ length: 300 }, (_, index) => `svc-${index}.example.com`);
const whole = configuration.parse({
  regions: [
    { name: 'eu', servers: names.map((service, index) => ({ service, address: `192.0.2.${index % 250}`, weight: index })) },
    { name: 'us', health_check: { path: '/up' }, servers: [{ service: names[0], address: '2001:db8::1', host: 'ä' }] },
  ],
  domains: names.map((name, index) => ({ name, regions: ['eu', 'us'], ...(index === 7 && { ttl: 7, when_all_unhealthy: 'all' }) })),
  overwatch: {
    agent_tokens: { '10': 'a token of many letters', '9': 'a token of many letters', 'a.example.com': 'a token of many letters' },
  },
});

describe('a lean configuration', () => {
  const lean = leanConfiguration(structuredClone(whole));

  it('is equal to the one that it is of, however it is looked at', () => {
    assert.deepEqual(lean, whole);
    assert.deepEqual(structuredClone(lean), whole);
    assert.deepEqual(JSON.parse(JSON.stringify(lean)), whole);
    assert.deepEqual({ ...lean.regions[0] }, whole.regions[0]);
  });

  it('has one list where many say the same', () => {
    assert.equal(lean.domains[0]?.regions, lean.domains[299]?.regions);
  });

  it('does not hold the servers of a large region', () => {
    const [large, small] = lean.regions;
    assert.notEqual(large?.servers, large?.servers);
    assert.equal(small?.servers, small?.servers);
  });

  it('has the digest of the one that it is of: that of its JSON with sorted keys', () => {
    const sorted = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(sorted);
      if (typeof value !== 'object' || value === null) return value;
      const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
      return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]));
    };
    const expected = createHash('sha256')
      .update(JSON.stringify(sorted(whole)))
      .digest('hex');
    assert.equal(configurationDigest(whole), expected);
    assert.equal(configurationDigest(lean), expected);
  });
});
