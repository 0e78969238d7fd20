/** A whole agent in this process, with real sockets and a real disk; there is no overwatch, and it gets along without one. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { pino } from 'pino';
import { type Agent, startAgent } from '../../../src/nodes/agent/agent.ts';
import { askAgent } from '../../../src/nodes/agent/ask-agent.ts';
import { readConfiguration } from '../../../src/nodes/configuration/read.ts';
import { until } from '../../e2e/overwatch-process.ts';

const key = randomBytes(32).toString('base64');
const token = 'a token of the service';

describe('an agent without an overwatch', () => {
  let folder: string;
  let path: string;
  let web: Server;
  let agent: Agent;
  const lines: string[] = [];
  const logger = pino({ level: 'debug', base: null }, { write: (line: string) => void lines.push(line) });

  const text = (changes: Readonly<Record<string, string>> = {}) => {
    const settings = { weight: '100', key, tokens: `service_token: ${token}`, drain: '0s', metrics: '127.0.0.1:0', ...changes };
    const { port } = web.address() as AddressInfo;
    return [
      'agent:',
      `  identity: { agent_id: web-1, region: eu, ${settings.tokens}, cert_path: ${folder}/a.crt, key_path: ${folder}/a.key }`,
      `  state_dir: ${folder}/state`,
      `  drain_timeout: ${settings.drain}`,
      '  backends:',
      `    - { service: app.example.com, address: 127.0.0.1, port: ${port}, weight: ${settings.weight}, health_check: { path: /, interval: 100ms, timeout: 100ms } }`,
      '  predictive: { enabled: true, check_interval: 100ms, memory: { threshold: 0 } }',
      // Nobody listens there: port 1 is never given away.
      `  gossip: { bind_address: "127.0.0.1:0", encryption_key: "${settings.key}", preset: local, overwatch_nodes: ["127.0.0.1:1"] }`,
      `metrics: { enabled: true, address: "${settings.metrics}" }`,
      '',
    ].join('\n');
  };
  const start = async (changes?: Readonly<Record<string, string>>) => {
    await writeFile(path, text(changes), { mode: 0o600 });
    const { configuration } = readConfiguration({ path, mode: 'agent', environment: {} });
    return startAgent({ path, configuration, version: '1.2.3', logger, environment: {} });
  };
  const scrape = async () => {
    const body = await (await fetch(`http://127.0.0.1:${agent.metricsPort}/metrics`)).text();
    return {
      body,
      value: (series: string) =>
        Number(
          body
            .split('\n')
            .find((line) => line.startsWith(`${series} `))
            ?.split(' ')
            .at(-1),
        ),
    };
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-agent-'));
    path = join(folder, 'agent.yaml');
    web = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
    await once(web, 'listening');
    agent = await start();
  });
  after(async () => {
    await agent.stop(0);
    web.close();
    web.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => void lines.splice(0));

  test('watches its backends, keeps trying, and says so where it is asked', async () => {
    const status = await until('an attempt has failed', async () => {
      const asked = await askAgent(join(folder, 'state', 'agent.sock'), { command: 'status' });
      return asked.overwatches[0]?.failures === 0 ? undefined : asked;
    });
    assert.deepEqual([status.agent, status.version, status.backends[0]?.healthy], ['web-1', '1.2.3', true]);
    assert.deepEqual([status.overwatches[0]?.address, status.overwatches[0]?.reached], ['127.0.0.1:1', false]);
    assert.equal((await stat(join(folder, 'a.key'))).mode & 0o777, 0o600);
  });

  test('docs/metrics.md names what it exposes, with its type and labels, and beside it only what an overwatch has as well', async () => {
    const { body, value } = await scrape();
    const [common = '', own = ''] = (await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8')).split(
      '\n## On an agent\n',
    );
    const rows = (part: string) => [...part.matchAll(/^\| `(\S+)` \| (\w+) \| ([\w, ]*?) ?\| \S.* \|$/gm)];
    const described = [...rows(own), ...rows(common).filter(([, name = '']) => name.startsWith('opengslb_gossip_'))];
    const exposed = new Map([...body.matchAll(/^# TYPE (opengslb_\S+) (\S+)$/gm)].map(([, name = '', type]) => [name, type]));
    const types = new Map(described.map(([, name = '', type]) => [name, type]));
    for (const [name, type] of exposed) assert.equal(types.get(name), type, name);
    for (const [, name = ''] of rows(own)) assert(exposed.has(name), name);
    const labels = new Map(described.map(([, name = '', , names = '']) => [name, names]));
    for (const [, name = '', inner = ''] of body.matchAll(/^(opengslb_\w+?)(?:_bucket|_sum|_count)?(?:\{(.*)\})? /gm)) {
      const names = [...inner.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== 'le');
      assert.equal(names.join(', '), labels.get(name), name);
    }

    assert.equal(value('opengslb_agent_backends_healthy'), 1);
    assert.equal(value('opengslb_agent_overwatch_connections_active'), 0);
    assert(value('opengslb_agent_heartbeat_failures_total') > 0);
    assert(value('opengslb_agent_backend_health_checks_total{service="app.example.com",result="success"}') > 0);
    assert.equal(value('opengslb_gossip_members_total'), 1);
    // Every machine uses more than none of its memory.
    assert.equal(value('opengslb_agent_predictive_state_active{service="app.example.com",signal_type="memory"}'), 1);
    assert.equal(value('opengslb_predictive_bleeding'), 1);
  });

  test('a reload takes up a weight, says what needs a restart, and changes nothing where the file is wrong', async () => {
    await writeFile(path, text({ weight: '40', metrics: '127.0.0.1:9999' }));
    assert.equal(await agent.reload(), true);
    const [backend] = agent.status().backends;
    assert.deepEqual([backend?.weight, backend?.healthy], [40, true], 'what takes over was checked before');
    assert.match(lines.join(''), /"needRestart":\["metrics"\]/);
    await writeFile(path, text({ weight: 'heavy' }));
    assert.equal(await agent.reload(), false);
    assert.equal(agent.status().backends[0]?.weight, 40);
    assert.match(lines.join(''), /was not reloaded, nothing has changed: .*weight/s);
    const { value } = await scrape();
    assert.equal(value('opengslb_config_reloads_total{result="success"}'), 1);
    assert.equal(value('opengslb_config_reloads_total{result="failure"}'), 1);
  });

  test('a second one with the same folder is refused, and the first goes on', async () => {
    await assert.rejects(start(), { code: 'control-socket-in-use', remedy: /agent\.state_dir/ });
    assert.equal((await askAgent(join(folder, 'state', 'agent.sock'), { command: 'status' })).agent, 'web-1');
  });

  test('a port that is taken is a sentence, and nothing is left open', async () => {
    const changes = { metrics: `127.0.0.1:${agent.metricsPort}` };
    await writeFile(path, text(changes).replace(`${folder}/state`, `${folder}/other-state`), { mode: 0o600 });
    const { configuration } = readConfiguration({ path, mode: 'agent', environment: {} });
    const options = { path, configuration, version: '1.2.3', logger, environment: {} };
    await assert.rejects(startAgent(options), { code: 'metrics-address-in-use', remedy: /^stop it/ });
    await assert.rejects(askAgent(join(folder, 'other-state', 'agent.sock'), { command: 'status' }), { kind: 'unreachable' });
  });

  test('a drain that is told to wait is cut short by its signal, and ends by itself without one', async () => {
    const aborted = AbortSignal.abort();
    assert.equal(await agent.drain(aborted), 'cut-short');
    assert.equal(agent.status().backends[0]?.draining, 'the agent stops');
    assert.equal(await agent.drain(new AbortController().signal), 'waited');
  });
});
