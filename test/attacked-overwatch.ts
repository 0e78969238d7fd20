/**
 * What an attack is judged by: a real overwatch in a process of its own, with a server that never changes and a real
 * agent, in a process of its own as well, whose backend is in DNS as long as the agent is heard. Whoever attacks has no
 * part in the judgement: it is read from the API, the metrics, DNS and the kernel's count of memory.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventOf, EventType } from '../src/events/event.ts';
import { acknowledgment, api, freePort, resolve, startOverwatchProcess, until } from './e2e/overwatch-process.ts';
import { makeKey } from './gossip-members.ts';

/** The program as it is written, so that no build has to come before. */
const program = [process.execPath, '--import', 'tsx', fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))];

export const service = 'app.demo.local';
export const otherService = 'api.demo.local';
export const tokens = { [service]: 'a token that app has, long', [otherService]: 'a token that api has, long' };
/** In DNS whatever happens: nothing checks it. */
const standing = '127.0.0.12';
/** In DNS as long as the honest agent is heard. */
const honestBackend = '127.0.0.11';
/** An agent that was silent for so long is stale. */
const [intervalMs, missedThreshold] = [1_000, 8];

export interface AttackedOverwatch {
  readonly key: string;
  /** `127.0.0.1:port` of its gossip. */
  readonly place: string;
  readonly gossipPort: number;
  readonly apiUrl: string;
  /** Of this type, oldest first. */
  events<T extends EventType>(type: T): Promise<readonly EventOf<T>[]>;
  /** What `agent.rejected` said of this name and reason so far. */
  rejections(agent: string, reason: string): Promise<number>;
  /** The number of one metric, without its prefix; 0 where it is not there. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** What DNS answers. */
  answer(name?: string): Promise<string>;
  rssMiB(): number;
  close(): Promise<void>;
}

export async function startAttackedOverwatch(): Promise<AttackedOverwatch> {
  const key = makeKey();
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-attacked-'));
  const configFile = join(folder, 'config.yaml');
  const text = {
    overwatch: {
      identity: { node_id: 'overwatch-1' },
      data_dir: join(folder, 'data'),
      dnssec: { enabled: false, security_acknowledgment: acknowledgment },
      validation: { enabled: false },
      agent_tokens: tokens,
      gossip: { bind_address: '127.0.0.1:0', encryption_key: key, preset: 'lan' },
    },
    dns: { listen_address: '127.0.0.1:0', zones: ['demo.local'] },
    regions: [{ name: 'demo', servers: [{ service, address: standing, port: 80 }] }],
    domains: [service, otherService].map((name) => ({ name, regions: ['demo'], ttl: 1, answers: 'all' })),
    api: { enabled: true, address: '127.0.0.1:0' },
    metrics: { enabled: true, address: '127.0.0.2:0' },
  };
  await writeFile(configFile, JSON.stringify(text), { mode: 0o600 });
  const running = await startOverwatchProcess(configFile, { command: program });
  const serving = JSON.parse(
    running
      .output()
      .split('\n')
      .find((line) => line.includes('"serving"')) ?? '{}',
  ) as { gossip: string; metrics: string };
  const portOf = (words: string) => Number(/\d+$/.exec(words)?.[0]);
  const gossipPort = portOf(serving.gossip);

  async function events<T extends EventType>(type: T): Promise<readonly EventOf<T>[]> {
    const { status, body } = await api<{ events: EventOf<T>[] }>(`${running.apiUrl}/events?type=${type}&limit=1000`);
    assert.equal(status, 200, JSON.stringify(body));
    return body.events;
  }

  return {
    ...{ key, gossipPort, apiUrl: running.apiUrl, events },
    place: `127.0.0.1:${gossipPort}`,
    async rejections(agent, reason) {
      const rejected = (await events('agent.rejected')).filter(({ data }) => data.agent === agent && data.reason === reason);
      return rejected.reduce((sum, { data }) => sum + data.count, 0);
    },
    async metric(name, labels = {}) {
      const text = await (await fetch(`http://127.0.0.2:${portOf(serving.metrics)}/metrics`)).text();
      const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
      const line = text
        .split('\n')
        .find((one) => new RegExp(`^opengslb_${name}[{ ]`).test(one) && wanted.every((label) => one.includes(label)));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
    answer: (name = service) => resolve(running.dnsPort, name),
    rssMiB: () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${running.pid}/status`, 'utf8'))?.[1]) / 1024,
    async close() {
      const { code, stderr } = await running.end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
      assert.equal(code, 0, `the overwatch ended with ${code}: ${stderr}`);
    },
  };
}

export interface AgentProcess {
  readonly gossipPort: number;
  /** What it has said on standard output so far. */
  output(): string;
  end(signal: NodeJS.Signals): Promise<void>;
}

export interface AgentPlace {
  readonly folder: string;
  start(): Promise<AgentProcess>;
  remove(): Promise<void>;
}

export interface AgentWords {
  readonly name: string;
  readonly key: string;
  readonly overwatchNode: string;
  readonly backend?: { readonly address: string; readonly port: number };
}

/** A folder that a real agent can be started in again and again. */
export async function makeAgent({
  name,
  key,
  overwatchNode,
  backend = { address: '127.0.0.13', port: 80 },
}: AgentWords): Promise<AgentPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-agent-'));
  const configFile = join(folder, 'agent.yaml');
  // The same at each start: a member that is back at another port counts as another until the old one is dead for long.
  const bind_address = `127.0.0.1:${await freePort()}`;
  const [cert_path, key_path, state_dir] = ['agent.crt', 'agent.key', 'state'].map((file) => join(folder, file));
  const text = {
    mode: 'agent',
    agent: {
      identity: { agent_id: name, region: 'demo', service_token: tokens[service], cert_path, key_path },
      ...{ state_dir, drain_timeout: '0s' },
      backends: [{ service, ...backend, health_check: { type: 'tcp', interval: '500ms', timeout: '400ms' } }],
      heartbeat: { interval: `${intervalMs}ms`, missed_threshold: missedThreshold },
      gossip: { bind_address, encryption_key: key, overwatch_nodes: [overwatchNode], preset: 'lan' },
    },
  };
  await writeFile(configFile, JSON.stringify(text), { mode: 0o600 });
  return {
    folder,
    remove: () => rm(folder, { recursive: true, force: true }),
    async start() {
      const [file = '', ...first] = program;
      const child: ChildProcess = spawn(file, [...first, 'agent', '--config', configFile], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout?.setEncoding('utf8').on('data', (words: string) => {
        output += words;
      });
      const line = await until('the agent watches', () => {
        assert.equal(child.exitCode, null, `the agent ended early: ${output}`);
        return output.split('\n').find((one) => one.includes('"watching"'));
      });
      return {
        gossipPort: Number(/\d+$/.exec((JSON.parse(line) as { gossip: string }).gossip)?.[0]),
        output: () => output,
        async end(signal) {
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill(signal);
          await once(child, 'exit');
        },
      };
    },
  };
}

export interface HonestAgent {
  /** Fails where DNS lost the agent's backend, or the agent was silent for too long, even for a moment. */
  wasUndisturbed(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a real agent with a real backend, and waits until DNS answers with it. From then on DNS is asked all the time. */
export async function startHonestAgent(overwatch: AttackedOverwatch): Promise<HonestAgent> {
  const backend = { address: honestBackend, port: await freePort(honestBackend) };
  const server = createServer((socket) => socket.end()).listen(backend.port, backend.address);
  await once(server, 'listening');
  const place = await makeAgent({ name: 'honest', key: overwatch.key, overwatchNode: overwatch.place, backend });
  const agent = await place.start();
  const both = `${honestBackend} ${standing}`;
  await until('the honest agent is in DNS', async () => ((await overwatch.answer()) === both ? true : undefined), 30_000);

  const others = new Map<string, number>();
  let isWatching = true;
  const watching = (async () => {
    for (; isWatching; await new Promise((resolve) => setTimeout(resolve, 25))) {
      const answer = await overwatch.answer().catch((error: Error) => `no answer: ${error.message}`);
      const isWhole = answer.includes(honestBackend) && answer.includes(standing);
      if (!isWhole) others.set(answer, (others.get(answer) ?? 0) + 1);
    }
  })();
  return {
    async wasUndisturbed() {
      assert.deepEqual([...others], [], 'DNS answered without it meanwhile');
      assert.equal(await overwatch.metric('agent_stale_events_total', { agent_id: 'honest' }), 0, 'the agent was silent for too long');
      // And it is heard now, whatever is said of the time between.
      const heard = () => overwatch.metric('overwatch_agent_messages_received_total', { type: 'beat' });
      const before = await heard();
      await until('the honest agent is heard again', async () => ((await heard()) > before ? true : undefined));
    },
    async close() {
      isWatching = false;
      await watching;
      await agent.end('SIGKILL');
      await place.remove();
      server.close();
    },
  };
}
