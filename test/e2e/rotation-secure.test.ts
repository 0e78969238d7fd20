/**
 * A rotation as the world sees it: a real overwatch replaces keys, its parent is a signed zone on two NSD servers, and
 * validating resolvers that know the parent's key alone ask for everything, all the time. One begins afresh with each
 * question; one lives through all of it with its cache; one stands behind a cache that validates nothing, so that what was
 * said at different moments meets there. None of them may ever call anything but secure.
 *
 *     zone             its parent
 *     punctual.test    takes the DS up when CDS asks for it, on both servers
 *     late.test        long after, and one of its servers later than the other
 *     never.test       never
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { types } from '../../src/nodes/dns/codes.ts';
import { type ParentZone, startParentZone } from '../parent-zone.ts';
import { missing, startUnbound, type Unbound } from '../unbound.ts';
import { api, freePort, type RunningOverwatch, runProgram, startOverwatchProcess, until } from './overwatch-process.ts';

const skip = missing('nsd') || missing('unbound') || missing('ldns-signzone', 'ldnsutils') || missing('dig', 'dnsutils');
const parent = 'test';
const [punctual, late, never] = ['punctual.test', 'late.test', 'never.test'] as const;
const zones = [punctual, late, never] as const;
type ZoneName = (typeof zones)[number];

/** Names by what is asked below a zone; `#` is another number each time. */
const questions: readonly (readonly [name: string, type: keyof typeof types, rcode: string])[] = [
  ['app.', 'A', 'NOERROR'],
  ['app.', 'AAAA', 'NOERROR'],
  ['text.', 'TXT', 'NOERROR'],
  ['nowhere.', 'A', 'NXDOMAIN'],
  ['n#.', 'A', 'NXDOMAIN'],
  ['', 'SOA', 'NOERROR'],
  ['', 'NS', 'NOERROR'],
];

interface Status {
  readonly zones: readonly {
    readonly zone: string;
    readonly waits_for: string | null;
    readonly parent: { readonly verdict: string; readonly message: string } | null;
  }[];
  readonly keys: readonly { readonly zone: string; readonly key_tag: number; readonly stage: string }[];
}

describe('while keys are replaced', { skip }, () => {
  let folder = '';
  let parentZone: ParentZone;
  let overwatch: RunningOverwatch;
  let resolvers: Readonly<Record<string, Unbound>> = {};
  let metricsPort = 0;
  const ds: Record<ZoneName, readonly string[]> = { [punctual]: [], [late]: [], [never]: [] };
  /** The stages that each zone went through, and how many rounds of questions were secure in each. */
  const rounds = new Map<ZoneName, Map<string, number>>(zones.map((zone) => [zone, new Map()]));
  const insecure: string[] = [];
  let asking: Promise<void> | undefined;
  let isOver = false;

  /** As of the newest round of questions: the API answers so many requests a second and no more. */
  let status: Status = { zones: [], keys: [] };
  async function look(): Promise<Status> {
    const { status: code, body } = await api<Status>(`${overwatch.apiUrl}/dnssec/status`);
    assert.equal(code, 200);
    status = body;
    return body;
  }
  const stagesIn = ({ keys }: Status, zone: string) =>
    keys
      .filter((key) => key.zone === zone)
      .map(({ stage }) => stage)
      .join(' ');
  const shown = (zone: ZoneName) => ({ ...status.zones.find((one) => one.zone === zone), stages: stagesIn(status, zone) });
  const whenSecure = (holds: boolean) => {
    assert.deepEqual(insecure, []);
    return holds || undefined;
  };
  const reaches = (zone: ZoneName, stages: string) =>
    until(`${zone} is ${stages}`, () => whenSecure(shown(zone).stages === stages), 30_000);
  const enoughRounds = (zone: ZoneName, stages: string) =>
    until(`questions about ${zone} while it is ${stages}`, () => whenSecure((rounds.get(zone)?.get(stages) ?? 0) >= 2));

  /** What the zone asks its parent for, as its operator finds it. */
  function cdsOf(zone: ZoneName): readonly string[] {
    const asked = ['@127.0.0.1', '-p', String(overwatch.dnsPort), '+short', zone, 'CDS'];
    return spawnSync('dig', asked, { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line !== '');
  }
  /** What an operator copies from us by hand: the DS alone, without owner and TTL. */
  async function dsByHand(zone: ZoneName): Promise<readonly string[]> {
    const { stdout } = await runProgram('dnssec', 'ds', '--zone', zone, '--api', overwatch.apiUrl.replace('/api/v1', ''));
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/^.* IN DS /, ''));
  }

  async function askOnce(number: number): Promise<void> {
    const before = status;
    const asked = zones.flatMap((zone) =>
      Object.entries(resolvers).flatMap(([who, resolver]) =>
        questions.map(async ([below, type, rcode]) => {
          const name = `${below.replace('#', String(number))}${zone}`;
          const heard = await resolver.ask(name, types[type]);
          if (heard.rcode === rcode && heard.isSecure) return;
          insecure.push(`${who}, ${stagesIn(before, zone)}: ${name} ${type} is ${heard.rcode}${heard.isSecure ? '' : ', not secure'}`);
        }),
      ),
    );
    await Promise.all(asked);
    const now = await look();
    for (const zone of zones) {
      const [stages, counts] = [stagesIn(before, zone), rounds.get(zone) as Map<string, number>];
      // One during which the stage changed counts for none.
      if (stages === stagesIn(now, zone)) counts.set(stages, (counts.get(stages) ?? 0) + 1);
    }
  }
  /** Some rounds a second, in each of which every resolver is asked everything. */
  async function askAllTheTime(): Promise<void> {
    await look();
    for (let number = 0; !isOver && insecure.length === 0; number += 1) {
      await askOnce(number);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-rotation-'));
    parentZone = await startParentZone({ folder: join(folder, 'parent'), zone: parent, children: zones, servers: 2, dsTtlSeconds: 6 }, {});
    metricsPort = await freePort();
    const configFile = join(folder, 'config.yaml');
    await writeFile(configFile, configuration(join(folder, 'data'), parentZone.ports, metricsPort), { mode: 0o600 });
    overwatch = await startOverwatchProcess(configFile);
    Object.assign(ds, Object.fromEntries(await Promise.all(zones.map(async (zone) => [zone, await dsByHand(zone)]))));
    await parentZone.publish(ds);
    const { anchor, ports } = parentZone;
    const stubs = { [parent]: ports, ...Object.fromEntries(zones.map((zone) => [zone, [overwatch.dnsPort]])) };
    await mkdir(join(folder, 'unbound'));
    const own = { folder: join(folder, 'unbound'), anchor };
    const cache = await startUnbound({ folder: own.folder, name: 'cache', stubs, caches: true });
    others.push(cache);
    resolvers = {
      'one that begins afresh': await startUnbound({ ...own, name: 'fresh', stubs }),
      'one with a cache': await startUnbound({ ...own, name: 'warm', stubs, caches: true }),
      'one behind a cache': await startUnbound({ ...own, name: 'behind', forwardTo: cache.port }),
    };
    await until('every server of the parent has the first DS', async () => {
      const heard = await Promise.all(Object.values(resolvers).map((resolver) => resolver.ask(`app.${never}`, types.A)));
      return heard.every(({ isSecure }) => isSecure) ? true : undefined;
    });
  });
  const others: Unbound[] = [];
  after(async () => {
    isOver = true;
    await asking?.catch(() => {});
    await Promise.all([...Object.values(resolvers), ...others].map((resolver) => resolver.end()));
    await overwatch?.end('SIGTERM');
    await parentZone?.end();
    await rm(folder, { recursive: true, force: true });
  });

  it('everything is secure with the first keys', { timeout: 30_000 }, async () => {
    asking = askAllTheTime();
    asking.catch(() => {});
    for (const zone of zones) await enoughRounds(zone, 'active');
  });

  it('goes on at once where the parent is in time', { timeout: 60_000 }, async () => {
    const api = ['--api', overwatch.apiUrl.replace('/api/v1', '')];
    const begun = await Promise.all(zones.map((zone) => runProgram('dnssec', 'rotate', zone, ...api)));
    for (const { code, stderr } of begun) assert.equal(code, 0, stderr);
    for (const zone of zones) await reaches(zone, 'active announced');
    await enoughRounds(punctual, 'active announced');
    const asksFor = cdsOf(punctual);
    assert.equal(asksFor.length, 1);
    assert.notDeepEqual(asksFor, ds[punctual]);
    ds[punctual] = asksFor;
    await parentZone.publish(ds);
    await reaches(punctual, 'active trusted');
  });

  it('waits for a parent that is late, and for each of its servers', { timeout: 60_000 }, async () => {
    const before = shown(late);
    assert.equal(before.stages, 'active announced', 'the other zone has gone on');
    const both = await dsByHand(late);
    assert.equal(both.length, 2, 'the DS of the old key and of the new one');
    ds[late] = both.filter((record) => !ds[late].includes(record));
    await parentZone.publish(ds, 0);
    const looksBefore = await looks();
    await until('the parent was looked at some times more', async () => ((await looks()) > looksBefore + 5 ? true : undefined));
    const between = shown(late);
    assert.equal(between.stages, 'active announced');
    assert.match(between.parent?.message ?? '', new RegExp(`^127.0.0.1:${parentZone.ports[1]} shows the DS of key \\d+$`));
    await parentZone.publish(ds, 1);
    await reaches(late, 'retiring active');
    await enoughRounds(late, 'retiring active');
    await reaches(late, 'active');
  });

  it('says what it waits for where the parent never acts', { timeout: 30_000 }, async () => {
    await enoughRounds(never, 'active announced');
    const { stages, waits_for: waitsFor, parent: look } = shown(never);
    assert.deepEqual([stages, waitsFor, look?.verdict], ['active announced', 'ask-parent', 'waits']);
    const old = ds[never][0]?.split(' ')[0];
    assert.match(look?.message ?? '', new RegExp(`^127.0.0.1:\\d+ shows the DS of key ${old}$`));
    const successor = status.keys.find((key) => key.zone === never && key.stage === 'announced')?.key_tag;
    assert.match(
      await metrics(),
      new RegExp(`^opengslb_dnssec_key_stage\\{zone="never.test",key_tag="${successor}",stage="announced"\\} 1$`, 'm'),
    );
    const { stdout } = await runProgram('dnssec', 'status', '--api', overwatch.apiUrl.replace('/api/v1', ''));
    assert.match(stdout, new RegExp(`never\\.test .* waits for the parent: 127.0.0.1:\\d+ shows the DS of key ${old}`));
  });

  it('everything was secure at every moment, for every resolver', { timeout: 30_000 }, async () => {
    await reaches(punctual, 'active');
    for (const zone of [punctual, late]) {
      const seen = [...(rounds.get(zone) ?? [])].map(([stages]) => stages);
      assert.deepEqual(seen, ['active', 'active published', 'active announced', 'active trusted', 'retiring active']);
    }
    isOver = true;
    await asking;
    assert.deepEqual(insecure, []);
    for (const [zone, counts] of rounds) for (const [stages, count] of counts) assert(count > 1, `${zone} while ${stages}`);
    assert.equal(
      spawnSync('dig', ['@127.0.0.1', '-p', String(overwatch.dnsPort), '+short', punctual, 'DNSKEY'])
        .stdout.toString()
        .trim()
        .split('\n').length,
      1,
    );
  });

  async function metrics(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  }
  async function looks(): Promise<number> {
    return [...(await metrics()).matchAll(/^opengslb_dnssec_parent_looks_total\{[^}]*\} (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  }
});

/** TTLs of seconds, so that waits for them are. */
function configuration(dataDirectory: string, parents: readonly number[], metricsPort: number): string {
  return [
    'overwatch:',
    '  identity: { node_id: overwatch-1 }',
    `  data_dir: ${dataDirectory}`,
    '  validation: { enabled: false }',
    '  dnssec:',
    '    dnskey_ttl: 2s',
    '    parent_interval: 1s',
    `    parents: [{ zone: ${parent}, servers: [${parents.map((port) => `"127.0.0.1:${port}"`).join(', ')}] }]`,
    'dns:',
    '  listen_address: 127.0.0.1:0',
    '  default_ttl: 1',
    '  apex_ttl: 2',
    '  zones:',
    ...zones.map((zone) => `    - { name: ${zone}, records: [{ name: text, type: TXT, text: hello, ttl: 3 }] }`),
    'regions:',
    '  - name: eu',
    '    servers:',
    ...zones.map((zone) => `      - { service: app.${zone}, address: 192.0.2.1, port: 80 }`),
    'domains:',
    ...zones.map((zone) => `  - { name: app.${zone}, regions: [eu], ttl: 1 }`),
    'api: { enabled: true, address: "127.0.0.1:0" }',
    `metrics: { enabled: true, address: "127.0.0.1:${metricsPort}" }`,
    '',
  ].join('\n');
}
