/**
 * Run within a network of its own (see `network-namespaces.ts`), by `agents-namespaces.test.ts`: plays one of the pieces
 * below on the addresses of docker-compose.yml, and prints what was seen of it as one line of JSON.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { systemClock } from '../../src/nodes/clock.ts';
import type { AgentCast, AgentPorts, Machine } from '../../src/nodes/demo/agents/cast.ts';
import { playAgentDemo } from '../../src/nodes/demo/agents/demo.ts';
import { openAgentStage } from '../../src/nodes/demo/agents/stage.ts';
import { service } from '../../src/nodes/demo/cast.ts';
import type { AnswerMissed, AnswerSeen } from '../../src/nodes/demo/client-log.ts';
import { createResolver } from '../../src/nodes/demo/resolver.ts';
import { buildNetwork, machine, type Network } from './network-namespaces.ts';
import { program, until } from './overwatch-process.ts';

const clientAddress = '10.20.0.100';
const ports: AgentPorts = { web: 80, dns: 53, api: 8080, gossip: 7946 };
const webs = [machine('web1', '10.20.0.21'), machine('web2', '10.20.0.22'), machine('web3', '10.20.0.23')] as const;
const [web1, web2, web3] = webs;
const clock = systemClock();
const common = { program, clock, signal: new AbortController().signal, ports };

/** The demo itself, with the addresses that its containers have. */
async function scenario(): Promise<unknown> {
  const cast: AgentCast = { overwatches: [machine('overwatch', '10.20.0.10')], webs: [web1, web2, web3] };
  await buildNetwork(clientAddress, [...cast.overwatches, ...webs]);
  return playAgentDemo({ ...common, cast, report: () => {} });
}

/** What DNS answered, one overwatch after another, after each thing that was done; and every question that got no answer. */
export interface PartitionSeen {
  readonly stages: readonly { readonly deed: string; readonly tookMs: number; readonly answers: Readonly<Record<string, string>> }[];
  /** How many answers each overwatch gave all along, and what went wrong with the others. */
  readonly asked: Readonly<Record<string, { readonly answered: number; readonly missed: readonly string[] }>>;
}

/**
 * Three overwatches: the first is never cut off; the second checks servers itself; the third believes agents alone.
 *
 *     deed                                     one answers    two answers    three answers
 *     gossip of web3 cut off from two, three   all            all (checks)   without web3 (silence)
 *     web3 drained                             without web3   all            without web3
 *     gossip healed                            without web3   without web3   without web3
 *     drain ended                              all            all            all
 *     web3 cut off from two altogether         all            without web3   all
 *     cable healed                             all            all            all
 *     everything drained; every agent gone     all            all            all
 */
async function partition(): Promise<PartitionSeen> {
  const overwatches = [machine('one', '10.20.0.10'), machine('two', '10.20.0.11'), machine('three', '10.20.0.12')] as const;
  const [one, two, three] = overwatches;
  const network = await buildNetwork(clientAddress, [...overwatches, ...webs]);
  const stage = await openAgentStage({ ...common, cast: { overwatches, webs }, credulous: [three.name] });
  const witnesses = overwatches.map(startWitness);
  const stages: PartitionSeen['stages'][number][] = [];
  const answers = () => Object.fromEntries(witnesses.map(({ name, newestSince }) => [name, newestSince(0)]));
  const [all, withoutWeb3] = [hosts(webs), hosts([web1, web2])];
  /** Waits until the overwatches answer so, in their order. */
  const then = async (deed: string, wanted: readonly [string, string, string], act: () => Promise<unknown>) => {
    const startedAt = clock.now();
    await act();
    const actedAt = clock.now();
    const look = () => (witnesses.every(({ newestSince }, index) => newestSince(actedAt) === wanted[index]) ? true : undefined);
    await until(`${deed}: ${JSON.stringify(wanted)}`, look, 45_000).catch((error: Error) => {
      throw new Error(`${error.message}; they answer ${JSON.stringify(answers())}, after ${clock.now() - startedAt} ms`);
    });
    stages.push({ deed, tookMs: clock.now() - actedAt, answers: answers() });
  };
  try {
    const gossipCuts = async () => [await network.cut(web3, two, ports.gossip), await network.cut(web3, three, ports.gossip)];
    await then('nothing yet', [all, all, all], async () => {});
    let cuts: Awaited<ReturnType<Network['cut']>>[] = [];
    const heal = async () => Promise.all(cuts.splice(0).map((cut) => cut.heal()));
    await then('gossip of web3 is cut off from two and three', [all, all, withoutWeb3], async () => {
      cuts = await gossipCuts();
      await untilAgents(two, { web3: 'stale' });
    });
    await then('web3 is drained', [withoutWeb3, all, withoutWeb3], () => stage.drain(web3, 'maintenance'));
    await then('the gossip is healed', [withoutWeb3, withoutWeb3, withoutWeb3], heal);
    await then('the drain of web3 is ended', [all, all, all], () => stage.endDrain(web3));
    await then('web3 is cut off from two altogether', [all, withoutWeb3, all], async () => {
      cuts = [await network.cut(web3, two)];
    });
    await then('the cable is healed', [all, all, all], heal);
    await then('everything is drained', [all, all, all], async () => {
      for (const web of webs) await stage.drain(web, 'the whole place is moved');
      for (const overwatch of overwatches) await untilStanding(overwatch, 'draining');
    });
    await then('all drains are ended', [all, all, all], async () => {
      for (const web of webs) await stage.endDrain(web);
      for (const overwatch of [one, two]) await untilStanding(overwatch, 'up');
    });
    await then('every agent is gone', [all, all, all], async () => {
      await Promise.all(webs.map((web) => stage.killAgent(web)));
      for (const overwatch of overwatches) await untilAgents(overwatch, { web1: 'stale', web2: 'stale', web3: 'stale' });
    });
    await Promise.all(witnesses.map(({ stop }) => stop()));
    return { stages, asked: Object.fromEntries(witnesses.map(({ name, counts }) => [name, counts()])) };
  } finally {
    await Promise.all(witnesses.map(({ stop }) => stop()));
    await stage.close();
  }
}

const hosts = (machines: readonly Machine[]) => machines.map(({ address }) => address).join(' ');

/** Asks one overwatch ten times a second, without a cache. */
function startWitness({ name, address }: Machine) {
  const seen: (AnswerSeen | AnswerMissed)[] = [];
  const server = { address, port: ports.dns };
  const { ask } = createResolver({ server, name: service, clock, by: 'witness', onSeen: (entry) => seen.push(entry) });
  let stopped = false;
  const asking = (async () => {
    while (!stopped) {
      await ask();
      await new Promise<void>((resolve) => void clock.wakeAt(clock.now() + 100, resolve));
    }
  })();
  return {
    name,
    /** What it answered to the last question that was asked at this moment or later. */
    newestSince(since: number) {
      const last = seen.at(-1);
      if (last === undefined || last.askedAt < since) return 'nothing yet';
      return last.kind === 'answer' ? [...last.addresses].sort().join(' ') : last.error;
    },
    counts: () => ({
      answered: seen.filter(({ kind }) => kind === 'answer').length,
      missed: seen.flatMap((entry) => (entry.kind === 'no-answer' ? [entry.error] : [])),
    }),
    stop() {
      stopped = true;
      return asking;
    },
  };
}

/** Waits until an overwatch says that its agents stand so. */
async function untilAgents(overwatch: Machine, wanted: Readonly<Record<string, string>>): Promise<void> {
  await until(`${overwatch.name} says ${JSON.stringify(wanted)}`, async () => {
    const { agents } = await apiOf<{ agents: { agent_id: string; status: string }[] }>(overwatch, '/overwatch/agents');
    return Object.entries(wanted).every(([id, status]) => agents.some((agent) => agent.agent_id === id && agent.status === status))
      ? true
      : undefined;
  });
}

/** Waits until an overwatch says so of every server. */
async function untilStanding(overwatch: Machine, status: string): Promise<void> {
  type Answers = { candidates: { servers: { verdict: { status: string } }[] }[] };
  await until(`${overwatch.name} says that all are ${status}`, async () => {
    const { candidates } = await apiOf<Answers>(overwatch, `/services/${service}/answers`);
    return candidates.every(({ servers }) => servers.every(({ verdict }) => verdict.status === status)) ? true : undefined;
  });
}

/** The API is on loopback, and each machine has its own. */
async function apiOf<T>({ within }: Machine, path: string): Promise<T> {
  const [file = '', ...words] = within;
  const ask = `fetch('http://127.0.0.1:${ports.api}/api/v1${path}').then((reply) => reply.text()).then(console.log)`;
  const { stdout } = await promisify(execFile)(file, [...words, process.execPath, '-e', ask]);
  return JSON.parse(stdout) as T;
}

const pieces: Readonly<Record<string, () => Promise<unknown>>> = { scenario, partition };
const piece = pieces[process.argv[2] ?? ''];
if (piece === undefined) throw new Error(`there is no piece "${process.argv[2]}", only ${Object.keys(pieces).join(' and ')}`);
process.stdout.write(`${JSON.stringify(await piece())}\n`);
