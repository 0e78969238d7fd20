/** Every example that is shipped must load as it is, without a warning that it does not explain, and need no more than what it says it needs. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readConfiguration } from '../../../../src/nodes/configuration/read.ts';
import { problemsOf } from './folder.ts';

const variables = ['OPENGSLB_ADMIN_TOKEN', 'OPENGSLB_DEPLOY_TOKEN', 'OPENGSLB_CHECK_TOKEN'];
const environment = Object.fromEntries(variables.map((name) => [name, `the value of ${name}`]));
/** The containers' own network has no other listener; the file says what to do elsewhere. */
const warnings: Readonly<Record<string, readonly RegExp[]>> = {
  'docker-overwatch.yaml': [/the API listens on 0\.0\.0\.0:8080 without TLS/],
};
const examples = readdirSync('config').filter((name) => name.endsWith('.yaml'));

test('there are examples', () => assert.deepEqual(examples.sort(), ['docker-overwatch.yaml', 'minimal.yaml', 'overwatch.yaml']));

for (const name of examples) {
  const expected = warnings[name] ?? [];
  test(`config/${name} loads with ${expected.length === 0 ? 'no warning' : 'the warnings that it explains'}`, () => {
    const said = readConfiguration({ path: `config/${name}`, environment }).warnings;
    assert.equal(said.length, expected.length, said.join('\n'));
    for (const [index, sentence] of expected.entries()) assert.match(said[index] ?? '', sentence);
  });
}

test('minimal.yaml needs no variables and no root', () => {
  const { configuration } = readConfiguration({ path: 'config/minimal.yaml', environment: {} });
  assert.equal(configuration.dns.listen_address, '127.0.0.1:5353');
  assert.equal(configuration.overwatch.data_dir, 'opengslb-data');
});

test('overwatch.yaml names each variable that it cannot do without', () => {
  const missing = problemsOf(() => readConfiguration({ path: 'config/overwatch.yaml', environment: {} })).map(({ message }) => message);
  assert.deepEqual([...new Set(missing)].sort(), variables.map((name) => `the environment variable ${name} is not set`).sort());
  const comment = readFileSync('config/overwatch.yaml', 'utf8').split('mode:')[0] ?? '';
  for (const name of variables) assert.ok(comment.includes(name), name);
});

test('overwatch.yaml shows each algorithm that is built', () => {
  const { configuration } = readConfiguration({ path: 'config/overwatch.yaml', environment });
  assert.deepEqual(
    configuration.domains.map((domain) => domain.routing_algorithm),
    ['round-robin', 'weighted', 'failover'],
  );
  assert.equal(configuration.regions.length, 2);
  assert.equal(configuration.regions[0]?.health_check.headers?.Authorization, `Bearer ${environment.OPENGSLB_CHECK_TOKEN}`);
});
