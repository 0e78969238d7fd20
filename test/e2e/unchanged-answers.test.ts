/**
 * A restart, a reload of an unchanged file and a change of another domain change no answer, by what a DNS client sees:
 * every algorithm that is built, with overrides in force and servers that have failed. Asked before, after a whole round
 * of checks, and all the while in between.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { unsignedAcknowledgment } from '../../src/commands/configuration-problems.ts';
import { algorithms } from '../../src/projections/routing/algorithms.ts';
import { type DnsClient, dnsClientOf, type Photograph, type Question, questionText } from './dns-photograph.ts';
import { api, freePort, type RunningOverwatch, startOverwatchProcess, startWebServer, until, type WebServer } from './overwatch-process.ts';

const own = '127.0.0.60';
const [up1, up2, up3] = ['127.0.0.61', '127.0.0.62', '127.0.0.63'] as const;
const neverUp = '127.0.0.64';
/** Fails once and comes back, so that whatever remembers a failure has one to remember. */
const returned = '127.0.0.65';
/** Works once and fails for good. */
const lost = '127.0.0.66';

interface Row {
  readonly name: string;
  readonly settings: string;
  readonly servers: readonly string[];
  readonly weights?: readonly number[];
  /** What may be answered when all is in place, each reply with its addresses sorted. */
  readonly answers: readonly string[];
}

/** A TTL each, so that none can stand in for another. */
const rows: readonly Row[] = [
  { name: 'rotating', settings: 'ttl: 11', servers: [up1, up2, neverUp, returned], answers: [up1, up2, returned] },
  {
    name: 'pairs',
    settings: 'ttl: 12, answers: 2',
    servers: [up1, up2, up3],
    answers: [`${up1} ${up2}`, `${up1} ${up3}`, `${up2} ${up3}`],
  },
  { name: 'whole', settings: 'ttl: 13, answers: all', servers: [up1, neverUp, up3], answers: [`${up1} ${up3}`] },
  { name: 'shared', settings: 'ttl: 14, routing_algorithm: weighted', servers: [up1, up2, neverUp], answers: [up1, up2] },
  {
    name: 'starting',
    settings: 'ttl: 15, routing_algorithm: weighted, slow_start: 1h',
    servers: [up1, returned],
    weights: [19, 10],
    answers: [up1, returned],
  },
  { name: 'ordered', settings: 'ttl: 16, routing_algorithm: failover', servers: [neverUp, returned, up1], answers: [returned] },
  { name: 'held', settings: 'ttl: 17, routing_algorithm: failover, failback: manual', servers: [returned, up2], answers: [up2] },
  {
    name: 'delayed',
    settings: 'ttl: 18, routing_algorithm: failover, failback: delay, failback_delay: 1h',
    servers: [returned, up3],
    answers: [up3],
  },
  { name: 'drained', settings: 'ttl: 19, answers: all', servers: [up1, up2], answers: [up1] },
  { name: 'downed', settings: 'ttl: 20, answers: all', servers: [up1, up2], answers: [up2] },
  { name: 'raised', settings: 'ttl: 21, answers: all', servers: [up1, neverUp], answers: [`${up1} ${neverUp}`] },
  { name: 'draining', settings: 'ttl: 22, answers: all', servers: [up1, lost], answers: [up1] },
  { name: 'remembered', settings: 'ttl: 23, answers: all, when_all_unhealthy: last_healthy', servers: [lost, neverUp], answers: [lost] },
  { name: 'anyway', settings: 'ttl: 24, answers: all, when_all_unhealthy: all', servers: [lost, neverUp], answers: [`${neverUp} ${lost}`] },
  { name: 'placed', settings: 'ttl: 26, routing_algorithm: geolocation', servers: [up1, up2], answers: [up1, up2] },
  { name: 'gone', settings: 'ttl: 25, answers: all', servers: [lost, neverUp], answers: ['SERVFAIL'] },
];
/** Set on top of what the checks say. */
const overrides = [
  ['drained', up2, 'drain'],
  ['downed', up1, 'down'],
  ['raised', neverUp, 'up'],
  ['draining', up1, 'drain'],
] as const;
/** The domain that is changed. */
const other = 'other.demo.local';

const fqdn = (name: string) => `${name}.demo.local`;
const steered = rows.map(({ name }): Question => ({ name: fqdn(name), type: 'A' }));
const questions: readonly Question[] = [
  ...steered,
  { name: 'demo.local', type: 'SOA' },
  { name: 'demo.local', type: 'NS' },
  { name: 'demo.local', type: 'MX' },
  { name: fqdn('www'), type: 'A' },
  { name: fqdn('status'), type: 'A' },
  { name: fqdn('rotating'), type: 'TXT' },
  { name: fqdn('_http._tcp'), type: 'SRV' },
  { name: fqdn('rotating'), type: 'AAAA' },
  { name: fqdn('nowhere'), type: 'A' },
  { name: 'elsewhere.test', type: 'A' },
];

function configurationText(ports: { readonly dns: number; readonly api: number; readonly web: number }, folder: string): string {
  const serversOf = (name: string, addresses: readonly string[], weights: readonly number[] = []) =>
    addresses.map((address, index) => {
      const weight = weights[index] === undefined ? '' : `, weight: ${weights[index]}`;
      return `      - { service: ${name}, address: ${address}, port: ${ports.web}${weight} }`;
    });
  return [
    'overwatch:',
    '  identity: { node_id: overwatch-1 }',
    `  data_dir: ${join(folder, 'data')}`,
    `  dnssec: { enabled: false, security_acknowledgment: ${unsignedAcknowledgment} }`,
    'dns:',
    `  listen_address: ${own}:${ports.dns}`,
    '  zones:',
    '    - name: demo.local',
    `      nameservers: [{ name: ns1.demo.local, address: ${own} }]`,
    '      records:',
    '        - { type: MX, preference: 10, target: mail.example.com }',
    '        - { name: www, type: CNAME, target: whole.demo.local }',
    '        - { name: status, type: A, address: 192.0.2.9, ttl: 300 }',
    '        - { name: rotating, type: TXT, text: owner=somebody }',
    '        - { name: _http._tcp, type: SRV, port: 80, target: whole.demo.local }',
    'regions:',
    '  - name: here',
    // Patient: only what is really closed may fail, on a machine that is busy too.
    '    health_check: { type: http, path: /, interval: 500ms, timeout: 500ms, failure_threshold: 3, success_threshold: 1 }',
    '    servers:',
    ...rows.flatMap(({ name, servers, weights }) => serversOf(fqdn(name), servers, weights)),
    ...serversOf(other, [up1]),
    'domains:',
    ...rows.map(({ name, settings }) => `  - { name: ${fqdn(name)}, regions: [here], ${settings} }`),
    `  - { name: ${other}, regions: [here], ttl: 40 }`,
    `api: { enabled: true, address: "${own}:${ports.api}" }`,
    '',
  ].join('\n');
}

describe('no answer changes', () => {
  let folder: string;
  let configFile: string;
  let ports: { dns: number; api: number; web: number };
  let overwatch: RunningOverwatch | undefined;
  let client: DnsClient;
  const webServers = new Map<string, WebServer>();
  const serve = async (address: string) => void webServers.set(address, await startWebServer(address, ports.web));
  const stopServing = async (address: string) => {
    await webServers.get(address)?.close();
    webServers.delete(address);
  };
  const apiUrl = () => `http://${own}:${ports.api}/api/v1`;
  const start = async () => {
    overwatch = await startOverwatchProcess(configFile);
  };
  const stop = async (signal: NodeJS.Signals) => {
    await overwatch?.end(signal);
    overwatch = undefined;
  };

  /** The addresses of every reply to a question, each sorted. */
  async function answersTo(name: string): Promise<readonly string[]> {
    const replies = (await client.photograph([{ name, type: 'A' }])).get(`${name} A`) ?? [];
    const shown = replies.map((text) => {
      const addresses = [...text.matchAll(/^answer: .* A "([\d.]+)"$/gm)].map(([, address = '']) => address);
      return addresses.length === 0 ? (text.split(',')[0] ?? '') : addresses.sort().join(' ');
    });
    return [...new Set(shown)].sort();
  }
  const answered = (name: string, expected: readonly string[]) =>
    until(`${name} is answered with ${expected.join(' or ')}`, async () => {
      const seen = await answersTo(fqdn(name));
      return seen.join() === [...expected].sort().join() || undefined;
    });

  const lastPosition = async () => (await api<{ last: number }>(`${apiUrl()}/events?from=-1`)).body.last;
  /** Until every server has been checked once more. */
  async function checkedAgain(): Promise<void> {
    let from = (await lastPosition()) + 1;
    const left = new Set(rows.flatMap(({ name, servers }) => servers.map((address) => `${fqdn(name)} ${address}`)));
    interface Page {
      readonly events: readonly { readonly type: string; readonly data: { readonly service: string; readonly address: string } }[];
      readonly next: number;
    }
    await until('every server has been checked again', async () => {
      const { body } = await api<Page>(`${apiUrl()}/events?from=${from}&type=validation.recorded&limit=1000`);
      from = body.next;
      for (const { data } of body.events) left.delete(`${data.service} ${data.address}`);
      return left.size === 0 || undefined;
    });
  }

  const serials = async () => (await client.ask({ name: 'demo.local', type: 'SOA' }))?.serial ?? 0;
  /**
   * How often one of two slowly starting servers is drawn, of a thousand. A tenth of 19 and a tenth of 10 are both 1, so a
   * half; with all of their weights it would be 345, and with all of its own alone 909.
   */
  async function assertStillStarting(): Promise<void> {
    let count = 0;
    for (let draw = 0; draw < 1_000; draw += 1) {
      const reply = await client.ask({ name: fqdn('starting'), type: 'A' });
      if (reply?.text.includes(`"${returned}"`)) count += 1;
    }
    assert(count > 420 && count < 580, `${count} of 1000 answers name a server that is to have half of them`);
  }

  /** Asks everything over and over until it is told to stop: each reply must be one of the photograph; none is no answer. */
  function watch(photograph: Photograph): { stop(): Promise<number> } {
    let stopped = false;
    let replies = 0;
    const asking = (async () => {
      while (!stopped) {
        for (const question of questions) {
          const reply = await client.ask(question, 100);
          if (reply === undefined) continue;
          replies += 1;
          const expected = photograph.get(questionText(question)) ?? [];
          assert(
            expected.includes(reply.text),
            `${questionText(question)} was answered with\n${reply.text}\nand before with\n${expected.join('\n')}`,
          );
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    // Looked at when it is stopped; until then a failure is nobody's surprise.
    asking.catch(() => {});
    return {
      stop: async () => {
        stopped = true;
        await asking;
        return replies;
      },
    };
  }

  /** Photographs before and after, and watches in between. */
  async function unchangedBy(change: () => Promise<void>, duringAtLeast: number): Promise<void> {
    const before = await client.photograph(questions);
    const watching = watch(before);
    await change();
    assert.deepEqual(await client.photograph(questions), before, 'right afterwards');
    await checkedAgain();
    const replies = await watching.stop();
    assert(replies > duringAtLeast, `only ${replies} replies meanwhile`);
    assert.deepEqual(await client.photograph(questions), before, 'after every server was checked again');
    await assertStillStarting();
  }

  const reload = async (said: RegExp) => {
    const running = overwatch as RunningOverwatch;
    const already = running.output().length;
    process.kill(running.pid, 'SIGHUP');
    await until(`it says ${said}`, () => {
      const output = running.output().slice(already);
      assert(!output.includes('was not reloaded'), output);
      return said.test(output) || undefined;
    });
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-unchanged-'));
    configFile = join(folder, 'config.yaml');
    ports = { dns: await freePort(own), api: await freePort(own), web: await freePort(up1) };
    await writeFile(configFile, configurationText(ports, folder));
    for (const address of [up1, up2, up3, returned, lost]) await serve(address);
    await start();
    client = await dnsClientOf(own, ports.dns);
    await answered('ordered', [returned]);
    await answered('starting', [up1, returned]);
    await answered('anyway', [lost]);
    await answered('whole', [`${up1} ${up3}`]);
    await stopServing(returned);
    await stopServing(lost);
    await answered('held', [up2]);
    await answered('delayed', [up3]);
    await answered('ordered', [up1]);
    await answered('rotating', [up1, up2]);
    await answered('starting', [up1]);
    await answered('gone', ['SERVFAIL']);
    await serve(returned);
    for (const [name, address, action] of overrides) {
      const path = `${apiUrl()}/overrides/${fqdn(name)}/${address}?force=true`;
      const { status, body } = await api(path, 'PUT', { action, reason: 'to be kept' });
      assert.equal(status, 200, JSON.stringify(body));
    }
  });
  after(async () => {
    await stop('SIGKILL');
    client?.close();
    await Promise.all([...webServers.values()].map((server) => server.close()));
    await rm(folder, { recursive: true, force: true });
  });

  test('first: every row is as its table says, and every algorithm that is built has one', async () => {
    for (const { name, answers } of rows) await answered(name, answers);
    const shown = new Set(rows.map(({ settings }) => /routing_algorithm: (\S+?)(,|$)/.exec(settings)?.[1] ?? 'round-robin'));
    assert.deepEqual([...shown].sort(), Object.keys(algorithms).sort());
    await assertStillStarting();
  });

  test('by a reload of an unchanged file, not even the serial', async () => {
    const before = await serials();
    await unchangedBy(() => reload(/"position":null.*configuration reloaded/), 100);
    assert.equal(await serials(), before);
  });

  test('by a change of another domain of the zone, but for the serial, which rises with it', async () => {
    const before = await serials();
    const line = new RegExp(`^.*service: ${other}, address: ${up1}.*$`, 'm');
    const changed = configurationText(ports, folder)
      .replace('ttl: 40', 'ttl: 41')
      .replace(line, (server) => `${server}\n${server.replace(up1, up2)}`);
    assert.deepEqual(await answersTo(other), [up1]);
    await unchangedBy(async () => {
      await writeFile(configFile, changed);
      await reload(/"position":\d+.*configuration reloaded/);
      await until('the other domain is answered as the file says now', async () => (await answersTo(other)).includes(up2) || undefined);
    }, 100);
    assert((await serials()) > before, 'the zone has changed');
  });

  for (const [how, signal] of [
    ['in order', 'SIGTERM'],
    ['by kill -9', 'SIGKILL'],
  ] as const) {
    test(`by a restart, ended ${how}, from the first answer on; the serial does not go back`, async () => {
      const before = await serials();
      await unchangedBy(async () => {
        await stop(signal);
        await start();
      }, 100);
      assert((await serials()) >= before);
    });
  }
});
