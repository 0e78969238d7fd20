/**
 * What an overwatch owes to agents when its disk or its process fails: what it acknowledged is in its log after `kill -9`,
 * and what agents say while the disk refuses moves DNS at once, and is acknowledged when it is on the disk. The agent,
 * which holds the acknowledgements, judges.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { EventOf } from '../../src/events/event.ts';
import { acknowledgment, api, freePort, type RunningOverwatch, resolve, startOverwatchProcess, until } from '../e2e/overwatch-process.ts';
import { canMount, type SmallDisk, smallDisk } from '../torture/small-disk.ts';
import { claimsOf, gossipKey, type HandDrivenAgent, handDrivenAgent } from './hand-driven-agent.ts';

const service = 'app.example.com';
const token = 'a token of app, long enough';
const rounds = 3;
/** The program as it is written, so that no build has to come before. */
const command = [process.execPath, '--import', 'tsx', fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))];

interface Place {
  /** That it keeps its log on, where it is a small one. */
  readonly disk: SmallDisk | undefined;
  readonly gossipPort: number;
  start(): Promise<RunningOverwatch>;
}

async function makePlace(test: TestContext, { isSmall = false } = {}): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-agents-disk-'));
  const gossipPort = await freePort();
  const configFile = join(folder, 'config.yaml');
  const configuration = {
    overwatch: {
      ...{ identity: { node_id: 'overwatch-1' }, data_dir: join(folder, 'data') },
      dnssec: { enabled: false, security_acknowledgment: acknowledgment },
      validation: { enabled: false },
      agent_tokens: { [service]: token },
      gossip: { bind_address: `127.0.0.1:${gossipPort}`, encryption_key: gossipKey, preset: 'local' },
    },
    dns: { listen_address: '127.0.0.1:0', zones: ['example.com'] },
    regions: [{ name: 'eu', servers: [] }],
    domains: [{ name: service, regions: ['eu'], answers: 'all' }],
    api: { enabled: true, address: '127.0.0.1:0' },
    metrics: { enabled: false },
  };
  await writeFile(configFile, JSON.stringify(configuration), { mode: 0o600 });
  const disk = isSmall ? smallDisk(join(folder, 'data'), 16) : undefined;
  let running: RunningOverwatch | undefined;
  test.after(async () => {
    await running?.end('SIGKILL');
    disk?.close();
    await rm(folder, { recursive: true, force: true });
  });
  const start = async () => {
    running = await startOverwatchProcess(configFile, { command });
    return running;
  };
  return { disk, gossipPort, start };
}

async function welcomed(test: TestContext, { gossipPort }: Place): Promise<HandDrivenAgent> {
  const overwatch = { name: 'overwatch-1', port: gossipPort };
  const agent = await handDrivenAgent(test, { agent: 'web-1', tokens: { [service]: token }, overwatch });
  assert.equal(await agent.introduce(), 'welcomed');
  return agent;
}

const claim = (more: Parameters<typeof claimsOf>[0][number] = {}) =>
  claimsOf([{ address: '127.0.1.1', ...more }, { address: '127.0.1.2' }]);
const acknowledgedBy = ({ heard }: HandDrivenAgent) => heard.flatMap((message) => (message.type === 'ack' ? [message.sequence] : []));

/** Says new things, each as soon as something is acknowledged, until so many were. The last ones are still on their way. */
async function talk(agent: HandDrivenAgent, acknowledgements: number): Promise<void> {
  const before = acknowledgedBy(agent).length;
  let said = 0;
  await until('acknowledgements', () => {
    const answered = acknowledgedBy(agent).length - before;
    for (; said < answered + 3; said += 1) agent.beat({ claims: claim({ weight: agent.mark().sequence + 1 }), intervalMs: 60_000 });
    return answered >= acknowledgements ? true : undefined;
  });
}

test('what was acknowledged to an agent is there after kill -9, in the midst of what it says', { timeout: 120_000 }, async (test) => {
  const place = await makePlace(test);
  let overwatch = await place.start();
  const agent = await welcomed(test, place);
  for (let round = 1; round <= rounds; round += 1) {
    await talk(agent, 5 * round);
    await overwatch.end('SIGKILL');
    const acknowledged = acknowledgedBy(agent);
    overwatch = await place.start();
    assert.equal(await resolve(overwatch.dnsPort, service), '127.0.1.1 127.0.1.2', 'the first answer after the restart');
    const { body } = await api<{ events: EventOf<'heartbeat.received'>[] }>(
      `${overwatch.apiUrl}/events?type=heartbeat.received&limit=1000`,
    );
    const logged = new Set(body.events.flatMap(({ data }) => data.beats.map(({ sequence }) => sequence)));
    assert(acknowledged.length >= 5 * round);
    assert.deepEqual(
      acknowledged.filter((sequence) => !logged.has(sequence)),
      [],
      `round ${round}: acknowledged, and not in the log`,
    );
  }
  await talk(agent, 1);
  await agent.acknowledged({ boot: 1, sequence: acknowledgedBy(agent).at(-1) as number });
});

test('a drain while the disk refuses moves DNS at once, and is acknowledged when it is on the disk', {
  timeout: 120_000,
  skip: canMount() ? false : 'only root can mount a tmpfs',
}, async (test) => {
  const place = await makePlace(test, { isSmall: true });
  const disk = place.disk as SmallDisk;
  const overwatch = await place.start();
  const agent = await welcomed(test, place);
  const answered = (expected: string) =>
    until(`DNS answers ${expected}`, async () => ((await resolve(overwatch.dnsPort, service)) === expected ? true : undefined));
  agent.beat({ claims: claim(), intervalMs: 60_000 });
  await answered('127.0.1.1 127.0.1.2');
  await agent.acknowledged(agent.mark());

  await disk.fill();
  // The disk may have room left in a page of its own: what is acknowledged was written.
  const said = () => agent.beat({ claims: claim({ weight: agent.mark().sequence + 100 }), intervalMs: 60_000 });
  await until('the disk refuses', () => {
    said();
    return overwatch.output().includes('the log cannot be written') ? true : undefined;
  });
  const known = acknowledgedBy(agent).length;
  agent.beat({ claims: claim({ draining: 'a new kernel' }), intervalMs: 60_000 });
  const drain = agent.mark();
  await answered('127.0.1.2');
  agent.beat({ claims: claim(), intervalMs: 60_000 });
  await answered('127.0.1.1 127.0.1.2');
  agent.beat({ claims: claim({ draining: 'a new kernel' }), intervalMs: 60_000 });
  await answered('127.0.1.2');
  assert.equal(acknowledgedBy(agent).length, known, 'nothing that is not on the disk is acknowledged');

  await disk.empty();
  await until('the log is written again', () => (overwatch.output().includes('the log is written again') ? true : undefined), 60_000);
  agent.beat({ claims: claim({ draining: 'a new kernel' }), intervalMs: 60_000 });
  await agent.acknowledged(agent.mark());
  const { body } = await api<{ events: EventOf<'drain.started'>[] }>(`${overwatch.apiUrl}/events?type=drain.started&limit=10`);
  assert.equal(body.events.length, 2, 'what was only seen is in the log as well');
  const beats = await api<{ events: EventOf<'heartbeat.received'>[] }>(`${overwatch.apiUrl}/events?type=heartbeat.received&limit=1000`);
  assert(beats.body.events.some(({ data }) => data.beats.some(({ sequence }) => sequence === drain.sequence)));
});
