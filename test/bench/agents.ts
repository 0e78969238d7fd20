/**
 * What agents cost an overwatch: simulated agents in a process of their own, which prove a token each and then beat once a
 * second over real UDP, sealed as by real ones, into one overwatch process. Beside it DNS is asked, first while nobody
 * beats; while all do, one more agent changes its claims, and the time is taken until DNS answers otherwise.
 *
 * `npm run bench -- agents [COUNT]`, 10,000 if not said; BENCH_SECONDS is how long each case is measured. The agents share
 * one membership of the gossip, so what ten thousand members cost is not in these numbers.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decode, encode } from 'dns-packet';
import { openLevelLog } from '../../src/events/level-log.ts';
import { acknowledgment, startOverwatchProcess } from '../e2e/overwatch-process.ts';
import { benchAgents, benchToken, timedAgents, timedService } from './load/agent-names.ts';
import { costOf } from './load/child.ts';
import { latencyText, probeDns } from './load/dns-latency.ts';
import { startSimulatedAgents } from './load/simulated-agents.ts';

const seconds = Number(process.env.BENCH_SECONDS ?? 30);
const count = Number(process.argv[2] ?? 10_000);
const changes = 200;
const key = randomBytes(32).toString('base64');
const folder = await mkdtemp(join(tmpdir(), 'opengslb-agents-'));
const services = [...new Set(benchAgents(count).map(({ service }) => service)), timedService];

/** YAML holds JSON. */
const configuration = {
  overwatch: {
    identity: { node_id: 'bench' },
    data_dir: join(folder, 'data'),
    dnssec: { enabled: false, security_acknowledgment: acknowledgment },
    validation: { enabled: false },
    agent_tokens: Object.fromEntries(services.map((name) => [name, benchToken])),
    gossip: { bind_address: '127.0.0.1:0', encryption_key: key, preset: 'local' },
  },
  dns: { listen_address: '127.0.0.1:0', zones: ['bench.local'] },
  regions: [{ name: 'r' }],
  domains: services.map((name) => ({ name, regions: ['r'], answers: 'all' })),
  api: { enabled: true, address: '127.0.0.1:0' },
  metrics: { enabled: true, address: '127.0.0.2:0' },
};

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(directory, name))
        .then(({ size }) => size)
        .catch(() => 0),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Asks until the answer is as wanted; the milliseconds since `began`. */
async function answeredOtherwise(dnsPort: number, isWanted: (addresses: number) => boolean, began: number): Promise<number> {
  const socket = createSocket('udp4');
  socket.connect(dnsPort, '127.0.0.1');
  await once(socket, 'connect');
  try {
    const question = encode({ type: 'query', id: 9, questions: [{ type: 'A', name: timedService }] });
    for (;;) {
      socket.send(question);
      const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
      if (isWanted(decode(reply).answers?.length ?? 0)) return performance.now() - began;
    }
  } finally {
    socket.close();
  }
}

const ask = async (child: ChildProcess, question: 'begin' | 'stop' | 'count') => {
  child.send(question);
  return Number((await once(child, 'message'))[0]);
};

const configFile = join(folder, 'config.yaml');
await writeFile(configFile, JSON.stringify(configuration), { mode: 0o600 });
const overwatch = await startOverwatchProcess(configFile);
let child: ChildProcess | undefined;
try {
  const line =
    overwatch
      .output()
      .split('\n')
      .find((one) => one.includes('"serving"')) ?? '{}';
  const { gossip, metrics } = JSON.parse(line) as { gossip: string; metrics: string };
  const [gossipPort = 0, metricsPort = 0] = [gossip, metrics].map((words) => Number(/\d+$/.exec(words)?.[0]));
  const metric = async (name: string) => {
    const text = await (await fetch(`http://127.0.0.2:${metricsPort}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((one) => one.startsWith(`opengslb_${name}`))
        ?.split(' ')
        .at(-1) ?? 0,
    );
  };
  const received = () => metric('overwatch_agent_messages_received_total{type="beat"}');

  const acquainting = performance.now();
  const program = fileURLToPath(new URL('./load/beating-agents.ts', import.meta.url));
  child = fork(program, [String(count), String(gossipPort)], { env: { ...process.env, BENCH_GOSSIP_KEY: key } });
  await Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(new Error('the agents ended early')))]);
  const timed = await startSimulatedAgents({ agents: timedAgents, key, gossipPort, token: benchToken });
  console.log(`${count} agents: known and registered after ${((performance.now() - acquainting) / 1_000).toFixed(0)} s`);

  const idleProbe = probeDns(overwatch.dnsPort, timedService);
  const idleBegan = costOf(overwatch.pid);
  await setTimeout(seconds * 1_000);
  const idle = costOf(overwatch.pid);
  console.log(
    `  idle       ${((idle.cpuMs - idleBegan.cpuMs) / seconds / 10).toFixed(1)} % of a core  ${idle.rssMiB.toFixed(0)} MiB  DNS ${latencyText(await idleProbe.end())}`,
  );

  const [sentBefore, receivedBefore, sizeBefore] = [await ask(child, 'count'), await received(), await sizeOf(join(folder, 'data', 'log'))];
  const probe = probeDns(overwatch.dnsPort, timedService);
  const [costBefore, began] = [costOf(overwatch.pid), performance.now()];
  await ask(child, 'begin');
  await setTimeout(seconds * 1_000);
  await ask(child, 'stop');
  const [cost, ms] = [costOf(overwatch.pid), performance.now() - began];
  const latencies = await probe.end();
  await setTimeout(1_000);
  const sent = (await ask(child, 'count')) - sentBefore;
  const heard = (await received()) - receivedBefore;
  const cpu = (cost.cpuMs - costBefore.cpuMs) / ms;
  console.log(
    `  beating    ${((sent * 1_000) / ms).toFixed(0)} beats/s  ${(cpu * 100).toFixed(1)} % of a core  ${((1_000 * (cost.cpuMs - costBefore.cpuMs)) / sent).toFixed(0)} us CPU a beat  ${cost.rssMiB.toFixed(0)} MiB  DNS ${latencyText(latencies)}`,
  );
  console.log(`  lost       ${sent - heard} of ${sent} beats on the way to the agents' room`);
  const grown = (await sizeOf(join(folder, 'data', 'log'))) - sizeBefore;
  const aDay = (grown / ms) * 86_400_000;
  console.log(
    `  log        ${(grown / sent).toFixed(1)} bytes a beat, ${(aDay / 2 ** 30).toFixed(2)} GiB a day: the default of 8 GiB keeps ${((8 * 2 ** 30) / aDay).toFixed(1)} days`,
  );

  for (const isLoaded of [false, true]) {
    if (isLoaded) await ask(child, 'begin');
    const times: number[] = [];
    for (let index = 0; index < changes; index += 1) {
      const healthy = index % 2 === 1;
      const sentAt = performance.now();
      timed.beat(0, { healthy });
      times.push(await answeredOtherwise(overwatch.dnsPort, (addresses) => addresses === (healthy ? 2 : 1), sentAt));
      await setTimeout(20);
    }
    console.log(
      `  changed    from datagram to DNS answer, ${isLoaded ? 'all beating' : 'others silent'}: ${latencyText(times.sort((a, b) => a - b))}`,
    );
  }
  const sentInAll = (await ask(child, 'stop')) + timed.sent;
  await setTimeout(1_000);
  await timed.close();
  const heardInAll = await received();
  await overwatch.end('SIGTERM');

  const log = await openLevelLog({ directory: join(folder, 'data', 'log'), node: 'bench' });
  let logged = 0;
  let facts = 0;
  for await (const { events } of log.read({ from: 1 })) {
    for (const event of events) {
      if (event.type !== 'heartbeat.received') continue;
      facts += 1;
      logged += event.data.beats.length;
    }
  }
  await log.close();
  console.log(`  in the log ${logged} beats as ${facts} facts; ${sentInAll} were sent, ${heardInAll} were heard`);
} finally {
  child?.disconnect();
  await overwatch.end('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}
