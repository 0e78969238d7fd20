/**
 * The comparison: everything that is needed is started once and sleeps but for its turns, so that the rounds go through
 * all cases and servers one after the other, and each figure is compared with those of its own round.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Case, cases, chosenCases, type ServerName, type WorldName, worlds } from './cases.ts';
import { costOfFamily, familyOf } from './cpu.ts';
import { type Latency, latencyText, measureLatency } from './latency.ts';
import { measure, type Programs, signal } from './measure.ts';
import { otherServers, startOther } from './others.ts';
import { type BenchOverwatch, startOverwatch } from './overwatch.ts';
import { goalsText, tableText } from './report.ts';
import { createResults } from './results.ts';
import { type BenchServer, startPrinting } from './server.ts';
import { checkMachine, compile, cores, found, pin, pinned } from './tools.ts';
import { writeNames } from './worlds.ts';

/** Datagrams of a batch: as many as the load generator sends at once. */
const floorSlots = '64';
const bareServer = fileURLToPath(new URL('./bare-server.ts', import.meta.url));

/** Seconds of each measurement; fewer seconds, fewer rounds. */
const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const rounds = Math.max(1, Math.min(5, 2 * Math.floor(seconds) - 1));
const warmMs = Math.min(500, 250 * seconds);
const changes = Math.max(20, Math.min(200, Math.round(70 * seconds)));

const say = (text: string) => console.log(text);

/** `ids`: of cases, or `latency`; none: everything. */
export async function compare(ids: readonly string[]): Promise<void> {
  const known = [...cases.map(({ id }) => id), 'latency'];
  const strange = ids.find((id) => !known.includes(id));
  if (strange !== undefined) throw new Error(`there is no ${strange}; there are ${known.join(', ')}, and echo, table and signing`);
  checkMachine();
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-dns-'));
  const stage = createStage(folder);
  const endAll = async () => {
    await stage.end();
    await rm(folder, { recursive: true, force: true });
  };
  // Servers that sleep do not hear of the end of this program.
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => void endAll().finally(() => process.exit(1)));
  try {
    await measureAll(folder, stage, ids);
  } finally {
    await endAll();
  }
}

async function measureAll(folder: string, stage: Stage, ids: readonly string[]): Promise<void> {
  const programs = {
    load: await compile('load', folder),
    'load-tcp': await compile('load-tcp', folder),
    watch: await compile('watch', folder),
    dnsperf: found('dnsperf'),
  };
  const missing = [...otherServers, 'dnsperf'].filter((name) => found(name) === undefined);
  const leftOut = new Map(missing.map((name) => [name, 'this machine has it not']));
  for (const name of missing) say(`left out: ${name}, which this machine has not`);
  const [load = 0] = loadavg();
  if (load > 0.5) say(`other programs are at work (load ${load.toFixed(1)}): the figures are rough`);
  if (cores.server === cores.load) say('one core only: the server and the load take it from each other, so replies a second say little');

  const wanted = ids.length > 0 && ids.every((id) => id === 'latency') ? [] : chosenCases(ids.filter((id) => id !== 'latency'));
  say(`starting: ${[...new Set(wanted.map(({ world }) => `${worlds[world].names} names (${world})`))].join(', ') || 'one overwatch'}`);
  const measurable = await stage.prepare(wanted, leftOut);
  await pin(process.pid, cores.load);
  const results = createResults();
  for (let round = 1; round <= rounds; round += 1) {
    for (const one of measurable) {
      const line: string[] = [];
      for (const name of one.servers) {
        const server = stage.serverOf(name, one.world);
        if (server === undefined) continue;
        const namesFile = stage.namesFileOf(one.world);
        const measured = await measure(server, one, { programs, namesFile, ms: 1_000 * seconds, warmMs, seed: round });
        results.add(one, name, measured);
        const lost = measured.lost > 0.001 ? ` (${(100 * measured.lost).toFixed(1)} % lost)` : '';
        line.push(`${name} ${measured.usEach.toFixed(2)}${lost}`);
      }
      say(`round ${round} of ${rounds}, ${one.id}: ${line.join(', ')} µs`);
    }
  }
  const rssMiB = stage.rssMiBOf('many');
  await stage.end();
  const latency = await latencyIfWanted(ids, folder, programs);
  if (measurable.length > 0) say(`\n${tableText({ results, latency, rssMiB, leftOut })}`);
  if (cores.servers === cores.server && measurable.some(({ world }) => world === 'two'))
    say("  two workers share one core here: the other one is the load generator's");
  if (latency !== undefined) say(`\nfrom an event to the changed answer\n${latencyText(latency)}`);
  say(`\ngoals\n${goalsText({ results, latency, rssMiB, leftOut })}`);
}

async function latencyIfWanted(
  ids: readonly string[],
  folder: string,
  programs: Programs & { readonly watch: string },
): Promise<Latency | undefined> {
  return ids.length === 0 || ids.includes('latency') ? measureLatency(folder, programs, changes) : undefined;
}

interface Stage {
  /** Starts whatever these cases need, and says which of them can be measured. Why others cannot goes to `leftOut`. */
  prepare(wanted: readonly Case[], leftOut: Map<string, string>): Promise<readonly Case[]>;
  serverOf(name: ServerName, world: WorldName): BenchServer | undefined;
  namesFileOf(world: WorldName): string;
  rssMiBOf(world: WorldName): number | undefined;
  end(): Promise<void>;
}

function createStage(folder: string): Stage {
  /** By name and number of names, but for overwatches, which go by their world. */
  const servers = new Map<string, BenchServer>();
  const overwatches = new Map<WorldName, BenchOverwatch>();
  const namesFiles = new Map<number, string>();
  const keyOf = (name: ServerName, world: WorldName) =>
    name === 'overwatch' ? `overwatch ${world}` : name === 'floor' ? 'floor' : `${name} ${worlds[world].names}`;

  async function start(name: ServerName, world: WorldName): Promise<BenchServer | undefined> {
    const { names } = worlds[world];
    if (name === 'floor') return startPrinting(name, pinned(cores.server, [await compile('floor', folder), '0', floorSlots, 'answer']));
    if (otherServers.includes(name)) return startOther(name, folder, names);
    const node = [process.execPath, '--import', 'tsx', bareServer, name, String(names)];
    return startPrinting(name, pinned(cores.server, node));
  }

  async function prepareWorld(world: WorldName, leftOut: Map<string, string>, ofWorld: readonly Case[]): Promise<void> {
    const overwatch = await startOverwatch(folder, world, worlds[world]);
    if (typeof overwatch === 'string') for (const { id } of ofWorld) leftOut.set(id, overwatch);
    else {
      servers.set(keyOf('overwatch', world), overwatch);
      overwatches.set(world, overwatch);
      signal(familyOf(overwatch.pid), 'SIGSTOP');
    }
  }

  function whyNot({ needs, by, world }: Case): string | undefined {
    const overwatch = overwatches.get(world);
    if (by === 'dnsperf' && found('dnsperf') === undefined) return 'this machine has no dnsperf';
    if (needs === 'signatures') return overwatch?.whyUnsigned;
    return needs === 'client subnet' ? overwatch?.whyNoSubnet : undefined;
  }

  return {
    async prepare(wanted, leftOut) {
      const needed = [...new Set(wanted.map(({ world }) => world))];
      const ofWorld = (world: WorldName) => wanted.filter((one) => one.world === world);
      // Whatever becomes of one, all are waited for, so that all are ended.
      const started = await Promise.allSettled(needed.map((world) => prepareWorld(world, leftOut, ofWorld(world))));
      for (const one of started) if (one.status === 'rejected') throw one.reason;
      for (const world of needed) {
        const { names } = worlds[world];
        const file = namesFiles.get(names) ?? (await writeNames(folder, names));
        namesFiles.set(names, file);
        await writeFile(`${file}.dnsperf`, (await readFile(file, 'utf8')).replaceAll('\n', ' A\n'));
      }
      for (const one of wanted) {
        const reason = leftOut.get(one.id) ?? whyNot(one);
        if (reason !== undefined) leftOut.set(one.id, reason);
        for (const name of reason === undefined ? one.servers : []) {
          const key = keyOf(name, one.world);
          if (servers.has(key)) continue;
          const server = await start(name, one.world);
          if (server === undefined) continue;
          servers.set(key, server);
          signal(familyOf(server.pid), 'SIGSTOP');
        }
      }
      return wanted.filter(({ id }) => !leftOut.has(id));
    },
    serverOf: (name, world) => servers.get(keyOf(name, world)),
    namesFileOf: (world) => namesFiles.get(worlds[world].names) as string,
    rssMiBOf(world) {
      const overwatch = overwatches.get(world);
      return overwatch && costOfFamily([overwatch.pid]).rssMiB;
    },
    async end() {
      const all = [...servers.values()];
      servers.clear();
      for (const server of all) signal(familyOf(server.pid), 'SIGCONT');
      await Promise.all(all.map((server) => server.end()));
    },
  };
}
