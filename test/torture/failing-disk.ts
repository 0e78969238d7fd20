/**
 * A disk that is full, then read-only, then well again, under a real node with load on it. Judged from outside:
 *
 *     the disk      DNS                          commands                     the last synced position
 *     is well       follows the checks           carried out                  moves
 *     is full       follows the checks           503, `log-unavailable`       stands
 *     is read-only  follows the checks           503, `log-unavailable`       stands
 *     is back       follows the checks           carried out                  moves, past what was observed meanwhile
 *
 * No question goes unanswered at any time, and after `kill -9` the node is what it was.
 */
import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  freePort,
  makeFolder,
  type RunningOverwatch,
  resolve,
  runProgram,
  startOverwatchProcess,
  startWebServer,
  until,
  type WebServer,
} from '../e2e/overwatch-process.ts';
import { apiClient, eventsFrom, type ShownEvent } from './api-client.ts';
import { assertNoGap, factsByKey } from './ledger.ts';
import { moment } from './load.ts';
import { canMount, smallDisk } from './small-disk.ts';

export { canMount };

const addresses = ['127.0.8.1', '127.0.8.2', '127.0.8.3'] as const;
const all = addresses.join(' ');
const without = (missing: string) => addresses.filter((address) => address !== missing).join(' ');

/** What the client of the API was told, by key. */
interface Told {
  readonly carriedOut: string[];
  readonly refused: string[];
}

export interface FailedDisk {
  readonly carriedOut: number;
  readonly refused: number;
  readonly dnsAnswers: number;
  readonly held: number;
  readonly secondsWithoutDisk: number;
}

/** The disk refuses for about so many seconds, half of them full and half read-only. */
export async function failDisk({ seconds }: { readonly seconds: number }): Promise<FailedDisk> {
  const port = await freePort(addresses[0]);
  const made = await makeFolder({ addresses, port });
  const metricsPort = await freePort();
  await appendFile(made.configFile, `metrics: { enabled: true, address: "127.0.0.1:${metricsPort}" }\n`);
  const dataFolder = join(made.folder, 'data');
  const disk = smallDisk(dataFolder, 16);
  const web = await Promise.all(addresses.map((address) => startWebServer(address, port)));
  let node: RunningOverwatch | undefined;
  const over = new AbortController();
  try {
    node = await startOverwatchProcess(made.configFile);
    const { dnsPort } = node;
    const answered = (expected: string) =>
      until(`DNS answers ${expected}`, async () => (await resolve(dnsPort)) === expected || undefined, 20_000);
    await answered(all);
    const told: Told = { carriedOut: [], refused: [] };
    const load = Promise.all([askDns(node, over.signal), command(node, told, over.signal)]);
    // Whatever it finds is seen when it is waited for.
    load.catch(() => over.abort());
    await until('commands are carried out', () => told.carriedOut.length > 20 || undefined);

    await disk.fill();
    const begun = performance.now();
    await refusing(told, node, /No space left/);
    const syncedWhenFull = await metric(metricsPort, 'opengslb_log_synced_position');
    await checksMoveAnswers(web, 1, port, answered, seconds / 2, over.signal);
    assert((await metric(metricsPort, 'opengslb_log_unsynced_events')) > 0, 'the metrics tell that events wait for the disk');

    await disk.makeReadOnly();
    await refusing(told, node, /[Rr]ead-only/);
    await checksMoveAnswers(web, 2, port, answered, seconds / 2, over.signal);
    assert.equal(await metric(metricsPort, 'opengslb_log_synced_position'), syncedWhenFull, 'nothing was synced meanwhile');

    const carriedOutBefore = told.carriedOut.length;
    disk.makeWritable();
    await disk.empty();
    const { output } = node;
    await until('the log is written again', () => output().includes('the log is written again') || undefined, 60_000);
    const secondsWithoutDisk = (performance.now() - begun) / 1000;
    await until('commands are carried out again', () => told.carriedOut.length > carriedOutBefore + 10 || undefined);
    assert.equal(await metric(metricsPort, 'opengslb_observations_dropped_total'), 0);
    assert.equal(await metric(metricsPort, 'opengslb_log_unsynced_events', (value) => value === 0), 0);
    over.abort();
    const [dnsAnswers] = await load;

    const before = await shownBy(node);
    await node.end('SIGKILL');
    await verify(dataFolder);
    node = await startOverwatchProcess(made.configFile);
    assert.equal(await resolve(node.dnsPort), all, 'the first answer after the restart');
    const after = await shownBy(node);
    judgeLog(after.events, told);
    assert.deepEqual(after.events.slice(0, before.events.length), before.events, 'what was shown before the kill is there after it');
    assert.deepEqual(after.override, before.override);
    const held = judgeHeld(after.events, syncedWhenFull);
    assert.equal((await node.end('SIGTERM')).code, 0);
    await verify(dataFolder);
    return { carriedOut: told.carriedOut.length, refused: told.refused.length, dnsAnswers, held, secondsWithoutDisk };
  } finally {
    over.abort();
    await node?.end('SIGKILL');
    await Promise.all(web.map((server) => server.close()));
    disk.close();
    await made.remove();
  }
}

/** Every question is answered with servers, at every moment. */
async function askDns({ dnsPort }: RunningOverwatch, over: AbortSignal): Promise<number> {
  for (let answers = 0; ; answers++) {
    const answer = await resolve(dnsPort, 'app.demo.local', 'A', over).catch((error: unknown) => String(error));
    if (over.aborted) return answers;
    assert.match(answer, /^127\.0\.8\.\d( 127\.0\.8\.\d)*$/, 'a question without a good answer');
    await moment(5);
  }
}

/** One command after another, each with its own key, and each about the first server, which is up all the time. */
async function command({ apiUrl }: RunningOverwatch, told: Told, over: AbortSignal): Promise<void> {
  const api = apiClient(apiUrl, '127.0.1.1');
  for (let count = 0; !over.aborted; count++) {
    const key = `command-${count}`;
    const body = { action: 'up', reason: `asked by ${key}` };
    const { status, body: answer } = await api.ask('PUT', `/overrides/app.demo.local/${addresses[0]}`, { body, key });
    if (status === 200) told.carriedOut.push(key);
    else {
      assert.equal(status, 503, JSON.stringify(answer));
      const { reason, remedy } = answer as { readonly reason: string; readonly remedy: string };
      assert.equal(reason, 'log-unavailable');
      assert.match(remedy, /disk/);
      told.refused.push(key);
    }
    await moment(20);
  }
  api.close();
}

/** Commands are refused, and the node's own lines say what the disk says. */
async function refusing(told: Told, { output }: RunningOverwatch, reason: RegExp): Promise<void> {
  const already = told.refused.length;
  await until('commands are refused', () => told.refused.length > already + 5 || undefined, 60_000);
  const isTold = () =>
    output()
      .split('\n')
      .some((line) => line.includes('the log cannot be written; DNS goes on') && reason.test(line));
  await until(`the node says ${reason}`, () => isTold() || undefined, 60_000);
}

type Answered = (expected: string) => Promise<unknown>;

/** A web server goes and comes, and DNS with it, for as long as is asked and once at least. */
async function checksMoveAnswers(
  web: WebServer[],
  which: 1 | 2,
  port: number,
  answered: Answered,
  seconds: number,
  over: AbortSignal,
): Promise<void> {
  const address = addresses[which];
  const deadline = performance.now() + seconds * 1000;
  do {
    await web[which]?.close();
    await answered(without(address));
    web[which] = await startWebServer(address, port);
    await answered(all);
  } while (performance.now() < deadline && !over.aborted);
}

async function metric(port: number, name: string, isWanted: (value: number) => boolean = () => true): Promise<number> {
  return until(`${name} is served`, async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    // Labelled ones are added up.
    const values = [...text.matchAll(new RegExp(`^${name}(?:{.*})? (.+)$`, 'gm'))].map(([, value]) => Number(value));
    const sum = values.reduce((total, value) => total + value, 0);
    return values.length > 0 && isWanted(sum) ? sum : undefined;
  });
}

async function shownBy({ apiUrl }: RunningOverwatch): Promise<{ readonly events: readonly ShownEvent[]; readonly override: unknown }> {
  const api = apiClient(apiUrl, '127.0.1.2');
  const events = await eventsFrom(api, 1);
  const { body } = await api.ask('GET', `/overrides/app.demo.local/${addresses[0]}`);
  api.close();
  return { events, override: body };
}

function judgeLog(events: readonly ShownEvent[], told: Told): void {
  assertNoGap(events, 1);
  const found = factsByKey(events);
  for (const key of told.carriedOut) assert.equal(found.get(key)?.length, 1, `${key} was acknowledged`);
  for (const key of told.refused) assert.equal(found.get(key), undefined, `${key} was refused`);
}

/** What was observed while the disk refused: both web servers that went are in the log, failing and well again. */
function judgeHeld(events: readonly ShownEvent[], syncedWhenFull: number): number {
  const results = events.filter(({ type, position }) => type === 'validation.recorded' && position > syncedWhenFull);
  for (const address of [addresses[1], addresses[2]]) {
    for (const ok of [true, false]) {
      const some = results.some((event) => {
        const { data } = event as unknown as { readonly data: { readonly address: string; readonly ok: boolean } };
        return data.address === address && data.ok === ok;
      });
      assert(some, `no check of ${address} that ${ok ? 'succeeded' : 'failed'} while the disk refused is in the log`);
    }
  }
  return results.length;
}

async function verify(dataFolder: string): Promise<void> {
  const { code, stdout, stderr } = await runProgram('log', 'verify', dataFolder);
  assert.equal(code, 0, stdout + stderr);
}
