/** How a server is checked: who is asked first for each setting. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Configuration, HealthCheck } from '../../../src/events/catalogue/configuration.ts';
import { checkSettingsOf, thresholdsOf, validates } from '../../../src/projections/checks.ts';
import type { ConfigurationInForce } from '../../../src/projections/configuration.ts';
import { type Server, serverOf } from '../../../src/projections/registry.ts';
import { a, app, at, configurationOf, inForce, oneDomain, stateOf, unchecked } from '../../given.ts';

function given(own: HealthCheck | undefined, region: HealthCheck = {}, host?: string): { inForce: ConfigurationInForce; server: Server } {
  const server = { address: a, service: app, ...(own && { health_check: own }), ...(host !== undefined && { host }) };
  const configuration: Configuration = configurationOf({
    overwatch: { validation: { check_interval: '20s', check_timeout: '4s' } },
    regions: [{ name: 'eu', servers: [server], health_check: region }],
    domains: [{ name: app, regions: ['eu'] }],
  });
  const state = stateOf(at(0, ...inForce(configuration)));
  return { inForce: state.configuration as ConfigurationInForce, server: serverOf(state.registry, app, a, 80) as Server };
}

describe('how a server is checked', () => {
  it('is by the defaults and by overwatch.validation where nobody says otherwise', () => {
    const { inForce, server } = given(undefined);
    assert.deepEqual(checkSettingsOf(inForce, server), {
      type: 'http',
      intervalMs: 20_000,
      timeoutMs: 4_000,
      path: '/health',
      host: undefined,
      method: 'GET',
      headers: {},
      expectedStatus: [[200, 299]],
      expectedBody: undefined,
      verifyTls: true,
    });
    assert.deepEqual(thresholdsOf(inForce, server), { failure: 3, success: 2 });
  });

  it('is as its region says, before overwatch.validation', () => {
    const { inForce, server } = given(undefined, {
      type: 'tcp',
      interval: '7s',
      timeout: '3s',
      failure_threshold: 5,
      success_threshold: 4,
    });
    const settings = checkSettingsOf(inForce, server);
    assert.deepEqual([settings.type, settings.intervalMs, settings.timeoutMs], ['tcp', 7_000, 3_000]);
    assert.deepEqual(thresholdsOf(inForce, server), { failure: 5, success: 4 });
  });

  it('is as the server itself says, before its region', () => {
    const own: HealthCheck = { type: 'https', interval: '1s', timeout: '500ms', path: '/up', method: 'HEAD', verify_tls: false };
    const more: HealthCheck = { headers: { Accept: 'x' }, expected_status: [204, '300-399'], expected_body: 'fine' };
    const thresholds: HealthCheck = { failure_threshold: 1, success_threshold: 9 };
    const region: HealthCheck = { type: 'tcp', interval: '7s', path: '/region', failure_threshold: 5, success_threshold: 4 };
    const { inForce, server } = given({ ...own, ...more, ...thresholds }, region);
    assert.deepEqual(checkSettingsOf(inForce, server), {
      type: 'https',
      intervalMs: 1_000,
      timeoutMs: 500,
      path: '/up',
      host: undefined,
      method: 'HEAD',
      headers: { Accept: 'x' },
      expectedStatus: [
        [204, 204],
        [300, 399],
      ],
      expectedBody: 'fine',
      verifyTls: false,
    });
    assert.deepEqual(thresholdsOf(inForce, server), { failure: 1, success: 9 });
  });

  it('keeps what the region says where the server leaves it out', () => {
    const { inForce, server } = given({ interval: '1s' }, { path: '/region', success_threshold: 4 });
    assert.equal(checkSettingsOf(inForce, server).path, '/region');
    assert.deepEqual(thresholdsOf(inForce, server), { failure: 3, success: 4 });
  });

  it("asks for the check's own host, then the server's, then the region's", () => {
    const hostOf = (...words: Parameters<typeof given>) => {
      const { inForce, server } = given(...words);
      return checkSettingsOf(inForce, server).host;
    };
    assert.equal(hostOf({ host: 'own' }, { host: 'region' }, 'server'), 'own');
    assert.equal(hostOf(undefined, { host: 'region' }, 'server'), 'server');
    assert.equal(hostOf(undefined, { host: 'region' }), 'region');
    assert.equal(hostOf(undefined), undefined);
  });

  it('happens only where validation is enabled', () => {
    assert.equal(validates(stateOf(at(0, ...inForce(oneDomain([a])))).configuration), true);
    assert.equal(validates(stateOf(at(0, ...inForce(oneDomain([a], {}, unchecked)))).configuration), false);
    assert.equal(validates(undefined), false);
  });
});
