/**
 * The gossip key, turned over on an overwatch and an agent that run, by the command that people type. What a restart brings
 * back is looked at from outside: both are killed, and started from files that still name the old key.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { makeKey } from '../gossip-members.ts';
import { type AgentHost, type AgentStage, openAgentStage, type RunningAgent } from './agent-process.ts';
import { type RunningOverwatch, resolve, runProgram, startWebServer, until, type WebServer } from './overwatch-process.ts';

const host: AgentHost = { name: 'web-1', address: '127.0.0.75' };

describe('the gossip key', { timeout: 120_000 }, () => {
  let stage: AgentStage;
  let web: WebServer;
  let overwatch: RunningOverwatch;
  let agent: RunningAgent;
  before(async () => {
    stage = await openAgentStage();
    web = await startWebServer(host.address, stage.webPort);
    [overwatch, agent] = [await stage.startOverwatch(), await stage.startAgent(host)];
  });
  after(async () => {
    await web.close();
    await stage.close();
  });

  const places = () => [
    ['--api', overwatch.apiUrl.replace('/api/v1', '')],
    ['--agent', '--socket', stage.socketOf(host)],
  ];
  const asked = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await runProgram('gossip-key', ...words);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const everywhere = async (action: string, key: string) => {
    for (const place of places()) await asked(action, key, ...place);
  };
  const lists = () => Promise.all(places().map((place) => asked('list', '--json', ...place)));
  /** They understand each other: the newest message was acknowledged, and DNS has the backend. */
  const agree = () =>
    until('the overwatch has acknowledged what the agent claims', async () => {
      const { overwatches } = await agent.status();
      const isHeard = overwatches.some(({ current, acknowledged }) => current && acknowledged > 0);
      return isHeard && (await resolve(stage.dnsPort)) === host.address ? true : undefined;
    });

  test('that was turned over at run time outlives kill -9 of both, though their files still name the old one', async () => {
    await agree();
    const key = makeKey();
    const [[old]] = (await lists()).map((text) => (JSON.parse(text) as { keys: { fingerprint: string }[] }).keys) as [
      [{ fingerprint: string }],
    ];
    await everywhere('install', key);
    await everywhere('use', key);
    const [overwatchBefore, agentBefore] = await lists();
    assert.equal(overwatchBefore, agentBefore);

    await overwatch.end('SIGKILL');
    agent.signal('SIGKILL');
    await agent.ended;
    [overwatch, agent] = [await stage.startOverwatch(), await stage.startAgent(host)];
    assert.deepEqual(await lists(), [overwatchBefore, agentBefore]);
    for (const said of [overwatch.output(), agent.output()]) {
      assert.match(said, new RegExp(`gossip.encryption_key names the key ${old.fingerprint}, and this node seals with [0-9a-f]{16}`));
      assert.ok(!said.includes(key), 'no key is told');
    }
    await agree();
  });
});
