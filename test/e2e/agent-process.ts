/**
 * A real overwatch and real agents, each a process of its own from the built program, on loopback addresses, in one
 * temporary folder; and how people on an agent's host and clients of its backends see them.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askAgent } from '../../src/nodes/agent/ask-agent.ts';
import type { AgentStatus } from '../../src/nodes/agent/control-messages.ts';
import {
  acknowledgment,
  collectOutput,
  type Finished,
  freePort,
  program,
  type RunningOverwatch,
  startOverwatchProcess,
  until,
} from './overwatch-process.ts';

export const service = 'app.demo.local';
export const ttlSeconds = 1;
/** What the agents say: a sign of life a second, and stale after two. */
export const staleAfterMs = 2_000;

export interface AgentHost {
  readonly name: string;
  /** Of its backend, and of its gossip. */
  readonly address: string;
}

export interface RunningAgent {
  readonly pid: number;
  /** What it has said on standard output so far. */
  output(): string;
  status(): Promise<AgentStatus>;
  /** Sends a signal; see `ended`. */
  signal(signal: NodeJS.Signals): void;
  readonly ended: Promise<Finished>;
}

export interface AgentStage {
  readonly folder: string;
  readonly dnsPort: number;
  readonly webPort: number;
  socketOf(host: AgentHost): string;
  drainFileOf(host: AgentHost): string;
  configOf(host: AgentHost): string;
  startOverwatch(): Promise<RunningOverwatch>;
  /** Starts an agent and waits until it says that it watches. */
  startAgent(host: AgentHost, options?: AgentSettingsOfTest): Promise<RunningAgent>;
  /** Ends what still runs, and removes the folder. */
  close(): Promise<void>;
}

export interface AgentSettingsOfTest {
  readonly token?: string;
  /** Further lines below `agent:`. */
  readonly lines?: readonly string[];
}

export async function openAgentStage(): Promise<AgentStage> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-agents-'));
  const [dnsPort, gossipPort, webPort] = [await freePort(), await freePort(), await freePort()];
  const secrets = { key: randomBytes(32).toString('base64'), token: randomBytes(24).toString('hex') };
  const running = new Set<ChildProcess>();
  const overwatches = new Set<RunningOverwatch>();
  const configOf = ({ name }: AgentHost) => join(folder, `${name}.yaml`);
  const socketOf = ({ name }: AgentHost) => join(folder, `${name}.state`, 'agent.sock');
  const drainFileOf = ({ name }: AgentHost) => join(folder, `${name}.drain`);
  const overwatchFile = join(folder, 'overwatch.yaml');
  await writeFile(overwatchFile, overwatchText({ folder, dnsPort, gossipPort, ...secrets }), { mode: 0o600 });

  return {
    ...{ folder, dnsPort, webPort, socketOf, drainFileOf, configOf },
    async startOverwatch() {
      const overwatch = await startOverwatchProcess(overwatchFile);
      overwatches.add(overwatch);
      return overwatch;
    },
    async startAgent(host, { token = secrets.token, lines = [] } = {}) {
      const settings = { ...host, folder, gossipPort, webPort, key: secrets.key, token, drainFile: drainFileOf(host), lines };
      await writeFile(configOf(host), agentText(settings), { mode: 0o600 });
      const child = spawn(process.execPath, [program, 'agent', '--config', configOf(host)], { stdio: ['ignore', 'pipe', 'pipe'] });
      running.add(child);
      let output = '';
      child.stdout?.on('data', (text: Buffer) => {
        output += text.toString();
      });
      const ended = collectOutput(child).finally(() => running.delete(child));
      await until(`${host.name} watches`, () => {
        assert.equal(child.exitCode, null, `it ended early: ${output}`);
        return output.includes('"watching"') || undefined;
      });
      return {
        pid: child.pid as number,
        output: () => output,
        status: () => askAgent(socketOf(host), { command: 'status' }),
        signal: (signal) => void child.kill(signal),
        ended,
      };
    },
    async close() {
      for (const child of running) child.kill('SIGKILL');
      for (const overwatch of overwatches) await overwatch.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One service that no server of the file serves: agents bring them. Checked from outside five times a second. */
function overwatchText(at: { folder: string; dnsPort: number; gossipPort: number; key: string; token: string }): string {
  return [
    'overwatch:',
    '  identity: { node_id: overwatch-1 }',
    `  data_dir: ${join(at.folder, 'data')}`,
    `  agent_tokens: { ${service}: ${at.token} }`,
    `  gossip: { bind_address: "127.0.0.1:${at.gossipPort}", encryption_key: "${at.key}", preset: local }`,
    '  dnssec:',
    '    enabled: false',
    `    security_acknowledgment: ${acknowledgment}`,
    'dns:',
    `  listen_address: 127.0.0.1:${at.dnsPort}`,
    '  zones:',
    '    - name: demo.local',
    '      nameservers: [{ name: ns1.demo.local, address: 127.0.0.1 }]',
    'regions:',
    '  - name: demo',
    '    health_check: { type: http, path: /, interval: 200ms, timeout: 200ms, failure_threshold: 2, success_threshold: 2 }',
    'domains:',
    `  - { name: ${service}, regions: [demo], ttl: ${ttlSeconds}, answers: all }`,
    'api: { enabled: true, address: "127.0.0.1:0" }',
    '',
  ].join('\n');
}

interface AgentText extends AgentHost {
  readonly folder: string;
  readonly gossipPort: number;
  readonly webPort: number;
  readonly key: string;
  readonly token: string;
  readonly drainFile: string;
  readonly lines: readonly string[];
}

function agentText(at: AgentText): string {
  return [
    'mode: agent',
    'logging: { level: debug }',
    'agent:',
    `  identity: { agent_id: ${at.name}, region: demo, service_token: ${at.token}, cert_path: ${at.folder}/${at.name}.crt, key_path: ${at.folder}/${at.name}.key }`,
    `  state_dir: ${at.folder}/${at.name}.state`,
    `  drain_file: ${at.drainFile}`,
    '  heartbeat: { interval: 1s, missed_threshold: 2 }',
    '  backends:',
    `    - service: ${service}`,
    `      address: ${at.address}`,
    `      port: ${at.webPort}`,
    '      health_check: { type: http, path: /, interval: 200ms, timeout: 200ms, failure_threshold: 2, success_threshold: 2 }',
    `  gossip: { bind_address: "${at.address}:${at.gossipPort}", encryption_key: "${at.key}", preset: local, overwatch_nodes: ["127.0.0.1:${at.gossipPort}"] }`,
    ...at.lines.map((line) => `  ${line}`),
    '',
  ].join('\n');
}
