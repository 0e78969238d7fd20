/**
 * Rounds of load and `kill -9`, judged from outside by what the clients were told. In each round a real node is loaded and killed at
 * a drawn moment: under load, while it stops (and writes its snapshot), or while it starts again. The seed repeats what is asked
 * and when it is killed; what the machine makes of it is never twice the same.
 *
 *     quiet ─> load ─> kill -9 ─> (start, kill -9)* ─> start ─> first answers ─> the log ─> repeat ─> quiet
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { program, type RunningOverwatch, resolve, runProgram, startOverwatchProcess, until } from '../e2e/overwatch-process.ts';
import { type ApiClient, apiClient, eventsFrom, type ShownEvent } from './api-client.ts';
import { type Draws, drawsFrom } from './chance.ts';
import { isAnswered, type Target } from './commands.ts';
import { assertNoGap, createLedger, type Entry, factsByKey, type Ledger } from './ledger.ts';
import { type End, loadUntilKilled, moment, targetsOf } from './load.ts';
import { anchor, busy, clients, makeStage, type Stage, steady, steadyAnswer } from './stage.ts';

export interface CampaignOptions {
  readonly rounds: number;
  readonly seed: number;
  /** The log is verified by the program's own command in every so many rounds, and at the end. */
  readonly verifyEvery: number;
  readonly onRound?: (sentence: string) => void;
}

/** What was done and found, in numbers. */
export interface Tally {
  rounds: number;
  acknowledged: number;
  unanswered: number;
  /** Of the unanswered, those that were in the log all the same. */
  carriedOutUnanswered: number;
  repeated: number;
  killsInStop: number;
  /** Of these, those that left a snapshot half written. */
  killsInSnapshot: number;
  killsInStart: number;
  startsInTheDark: number;
  dnsAnswers: number;
  events: number;
  verified: number;
}

interface Play extends CampaignOptions {
  readonly stage: Stage;
  readonly ledger: Ledger;
  readonly draws: Draws;
  readonly tally: Tally;
  node: RunningOverwatch;
  /** The position up to which the log has been settled. */
  settled: number;
  /** How long a start takes here. */
  startMs: number;
}

export async function playCampaign(options: CampaignOptions): Promise<Tally> {
  const tally = {
    ...{ rounds: 0, acknowledged: 0, unanswered: 0, carriedOutUnanswered: 0, repeated: 0, killsInStop: 0, killsInSnapshot: 0 },
    ...{ killsInStart: 0, startsInTheDark: 0, dnsAnswers: 0, events: 0, verified: 0 },
  };
  const stage = await makeStage();
  let play: Play | undefined;
  try {
    const begun = performance.now();
    const node = await startOverwatchProcess(stage.configFile);
    const startMs = performance.now() - begun;
    play = { ...options, stage, ledger: createLedger(), draws: drawsFrom(options.seed), tally, node, settled: 0, startMs };
    await quiet(play);
    for (let round = 1; round <= options.rounds; round++) {
      await playRound(play, round);
      tally.rounds = round;
      options.onRound?.(`round ${round} of ${options.rounds}: ${JSON.stringify(tally)}`);
    }
    await judgeWholeLog(play);
    assert.equal((await play.node.end('SIGTERM')).code, 0);
    await verify(play);
    return tally;
  } finally {
    await play?.node.end('SIGKILL');
    await stage.close();
  }
}

async function playRound(play: Play, round: number): Promise<void> {
  const { stage, ledger, draws, tally, seed } = play;
  const touched = busy.filter(() => draws.happens(0.7));
  const services = touched.length === 0 ? [draws.pick(busy)] : touched;
  const stopFirst = draws.happens(0.25);
  const end: End = {
    afterAcknowledgements: 1 + draws.whole(200),
    afterMs: draws.fraction() * (stopFirst ? 100 : 4),
    stopFirst,
    atSnapshot: draws.happens(0.6),
  };
  const from = play.settled;
  const begun = Date.now();
  const seen = await loadUntilKilled({ node: play.node, stage, ledger, services, end, from, round, seed });
  // It lies there until the next snapshot is written.
  const half = await stat(join(stage.dataFolder, 'snapshots', 'writing')).catch(() => undefined);
  if (half !== undefined && half.mtimeMs > begun) tally.killsInSnapshot += 1;
  const isDark = draws.happens(0.5);
  if (isDark) await stage.light(false);
  for (let again = draws.whole(3) - 1; again > 0; again--) await killWhileStarting(play);
  if (round % play.verifyEvery === 0) await verify(play);
  await restart(play);
  const first = await firstAnswers(play.node);
  tally.startsInTheDark += Number(isDark);
  tally.killsInStop += Number(stopFirst);
  tally.dnsAnswers += seen.dnsAnswers + first.size;

  const api = apiClient(play.node.apiUrl, '127.0.1.200');
  const sent = ledger.entries;
  const missing = settle(play, await eventsFrom(api, from + 1), seen.events);
  judgeAnswers(play, first);
  await judgeEffects(play, api);
  await repeat(play, api, missing, sent);
  api.close();
  await stage.light(true);
  await quiet(play);
}

/** A start is killed before it is done, or just after. */
async function killWhileStarting({ stage, draws, startMs, tally }: Play): Promise<void> {
  const child = spawn(process.execPath, [program, 'overwatch', '--config', stage.configFile], { stdio: 'ignore' });
  const closed = once(child, 'close');
  await moment(draws.fraction() * 1.2 * startMs);
  assert.equal(child.exitCode, null, 'a start after kill -9 ended by itself');
  child.kill('SIGKILL');
  await closed;
  tally.killsInStart += 1;
}

async function restart(play: Play): Promise<void> {
  play.node = await startOverwatchProcess(play.stage.configFile);
}

async function firstAnswers({ dnsPort }: RunningOverwatch): Promise<ReadonlyMap<string, string>> {
  const answers = [steady, ...busy].map(async (service) => [service, await resolve(dnsPort, service)] as const);
  return new Map(await Promise.all(answers));
}

/** The log holds what was acknowledged and what was shown; the entries that it does not hold are given back. */
function settle(play: Play, events: readonly ShownEvent[], shown: readonly ShownEvent[]): readonly Entry[] {
  const { ledger, tally, settled } = play;
  assertNoGap(events, settled + 1);
  for (const event of shown) {
    assert.deepEqual(events[event.position - settled - 1], event, `position ${event.position} was shown before the kill`);
  }
  const sent = ledger.entries;
  const missing = ledger.settle(events);
  const unanswered = sent.filter(({ isAcknowledged }) => !isAcknowledged).length;
  tally.acknowledged += sent.length - unanswered;
  tally.unanswered += unanswered;
  tally.carriedOutUnanswered += unanswered - missing.length;
  play.settled += events.length;
  return missing;
}

const targets = ({ stage }: Play): readonly Target[] =>
  Array.from({ length: clients }, (_, client) => targetsOf(client, busy, stage.port)).flat();

/** Right after a start DNS says what is known, whether checks have been made since or not. */
function judgeAnswers(play: Play, answers: ReadonlyMap<string, string>): void {
  assert.equal(answers.get(steady), steadyAnswer, `${steady}, right after the start`);
  for (const service of busy) {
    const answer = answers.get(service)?.split(' ') ?? [];
    assert(answer.includes(anchor), `${service}, right after the start: ${answer} is without ${anchor}`);
    for (const target of targets(play).filter((one) => one.service === service)) {
      const held = play.ledger.held(target);
      const expected = isAnswered(held);
      if (expected === undefined) continue;
      assert.equal(
        answer.includes(target.address),
        expected,
        `${service}, right after the start: ${answer}; ${target.address} is ${JSON.stringify(held)}`,
      );
    }
  }
}

interface ShownServer extends Target {
  readonly weight: number;
  readonly source: string;
}
interface ShownOverride extends Target {
  readonly action: string;
  readonly reason: string;
}

/** Servers and overrides are what the acknowledged commands made of them, and there are no others. */
async function judgeEffects(play: Play, api: ApiClient): Promise<void> {
  const text = ({ service, address, port }: Target, what: string) => `${service}/${address}:${port} ${what}`;
  const servers: string[] = [];
  for (const service of busy) {
    const { body } = await api.ask('GET', `/services/${service}/servers`);
    const shown = (body as { readonly servers: readonly ShownServer[] }).servers.filter(({ source }) => source === 'api');
    servers.push(...shown.map((server) => text(server, `weight ${server.weight}`)));
  }
  const { body } = await api.ask('GET', '/overrides');
  const shown = (body as { readonly overrides: readonly ShownOverride[] }).overrides;
  const overrides = shown.map((override) => text(override, `${override.action}: ${override.reason}`));
  const held = targets(play).map((target) => ({ target, ...play.ledger.held(target) }));
  const expectedServers = held.flatMap(({ target, weight }) => (weight === undefined ? [] : [text(target, `weight ${weight}`)]));
  const expectedOverrides = held.flatMap(({ target, override }) =>
    override === undefined ? [] : [text(target, `${override.action}: ${override.reason}`)],
  );
  assert.deepEqual(servers.sort(), expectedServers.sort(), 'the servers that were registered');
  assert.deepEqual(overrides.sort(), expectedOverrides.sort(), 'the overrides');
}

/**
 * What was not answered is asked again under the same key, and so is some of what was: the first has its one effect then, the
 * second had it.
 */
async function repeat(play: Play, api: ApiClient, missing: readonly Entry[], sent: readonly Entry[]): Promise<void> {
  const { ledger, draws, tally } = play;
  const again = sent.filter((entry) => !missing.includes(entry) && (!entry.isAcknowledged || draws.happens(0.05)));
  for (const entry of [...missing, ...again]) {
    const { command } = entry;
    const { status, body } = await api.ask(command.method, command.path, command);
    // A server that has been deregistered since is not there to be shown.
    const showsServer = command.fact === 'server.registered' || command.fact === 'server.updated';
    const isGone = status === 404 && showsServer && ledger.held(command.target).weight === undefined;
    assert((status !== undefined && status < 300) || isGone, `${command.key}, repeated, was answered ${status} ${JSON.stringify(body)}`);
    tally.repeated += 1;
    if (missing.includes(entry)) ledger.note({ ...entry, isAcknowledged: true });
  }
  const events = await eventsFrom(api, play.settled + 1);
  assertNoGap(events, play.settled + 1);
  const found = factsByKey(events);
  for (const { command } of again) assert(!found.has(command.key), `${command.key} was carried out again when it was repeated`);
  assert.deepEqual(ledger.settle(events), [], 'repeated, and not in the log');
  play.settled += events.length;
  await judgeEffects(play, api);
}

interface ShownHealth extends Target {
  readonly consecutive_successes: number;
}

/** Waits until every server that works was checked since its web server came up, and DNS says exactly what is known. */
async function quiet(play: Play): Promise<void> {
  const { node, ledger, stage } = play;
  const api = apiClient(node.apiUrl, '127.0.1.201');
  const registered = targets(play).filter((target) => ledger.held(target).weight !== undefined);
  const working = [...registered, ...busy.map((service) => ({ service, address: anchor, port: stage.port }))];
  const wanted = [...working, ...steadyAnswer.split(' ').map((address) => ({ service: steady, address, port: stage.port }))];
  await until('every server that works was found up', async () => {
    const { body } = await api.ask('GET', '/health/servers');
    const shown = (body as { readonly servers: readonly ShownHealth[] }).servers;
    const up = new Set(shown.filter((one) => one.consecutive_successes > 0).map(({ service, address }) => `${service} ${address}`));
    return wanted.every(({ service, address }) => up.has(`${service} ${address}`)) || undefined;
  });
  for (const target of registered) ledger.noteUp(target);
  for (const [service, answer] of await firstAnswers(node)) {
    const answered = registered.filter((target) => target.service === service && isAnswered(ledger.held(target)) === true);
    const expected = service === steady ? steadyAnswer : [anchor, ...answered.map(({ address }) => address)].sort().join(' ');
    assert.equal(answer, expected, `${service}, when all is quiet`);
  }
  api.close();
}

/** From the first position to the last: every command that was carried out in any round is there once, and no other. */
async function judgeWholeLog(play: Play): Promise<void> {
  const api = apiClient(play.node.apiUrl, '127.0.1.202');
  const events = await eventsFrom(api, 1);
  api.close();
  assertNoGap(events, 1);
  const found = factsByKey(events);
  assert.deepEqual([...found.keys()].sort(), [...play.ledger.carriedOut].sort());
  for (const [key, facts] of found) assert.equal(facts.length, 1, `${key} is in the log ${facts.length} times`);
  play.tally.events = events.length;
}

/** The directory of a node that is dead, as it lies there. */
async function verify({ stage, tally }: Play): Promise<void> {
  const { code, stdout, stderr } = await runProgram('log', 'verify', '--json', stage.dataFolder);
  assert.equal(code, 0, stdout + stderr);
  assert.equal((JSON.parse(stdout) as { problem: unknown }).problem, null);
  tally.verified += 1;
}
