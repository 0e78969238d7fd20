/**
 * Three overwatches with the same configuration, and one of them dies under load: what the clients see. A dead host says
 * nothing at all, while a dead process on a living host has its packets refused at once, so both are looked at.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { after, before, type TestContext, test } from 'node:test';
import { freePort, startWebServer, until, type WebServer } from './overwatch-process.ts';
import { type LookUp, lookUp, patienceMs, percentile, seededChance } from './stub-resolver.ts';
import { type Trio, threeOverwatches } from './three-overwatches.ts';

const service = 'app.demo.local';
const webAddresses = ['127.0.0.44', '127.0.0.45', '127.0.0.46'] as const;
const all = webAddresses.join(' ');
const withoutLast = webAddresses.slice(0, 2).join(' ');
const ttlSeconds = 7;
const clients = 40;
/** From the end of one look-up of a client to its next. */
const paceMs = 40;

let trio: Trio;
let webServers: WebServer[];
let webPort: number;
before(async () => {
  webPort = await freePort(webAddresses[0]);
  webServers = await Promise.all(webAddresses.map((address) => startWebServer(address, webPort)));
  trio = await threeOverwatches(
    ['127.0.0.41', '127.0.0.42', '127.0.0.43'],
    [
      'regions:',
      '  - name: demo',
      // Patient, because the web servers live in the process that makes the load: only the one that is closed may fail.
      '    health_check: { type: http, path: /, interval: 1s, timeout: 1s, failure_threshold: 3, success_threshold: 1 }',
      '    servers:',
      ...webAddresses.map((address) => `      - { service: ${service}, address: ${address}, port: ${webPort} }`),
      'domains:',
      `  - { name: ${service}, regions: [demo], ttl: ${ttlSeconds}, answers: all }`,
    ],
  );
  await Promise.all(trio.members.map(({ start }) => start()));
});
after(async () => {
  await trio?.remove();
  await Promise.all((webServers ?? []).map(({ close }) => close()));
});

/** Clients that never stop asking. Each look-up belongs to the phase that it began in, whenever it ends. */
function askWithoutPause(seed: number) {
  const phases: LookUp[][] = [[]];
  let stopped = false;
  const client = async (number: number) => {
    const chance = seededChance(seed + number);
    while (!stopped) {
      const phase = phases.at(-1);
      phase?.push(await lookUp(service, trio.members, chance));
      await new Promise((resolve) => setTimeout(resolve, paceMs));
    }
  };
  const running = Array.from({ length: clients }, (_, number) => client(number));
  return {
    /** Of the present phase, those that have ended. */
    seen: (): readonly LookUp[] => phases.at(-1) ?? [],
    nextPhase: () => void phases.push([]),
    /** Ends all clients, and gives every look-up there was, by phase. */
    stop: async (): Promise<readonly (readonly LookUp[])[]> => {
      stopped = true;
      await Promise.all(running);
      return phases;
    },
  };
}

/** Nobody was left without an answer, and everybody got one of these. */
function assertServed(lookUps: readonly LookUp[], ...expected: readonly string[]): void {
  const wrong = lookUps.filter(({ addresses = '', ttlSeconds: ttl }) => !expected.includes(addresses) || ttl !== ttlSeconds);
  assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} of ${lookUps.length} look-ups were not answered with ${expected.join(' or ')}`);
}

const attempts = (lookUps: readonly LookUp[], attempt: string, address: string) =>
  lookUps.flatMap(({ asked }) => asked).filter((one) => one.address === address && one.attempt === attempt).length;

function tell(test: TestContext, title: string, lookUps: readonly LookUp[]): { readonly median: number; readonly p99: number } {
  const times = lookUps.map(({ ms }) => ms);
  const [median, p99, longest] = [percentile(times, 0.5), percentile(times, 0.99), percentile(times, 1)];
  const moved = lookUps.filter(({ asked }) => asked.length > 1).length;
  const failed = lookUps.filter(({ addresses }) => addresses === undefined).length;
  const figures = `median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${longest.toFixed(1)} ms`;
  test.diagnostic(`${title}: ${lookUps.length} look-ups, ${failed} failed, ${moved} asked a second nameserver; ${figures}`);
  return { median, p99 };
}

const answersOf = (index: number) => {
  const member = trio.members[index];
  assert(member !== undefined);
  return lookUp(service, [member], () => 0.5);
};
const agreed = (expected: string, ...members: readonly number[]) =>
  until(`overwatches ${members.join(', ')} answer ${expected}`, async () => {
    const answers = await Promise.all(members.map(answersOf));
    return answers.every(({ addresses }) => addresses === expected) || undefined;
  });

test('no look-up fails when one of three dies, or falls silent; and it takes part again when it is back', async (test) => {
  const seed = Number(process.env.OPENGSLB_SEED ?? 20261121);
  test.diagnostic(`seed ${seed} (OPENGSLB_SEED repeats another one); ${clients} clients, ${patienceMs} ms for each nameserver`);
  const [, dying] = trio.members;
  const { address, dnsPort } = dying;
  // Until each server was checked once, the first that succeeds answers alone for a moment.
  for (const { name, url } of trio.members) {
    await until(`${name} has checked every server`, async () => (await fetch(`${url}/api/v1/ready`)).ok || undefined);
  }
  await agreed(all, 0, 1, 2);

  const load = askWithoutPause(seed);
  const blackHole = createSocket('udp4');
  try {
    await until('the clients are at it', () => load.seen().length > 1_000 || undefined);
    for (const member of trio.members) assert(attempts(load.seen(), 'answered', member.address) > 200, `${member.name} is hardly asked`);
    tell(test, 'three alive', load.seen());

    load.nextPhase();
    await dying.kill();
    await until('it is missed', () => attempts(load.seen(), 'refused', address) > 300 || undefined);
    tell(test, 'one killed, its host refuses at once', load.seen());

    // Bound, and never answered from: what is sent there vanishes, as it does on the way to a host that is down.
    await once(blackHole.bind(dnsPort, address), 'listening');
    load.nextPhase();
    await until('it is missed', () => attempts(load.seen(), 'silent', address) > 100 || undefined, 30_000);
    const { median, p99 } = tell(test, 'one dead, its host says nothing', load.seen());
    assert(median < patienceMs / 2, 'most look-ups notice nothing');
    assert(p99 >= patienceMs - 10 && p99 < 2 * patienceMs, `p99 is one patience, not two: ${p99}`);

    // The world goes on without it: when it comes back, it has to find out for itself.
    load.nextPhase();
    await webServers.pop()?.close();
    await agreed(withoutLast, 0, 2);
    await new Promise<void>((resolve) => blackHole.close(resolve));
    await dying.start();
    assert.notEqual((await answersOf(1)).addresses, undefined, 'it answers from its first moment on');
    await agreed(withoutLast, 0, 1, 2);

    load.nextPhase();
    await until('it is asked again', () => attempts(load.seen(), 'answered', address) > 300 || undefined);
    tell(test, 'three alive again', load.seen());
  } finally {
    const [alive, killed, silent, changing, again] = await load.stop();
    // One that began while a nameserver was silent may have ended when the last web server was gone.
    assertServed(
      [alive, killed].flatMap((phase = []) => phase),
      all,
    );
    assertServed(
      [silent, changing].flatMap((phase = []) => phase),
      all,
      withoutLast,
    );
    assertServed(again ?? [], withoutLast);
    const askedTwice = [alive, again].flatMap((phase = []) => phase).filter(({ asked }) => asked.length > 1);
    assert.deepEqual(askedTwice, [], 'with three alive, nobody has to ask a second one');
  }
});
