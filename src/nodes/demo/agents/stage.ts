/**
 * The stage of the demo of agents: a temporary folder, overwatches, web servers and agents as processes of their own,
 * each on its machine, and a client in this one. Drains are asked for as an operator does, by `opengslb drain` on the
 * host. Whatever was opened is closed again, also when opening the rest fails.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../world.ts';
import { service } from '../cast.ts';
import { type Child, type ChildEnd, siblingFile } from '../child.ts';
import { type Client, createClient } from '../client.ts';
import { type ClientLog, createClientLog } from '../client-log.ts';
import { DemoError, throwIfInterrupted } from '../demo-error.ts';
import { type OverwatchApi, overwatchApi } from '../overwatch-api.ts';
import { freePort } from '../ports.ts';
import { createResolver } from '../resolver.ts';
import { sameMembers } from '../scenario.ts';
import { childFailed, createTroupe } from '../stage.ts';
import { type AgentCast, type AgentPorts, drawSecrets, type Machine } from './cast.ts';
import { agentText, overwatchText } from './configurations.ts';

export interface AgentStageOptions {
  /** The file that is `opengslb`, as an absolute path. */
  readonly program: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly cast: AgentCast;
  readonly ports: AgentPorts;
  /** The overwatches that believe agents alone, by name. Default: none, all check the servers themselves. */
  readonly credulous?: readonly string[];
  /** The machines whose agents go on saying that their server is well long after it is not. Default: none. */
  readonly patient?: readonly string[];
}

export interface AgentStage {
  readonly api: OverwatchApi;
  readonly client: Client;
  /** What the client saw, and the witness beside it. */
  readonly log: ClientLog;
  startWeb(machine: Machine): Promise<void>;
  /** SIGKILL, for the web server alone: its agent lives on. */
  killWeb(machine: Machine): Promise<void>;
  killAgent(machine: Machine): Promise<void>;
  /** Drains what the agent of this machine speaks for, as an operator does on the host. */
  drain(machine: Machine, reason: string): Promise<void>;
  endDrain(machine: Machine): Promise<void>;
  /** Where the first overwatch keeps its log. */
  readonly dataFolder: string;
  /** Resolves when the first overwatch has stopped in order. */
  stopOverwatch(): Promise<void>;
  /** How the first overwatch ended, if it has. */
  readonly overwatchEnd: ChildEnd | undefined;
  readonly overwatchEnded: Promise<ChildEnd>;
  close(): Promise<void>;
}

/** How long it may take until every overwatch answers with all web servers, and how often that is looked at. */
const readyWithinMs = 20_000;
const readyPollMs = 50;
/** Failed checks, two a second, that a patient agent makes nothing of. */
const patientFailures = 60;

/** Free ports for machines that are all this one. */
export async function chooseAgentPorts({ overwatches, webs }: AgentCast): Promise<AgentPorts> {
  const all = [...overwatches, ...webs].map(({ address }) => address);
  const taken = new Set<number>();
  const draw = async (addresses: readonly string[]): Promise<number> => {
    for (;;) {
      const port = await freePort(addresses);
      if (!taken.has(port)) {
        taken.add(port);
        return port;
      }
    }
  };
  return { web: await draw(all), dns: await draw(all), api: await draw(['127.0.0.1']), gossip: await draw(all) };
}

export async function openAgentStage(options: AgentStageOptions): Promise<AgentStage> {
  const { clock, signal, cast, ports } = options;
  const [first] = cast.overwatches;
  const log = createClientLog();
  const client = createClient({ service, port: ports.web, dns: { address: first.address, port: ports.dns }, clock, log, witness: true });
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-demo-'));
  const players = createPlayers(options, folder);
  const close = async () => {
    await client.stop();
    await players.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await writeConfigurations(options, players.configured);
    const overwatches = cast.overwatches.map((machine) => [machine.name, players.startOverwatch(machine)] as const);
    await Promise.all(cast.webs.map(players.startWeb));
    const waiting = { clock, signal, until: clock.now() + readyWithinMs };
    for (const [name, child] of overwatches) await untilServing(name, child, waiting);
    const agents = cast.webs.map(players.startAgent);
    await untilAnswered(options, [...overwatches.map(([, child]) => child), ...agents], waiting);
    const overwatch = overwatches[0]?.[1] as Child;
    return {
      ...players,
      ...{ client, log, close, dataFolder: join(folder, first.name) },
      async stopOverwatch() {
        const { code } = await overwatch.stop();
        if (code !== 0) throw childFailed(first.name, overwatch);
      },
      api: overwatchApi(`http://127.0.0.1:${ports.api}`),
      get overwatchEnd() {
        return overwatch.end;
      },
      overwatchEnded: overwatch.ended,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The processes by what they play, each on its machine and started anew as often as it is wanted. */
function createPlayers({ program, ports }: AgentStageOptions, folder: string) {
  const children = createTroupe(folder);
  const webs = new Map<Machine, Child>();
  const agents = new Map<Machine, Child>();
  const configured = (machine: Machine) => join(folder, `${machine.name}.yaml`);
  const run = async ({ within }: Machine, ...words: readonly string[]) => {
    const child = children.start([program, ...words], within);
    const { code } = await child.ended;
    if (code !== 0) throw childFailed(`opengslb ${words.join(' ')}`, child);
    return child.output();
  };
  return {
    configured,
    run,
    stop: () => children.stop(),
    startOverwatch: (machine: Machine) => children.start([program, 'overwatch', '--config', configured(machine)], machine.within),
    async startWeb(machine: Machine) {
      const child = children.start([siblingFile('web-server'), machine.name, machine.address, String(ports.web)], machine.within);
      webs.set(machine, child);
      if ((await child.said) === undefined) throw childFailed(machine.name, child);
    },
    killWeb: async (machine: Machine) => void (await webs.get(machine)?.kill()),
    startAgent(machine: Machine) {
      const child = children.start([program, 'agent', '--config', configured(machine)], machine.within);
      agents.set(machine, child);
      return child;
    },
    killAgent: async (machine: Machine) => void (await agents.get(machine)?.kill()),
    drain: async (machine: Machine, reason: string) =>
      void (await run(machine, 'drain', 'on', '--reason', reason, '--config', configured(machine))),
    endDrain: async (machine: Machine) => void (await run(machine, 'drain', 'off', '--config', configured(machine))),
  };
}

async function writeConfigurations(
  { cast, ports, credulous = [], patient = [] }: AgentStageOptions,
  configured: (machine: Machine) => string,
): Promise<void> {
  const secrets = drawSecrets();
  const { overwatches, webs } = cast;
  const texts = [
    ...overwatches.map(
      (machine) => [machine, overwatchText(machine, { ports, secrets, validates: !credulous.includes(machine.name) })] as const,
    ),
    ...webs.map((machine) => {
      const failureThreshold = patient.includes(machine.name) ? patientFailures : undefined;
      return [machine, agentText(machine, { ports, secrets, overwatches, ...(failureThreshold && { failureThreshold }) })] as const;
    }),
  ];
  for (const [machine, text] of texts) await writeFile(configured(machine), text, { mode: 0o600 });
}

interface Waiting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly until: number;
}

async function untilServing(name: string, child: Child, { clock, signal, until }: Waiting): Promise<void> {
  while (!child.output().includes('"serving"')) {
    throwIfInterrupted(signal);
    if (child.end !== undefined || clock.now() > until) throw childFailed(name, child);
    await new Promise<void>((resolve) => void clock.wakeAt(clock.now() + readyPollMs, resolve));
  }
}

/** Asks each overwatch over DNS, as its clients will, until it answers with all web servers. */
async function untilAnswered({ cast, ports }: AgentStageOptions, children: readonly Child[], waiting: Waiting): Promise<void> {
  const { clock, signal, until } = waiting;
  const wanted = cast.webs.map(({ address }) => address);
  for (const { name, address } of cast.overwatches) {
    const { ask } = createResolver({ server: { address, port: ports.dns }, name: service, clock, by: 'witness', onSeen: () => {} });
    for (;;) {
      const seen = await ask();
      if (seen.kind === 'answer' && sameMembers(seen.addresses, wanted)) break;
      throwIfInterrupted(signal);
      const ended = children.find((child) => child.end !== undefined);
      if (ended !== undefined) throw childFailed('a process of the demo', ended);
      if (clock.now() > until) throw notAnswered(name, seen.kind === 'answer' ? seen.addresses : seen.error, children);
      await new Promise<void>((resolve) => void clock.wakeAt(clock.now() + readyPollMs, resolve));
    }
  }
}

function notAnswered(name: string, got: readonly string[] | string, children: readonly Child[]): DemoError {
  const what = typeof got === 'string' ? got : `it answers ${got.join(' ')}`;
  const said = children.map((child) => child.output().trim().split('\n').slice(-3).join('\n')).join('\n');
  const message = `${name} did not answer with all three web servers within ${readyWithinMs / 1000} s: ${what}`;
  return new DemoError('child-failed', message, `look at what its processes printed last:\n${said}`);
}
