/**
 * Agents and an overwatch as processes of their own: what DNS answers, and what a client with a cache notices, when hosts
 * are drained, stopped and killed. The client's own log is the judge.
 */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { askAgent } from '../../src/nodes/agent/ask-agent.ts';
import { systemClock } from '../../src/nodes/clock.ts';
import { createClient } from '../../src/nodes/demo/client.ts';
import { createClientLog, isRequest } from '../../src/nodes/demo/client-log.ts';
import { type AgentHost, type AgentStage, openAgentStage, type RunningAgent, service, staleAfterMs, ttlSeconds } from './agent-process.ts';
import { api, type RunningOverwatch, resolve, runProgram, startWebServer, until, type WebServer } from './overwatch-process.ts';

const hosts: readonly AgentHost[] = [
  { name: 'web-1', address: '127.0.0.71' },
  { name: 'web-2', address: '127.0.0.72' },
  { name: 'web-3', address: '127.0.0.73' },
];
const [web1, web2, web3] = hosts as [AgentHost, AgentHost, AgentHost];
const all = answerOf(hosts);
const without = (host: AgentHost) => answerOf(hosts.filter((other) => other !== host));

function answerOf(some: readonly AgentHost[]): string {
  return some
    .map(({ address }) => address)
    .sort()
    .join(' ');
}

interface Candidate {
  readonly address: string;
  readonly servers: readonly { readonly verdict: Verdict }[];
}

interface Page<T> {
  readonly events: readonly { readonly data: T }[];
  readonly next: number;
}

interface Verdict {
  readonly status: string;
  readonly authority: string;
  readonly reason: string;
}

describe('agents', () => {
  let stage: AgentStage;
  let overwatch: RunningOverwatch;
  const webs = new Map<AgentHost, WebServer>();
  const agents = new Map<AgentHost, RunningAgent>();

  const agentOf = (host: AgentHost) => agents.get(host) as RunningAgent;
  const answers = (expected: string) =>
    until(`DNS answers ${expected}`, async () => ((await resolve(stage.dnsPort)) === expected ? true : undefined));
  const startAgent = async (host: AgentHost) => void agents.set(host, await stage.startAgent(host));
  const verdictOn = async ({ address }: AgentHost): Promise<Verdict | undefined> => {
    const { body } = await api<{ candidates: readonly Candidate[] }>(`${overwatch.apiUrl}/services/${service}/answers`);
    return body.candidates.find((candidate) => candidate.address === address)?.servers[0]?.verdict;
  };
  /** All events of a type from a position on; the position after them. */
  const eventsOf = async <T>(type: string, from = 1): Promise<{ readonly data: readonly T[]; readonly next: number }> => {
    const data: T[] = [];
    for (let next = from; ; ) {
      const { body } = await api<Page<T>>(`${overwatch.apiUrl}/events?type=${type}&from=${next}`);
      data.push(...body.events.map((event) => event.data));
      if (body.next === next) return { data, next };
      next = body.next;
    }
  };
  const servesStill = async ({ address }: AgentHost) => assert.equal((await fetch(`http://${address}:${stage.webPort}/`)).status, 200);

  /** A client that keeps answers for their TTL, while something is done; every request of it must succeed. */
  async function noRequestFails(deed: () => Promise<void>): Promise<void> {
    const log = createClientLog();
    const dns = { address: '127.0.0.1', port: stage.dnsPort };
    const client = createClient({ service, port: stage.webPort, dns, clock: systemClock(), log, witness: false });
    client.start();
    try {
      await until('the client is served', () => (log.entries.filter(isRequest).length >= 20 ? true : undefined));
      await deed();
      const sofar = log.entries.length;
      await until('the client is served on', () => (log.entries.length >= sofar + 40 ? true : undefined));
    } finally {
      await client.stop();
    }
    const failed = log.entries.filter(isRequest).filter(({ error }) => error !== null);
    assert.deepEqual(failed, []);
  }

  before(async () => {
    stage = await openAgentStage();
    for (const host of hosts) webs.set(host, await startWebServer(host.address, stage.webPort));
    // The agents first: they keep going until there is an overwatch.
    await Promise.all(hosts.map(startAgent));
  });
  after(async () => {
    await stage.close();
    for (const web of webs.values()) await web.close();
  });

  test('wait for an overwatch that is started after them, and bring the backends that its file does not name', async () => {
    const { overwatches } = await until('an attempt has failed', async () => {
      const status = await agentOf(web1).status();
      return (status.overwatches[0]?.failures ?? 0) > 0 ? status : undefined;
    });
    assert.deepEqual(
      overwatches.map(({ reached, name }) => [reached, name]),
      [[false, null]],
    );
    overwatch = await stage.startOverwatch();
    await answers(all);
    const [known] = (await agentOf(web1).status()).overwatches;
    assert.deepEqual([known?.name, known?.reached], ['overwatch-1', true]);
    await until('web-1 is acknowledged', async () => (await agentOf(web1).status()).overwatches[0]?.current || undefined);
  });

  test('drain while a file is there, and no request fails', async () => {
    await noRequestFails(async () => {
      await writeFile(stage.drainFileOf(web1), 'new disk\n');
      await answers(without(web1));
      await servesStill(web1);
      const verdict = await verdictOn(web1);
      assert.deepEqual([verdict?.status, verdict?.authority, verdict?.reason], ['draining', 'agent-drain', 'new disk']);
      await rm(stage.drainFileOf(web1));
      await answers(all);
    });
  });

  test('drain by a command on the host, which outlives the agent, until another ends it', async () => {
    await noRequestFails(async () => {
      const config = ['--config', stage.configOf(web2)];
      const on = await runProgram('drain', 'on', service, '--reason', 'kernel update', ...config);
      assert.equal(on.code, 0, on.stderr);
      await answers(without(web2));
      await servesStill(web2);
      const { boot } = await agentOf(web2).status();
      agentOf(web2).signal('SIGKILL');
      await agentOf(web2).ended;
      await startAgent(web2);
      const again = await agentOf(web2).status();
      assert(again.boot > boot, `start ${again.boot} after ${boot}`);
      await until('its new life is acknowledged', async () => (await agentOf(web2).status()).overwatches[0]?.current || undefined);
      assert.equal(await resolve(stage.dnsPort), without(web2));
      const status = await runProgram('agent', 'status', '--json', ...config);
      assert.deepEqual(JSON.parse(status.stdout).drains, [{ by: 'socket', service, reason: 'kernel update' }]);
      assert.equal((await runProgram('drain', 'off', ...config)).code, 0);
      await answers(all);
    });
  });

  test('drain before they stop, for twice the TTL, so that the host can go without a failed request', async () => {
    await noRequestFails(async () => {
      const agent = agentOf(web3);
      const told = Date.now();
      agent.signal('SIGTERM');
      await answers(without(web3));
      await servesStill(web3);
      const { code } = await agent.ended;
      const tookMs = Date.now() - told;
      assert.equal(code, 0, agent.output());
      assert(tookMs >= 2 * ttlSeconds * 1_000, `it drained for ${tookMs} ms`);
      assert(tookMs < 2 * ttlSeconds * 1_000 + 8_000, `it took ${tookMs} ms to stop`);
      await webs.get(web3)?.close();
      await until('web-3 is known to have left', async () => (await eventsOf('agent.left')).data.length > 0 || undefined);
      webs.set(web3, await startWebServer(web3.address, stage.webPort));
      await startAgent(web3);
      await answers(all);
    });
  });

  test('a second signal ends the draining at once', async () => {
    const agent = agentOf(web3);
    agent.signal('SIGTERM');
    await until('it drains', () => agent.output().includes('"draining"') || undefined);
    const told = Date.now();
    agent.signal('SIGTERM');
    const { code } = await agent.ended;
    assert.equal(code, 1);
    assert(Date.now() - told < 1_500, `it took ${Date.now() - told} ms`);
    await startAgent(web3);
    await answers(all);
  });

  test('one that is killed is stale within the bound, and served on because the checks succeed', async () => {
    const { pid } = agentOf(web1);
    const killedAt = Date.now();
    process.kill(pid, 'SIGKILL');
    await agentOf(web1).ended;
    await until('web-1 is known to be silent', async () => (/is silent/.test((await verdictOn(web1))?.reason ?? '') ? true : undefined));
    const tookMs = Date.now() - killedAt;
    // From its last sign of life on; it may have been about to give the next one, and a check has to succeed after it.
    assert(tookMs >= staleAfterMs - 1_100 && tookMs < staleAfterMs + 1_000, `it took ${tookMs} ms`);
    const verdict = await verdictOn(web1);
    assert.deepEqual([verdict?.status, verdict?.authority], ['up', 'validation']);
    assert.equal(await resolve(stage.dnsPort), all);
    await startAgent(web1);
    await until('it is heard again', async () => ((await verdictOn(web1))?.reason === 'the checks succeed' ? true : undefined));
  });

  test('a restart of the overwatch changes no answer, and the agents are heard again', async () => {
    const { next: from } = await eventsOf('node.started');
    assert.equal((await overwatch.end('SIGTERM')).code, 0);
    overwatch = await stage.startOverwatch();
    assert.equal(await resolve(stage.dnsPort), all, 'before anybody was heard');
    const seen = new Set<string>();
    await until('every agent was heard by the new process', async () => {
      seen.add(await resolve(stage.dnsPort));
      const { data } = await eventsOf<{ readonly beats: readonly { readonly agent: string }[] }>('heartbeat.received', from);
      const heard = new Set(data.flatMap(({ beats }) => beats.map(({ agent }) => agent)));
      return hosts.every(({ name }) => heard.has(name)) || undefined;
    });
    assert.deepEqual([...seen], [all]);
  });

  test('one with a wrong token is refused, which is an event, and changes no answer', async () => {
    const stranger = { name: 'web-4', address: '127.0.0.74' };
    const agent = await stage.startAgent(stranger, { token: 'this is not the token of the service' });
    await until('it is told', () => agent.output().includes('refuses this agent (wrong-token)') || undefined);
    const rejected = await until('it is an event', async () => {
      const { data } = await eventsOf<{ readonly agent: string }>('agent.rejected');
      return data.find((rejection) => rejection.agent === stranger.name);
    });
    assert.deepEqual({ ...rejected, address: undefined }, { agent: 'web-4', reason: 'wrong-token', count: 1, address: undefined });
    assert.equal(await resolve(stage.dnsPort), all);
    agent.signal('SIGKILL');
    await agent.ended;
  });

  test('take up a changed file at SIGHUP', async () => {
    const agent = agentOf(web2);
    const text = await readFile(stage.configOf(web2), 'utf8');
    await writeFile(stage.configOf(web2), text.replace(/^( +)port: (\d+)$/m, '$1port: $2\n$1weight: 0'), { mode: 0o600 });
    agent.signal('SIGHUP');
    await answers(without(web2));
    assert(agent.output().includes('configuration reloaded'));
    await writeFile(stage.configOf(web2), text, { mode: 0o600 });
    agent.signal('SIGHUP');
    await answers(all);
  });

  test('never claimed that a backend is unhealthy before they had looked, in all these starts', async () => {
    interface Beats {
      readonly beats: readonly { readonly claims?: { readonly backends: readonly { readonly healthy: boolean }[] } }[];
    }
    const claimed = (await eventsOf<Beats>('heartbeat.received')).data.flatMap(({ beats }) =>
      beats.flatMap(({ claims }) => claims?.backends ?? []),
    );
    assert(claimed.length > 10);
    // web-3 went for a moment, and that was seen by nobody: its agent had gone before it.
    assert.deepEqual(
      claimed.filter(({ healthy }) => !healthy),
      [],
    );
  });

  test('from "drain on" to the first changed DNS answer', async (context) => {
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const host = hosts[round % hosts.length] as AgentHost;
      const asked = performance.now();
      await askAgent(stage.socketOf(host), { command: 'drain-on', service: null, reason: `round ${round}` });
      while ((await resolve(stage.dnsPort)) !== without(host)) assert(performance.now() - asked < 5_000, 'DNS did not change');
      took.push(performance.now() - asked);
      await askAgent(stage.socketOf(host), { command: 'drain-off', service: null });
      await answers(all);
    }
    took.sort((one, other) => one - other);
    const [median, p99] = [took[10] as number, took.at(-1) as number];
    context.diagnostic(
      `from "drain on" to the first changed DNS answer, 20 times: median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
    );
    assert(p99 < 1_000, `p99 ${p99} ms`);
  });
});
