import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readConfiguration } from '../../../../../src/nodes/configuration/read.ts';
import { drawSecrets, loopbackCast } from '../../../../../src/nodes/demo/agents/cast.ts';
import { agentText, overwatchText } from '../../../../../src/nodes/demo/agents/configurations.ts';
import { chooseAgentPorts } from '../../../../../src/nodes/demo/agents/stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'opengslb-configurations-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const { overwatches, webs } = loopbackCast;
const ports = { web: 20_001, dns: 20_002, api: 20_003, gossip: 20_004 };
const secrets = drawSecrets();

function read(text: string, mode: 'agent' | 'overwatch') {
  const path = join(folder, 'config.yaml');
  writeFileSync(path, text, { mode: 0o600 });
  return readConfiguration({ path, mode, environment: {} });
}

test('the overwatch knows no server beforehand, and lets in who proves the token of the service', () => {
  const { configuration, warnings } = read(overwatchText(overwatches[0], { ports, secrets, validates: true }), 'overwatch');
  assert.deepEqual(configuration.overwatch.agent_tokens, { 'app.demo.local': secrets.token });
  assert.deepEqual(
    configuration.regions.flatMap(({ servers }) => servers),
    [],
  );
  assert.deepEqual(warnings, []);
});

test('each agent speaks for the web server beside it, to every overwatch', () => {
  for (const machine of webs) {
    const { configuration, warnings } = read(agentText(machine, { ports, secrets, overwatches }), 'agent');
    const { agent } = configuration;
    assert.deepEqual(
      agent?.backends.map(({ address, port }) => [address, port]),
      [[machine.address, ports.web]],
    );
    assert.equal(agent?.gossip.bind_address, `${machine.address}:${ports.gossip}`);
    assert.deepEqual(agent?.gossip.overwatch_nodes, [`${overwatches[0].address}:${ports.gossip}`]);
    assert.deepEqual(warnings, []);
  }
});

test('free ports differ from each other', async () => {
  const chosen = Object.values(await chooseAgentPorts(loopbackCast));
  assert.equal(new Set(chosen).size, 4);
});
