/** Every example that is shipped must load as it is, without a warning that it does not explain, and need no more than what it says it needs. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readConfiguration } from '../../../../src/nodes/configuration/read.ts';
import { problemsOf } from './folder.ts';

const variables = ['OPENGSLB_ADMIN_TOKEN', 'OPENGSLB_DEPLOY_TOKEN', 'OPENGSLB_CHECK_TOKEN'];
const agentVariables = ['OPENGSLB_GOSSIP_KEY', 'OPENGSLB_APP_TOKEN', 'OPENGSLB_API_TOKEN'];
const dockerVariables = ['OPENGSLB_AGENT_ID', 'OPENGSLB_BACKEND', 'OPENGSLB_APP_TOKEN', 'OPENGSLB_GOSSIP_KEY'];
const environment: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...variables, ...agentVariables].map((name) => [name, `the value of ${name}`])),
  OPENGSLB_GOSSIP_KEY: Buffer.alloc(32, 7).toString('base64'),
  OPENGSLB_AGENT_ID: 'web1',
  OPENGSLB_BACKEND: '192.0.2.21',
};
/** The containers' own network has no other listener; the file says what to do elsewhere. */
const warnings: Readonly<Record<string, readonly RegExp[]>> = {
  'docker-overwatch.yaml': [/the API listens on 0\.0\.0\.0:8080 without TLS/],
};
const examples = readdirSync('config').filter((name) => name.endsWith('.yaml'));

test('there are examples', () =>
  assert.deepEqual(examples.sort(), ['agent.yaml', 'docker-agent.yaml', 'docker-overwatch.yaml', 'minimal.yaml', 'overwatch.yaml']));

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

for (const [file, needed] of [
  ['overwatch.yaml', variables],
  ['agent.yaml', agentVariables],
  ['docker-agent.yaml', dockerVariables],
  ['docker-overwatch.yaml', ['OPENGSLB_ADMIN_TOKEN', 'OPENGSLB_APP_TOKEN', 'OPENGSLB_GOSSIP_KEY']],
] as const) {
  test(`${file} names each variable that it cannot do without`, () => {
    const problems = problemsOf(() => readConfiguration({ path: `config/${file}`, environment: {} }));
    // Where a variable fills all of a text that must be there, that text is missing, too.
    const missing = problems.map(({ message }) => message).filter((message) => message !== 'has no value');
    assert.deepEqual([...new Set(missing)].sort(), needed.map((name) => `the environment variable ${name} is not set`).sort());
    const comment = readFileSync(`config/${file}`, 'utf8').split('mode:')[0] ?? '';
    for (const name of needed) assert.ok(comment.includes(name), name);
  });
}

test('agent.yaml is an agent with two services, each with a token of its own, told to two overwatches', () => {
  const { configuration } = readConfiguration({ path: 'config/agent.yaml', environment });
  assert.equal(configuration.mode, 'agent');
  const { agent } = configuration;
  assert.deepEqual(
    Object.keys(agent?.identity.tokens ?? {}),
    agent?.backends.map(({ service }) => service),
  );
  assert.equal(agent?.gossip.overwatch_nodes.length, 2);
});

test('overwatch.yaml shows each algorithm that is built', () => {
  const { configuration } = readConfiguration({ path: 'config/overwatch.yaml', environment });
  assert.deepEqual(
    configuration.domains.map((domain) => domain.routing_algorithm),
    ['round-robin', 'weighted', 'failover', 'geolocation'],
  );
  assert.equal(configuration.overwatch.geolocation.custom_mappings.length, 2);
  assert.equal(configuration.regions.length, 2);
  assert.equal(configuration.regions[0]?.health_check.headers?.Authorization, `Bearer ${environment.OPENGSLB_CHECK_TOKEN}`);
});
