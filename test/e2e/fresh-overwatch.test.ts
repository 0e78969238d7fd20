/**
 * An overwatch that starts with nothing beside two that have the key, below a signed parent that NSD serves. As long as it
 * cannot have the key it says SERVFAIL, and resolvers ask another; from the moment that it has it, a validating resolver
 * that asks it alone calls everything secure: before, while and after the key is replaced, also where it starts afresh in
 * the middle of that.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { types } from '../../src/nodes/dns/codes.ts';
import { type ParentZone, startParentZone } from '../parent-zone.ts';
import { missing, startUnbound, type Unbound } from '../unbound.ts';
import { api, freePort, type RunningOverwatch, resolve, runProgram, startOverwatchProcess, until } from './overwatch-process.ts';

const skip = missing('nsd') || missing('unbound') || missing('ldns-signzone', 'ldnsutils');
const [parent, zone] = ['test', 'shared.test'];

interface Member {
  readonly name: string;
  readonly folder: string;
  readonly configFile: string;
  readonly keyPort: number;
  readonly dnsPort: number;
  readonly fingerprint: string;
  running: RunningOverwatch | undefined;
}
interface Status {
  readonly keys: readonly { readonly key_tag: number; readonly stage: string }[];
}

describe('a third overwatch that starts afresh', { skip }, () => {
  let folder = '';
  let parentZone: ParentZone;
  let members: readonly Member[] = [];
  let alone: Unbound;
  let warm: Unbound;
  let all: Unbound;
  let asking: Promise<void> | undefined;
  let isOver = false;
  /** From when on the third has to prove everything by itself. */
  let hasKey = false;
  let rounds = 0;
  const wrong: string[] = [];
  const [one, two, three] = [() => members[0] as Member, () => members[1] as Member, () => members[2] as Member];

  async function make(name: string): Promise<Member> {
    const own = join(folder, name);
    await mkdir(own);
    const configFile = join(own, 'config.yaml');
    const [keyPort, dnsPort] = [await freePort(), await freePort()];
    const member = { name, folder: own, configFile, keyPort, dnsPort, fingerprint: '', running: undefined };
    await writeFile(configFile, configuration(member, [], []), { mode: 0o600 });
    const { code, stdout, stderr } = await runProgram('dnssec', 'identity', '--config', configFile);
    assert.equal(code, 0, stderr);
    return { ...member, fingerprint: stdout.trim() };
  }
  /** `reachable`: whether the ports of its peers are the right ones. */
  const write = (member: Member, reachable = true) => {
    const peers = members.map(({ keyPort, fingerprint, name }) => {
      const isOwn = name === member.name;
      return `{ url: "https://127.0.0.1:${reachable || isOwn ? keyPort : 9}", fingerprint: ${fingerprint} }`;
    });
    return writeFile(member.configFile, configuration(member, [...new Set(peers)], parentZone.ports), { mode: 0o600 });
  };
  const start = async (member: Member) => {
    member.running = await startOverwatchProcess(member.configFile);
  };
  const statusOf = async ({ running }: Member) => (await api<Status>(`${running?.apiUrl}/dnssec/status`)).body;
  const stagesIn = ({ keys }: Status) => keys.map(({ key_tag: tag, stage }) => `${tag} ${stage}`).join(', ');
  const stagesOf = async (member: Member) => stagesIn(await statusOf(member));
  /** In vain it says what each of them waits for. */
  async function allAre(stages: string): Promise<void> {
    let found: readonly Status[] = [];
    const look = async () => {
      assert.deepEqual(wrong, []);
      found = await Promise.all(members.map(statusOf));
      return found.every((status) => stagesIn(status) === stages) ? true : undefined;
    };
    await until(`all are ${stages}`, look, 40_000).catch((error: Error) => assert.fail(`${error.message}: ${JSON.stringify(found)}`));
  }
  const roundsMore = (count: number) => {
    const from = rounds;
    return until(`${count} rounds of questions`, () => (rounds >= from + count || wrong.length > 0 ? true : undefined));
  };

  async function askOnce(number: number): Promise<void> {
    const asked = [
      [`app.${zone}`, types.A, 'NOERROR'],
      [`app.${zone}`, types.AAAA, 'NOERROR'],
      [`text.${zone}`, types.TXT, 'NOERROR'],
      [`n${number}.${zone}`, types.A, 'NXDOMAIN'],
      [zone, types.SOA, 'NOERROR'],
    ] as const;
    const resolvers = { all, ...(hasKey && { alone, warm }) };
    await Promise.all(
      Object.entries(resolvers).flatMap(([who, resolver]) =>
        asked.map(async ([name, type, rcode]) => {
          const heard = await resolver.ask(name, type);
          if (heard.rcode !== rcode || !heard.isSecure) wrong.push(`${who}: ${name} ${type} is ${heard.rcode}, secure ${heard.isSecure}`);
        }),
      ),
    );
    rounds += 1;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-fresh-'));
    parentZone = await startParentZone(
      { folder: join(folder, 'parent'), zone: parent as string, children: [zone as string], servers: 1, dsTtlSeconds: 2 },
      {},
    );
    members = await Promise.all(['overwatch-1', 'overwatch-2', 'overwatch-3'].map(make));
    await write(one());
    await write(two());
    await write(three(), false);
    await start(one());
    await start(two());
    await publishDs();
    const { anchor, ports } = parentZone;
    const stubs = (who: readonly Member[]) => ({ [parent as string]: ports, [zone as string]: who.map(({ dnsPort }) => dnsPort) });
    alone = await startUnbound({ folder, name: 'alone', anchor, stubs: stubs([three()]) });
    warm = await startUnbound({ folder, name: 'warm', anchor, stubs: stubs([three()]), caches: true });
    all = await startUnbound({ folder, name: 'all', anchor, stubs: stubs(members) });
    await until('the parent has the DS', async () => ((await all.ask(`app.${zone}`, types.A)).isSecure ? true : undefined));
  });
  after(async () => {
    isOver = true;
    await asking?.catch(() => {});
    await Promise.all([alone, warm, all].map((resolver) => resolver?.end()));
    await Promise.all(members.map(({ running }) => running?.end('SIGKILL')));
    await parentZone?.end();
    await rm(folder, { recursive: true, force: true });
  });

  async function publishDs(): Promise<void> {
    const { body } = await api<{ ds_records: { ds_record: string; stage: string }[] }>(`${one().running?.apiUrl}/dnssec/ds`);
    const newest = body.ds_records.at(-1)?.ds_record.replace(/^.* IN DS /, '');
    assert(newest !== undefined);
    await parentZone.publish({ [zone as string]: [newest] });
  }

  it('says SERVFAIL to everything about the zone until it has the key, and resolvers ask another', { timeout: 30_000 }, async () => {
    await start(three());
    for (const [name, type] of [
      [`app.${zone}`, 'A'],
      [`text.${zone}`, 'TXT'],
      [`nobody.${zone}`, 'A'],
      [zone, 'SOA'],
      [zone, 'DNSKEY'],
      [zone, 'DS'],
    ] as const)
      assert.equal(await resolve(three().dnsPort, name, type), 'SERVFAIL', `${name} ${type}`);
    asking = (async () => {
      for (let number = 0; !isOver && wrong.length === 0; number += 1) {
        await askOnce(number);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    await roundsMore(3);
    assert.deepEqual(wrong, []);
  });

  it('is secure by itself as soon as it has it', { timeout: 30_000 }, async () => {
    await write(three());
    assert.equal((await api(`${three().running?.apiUrl}/config/reload`, 'POST')).status, 200);
    await allAre(await stagesOf(one()));
    await until('it answers', async () => ((await resolve(three().dnsPort, `app.${zone}`)) === '192.0.2.1' ? true : undefined));
    hasKey = true;
    await roundsMore(3);
    assert.deepEqual(wrong, []);
  });

  it('is so while the key is replaced, though it starts afresh in between', { timeout: 60_000 }, async () => {
    const [old] = (await stagesOf(one())).split(' ');
    const { body } = await api<{ successor: number }>(`${one().running?.apiUrl}/dnssec/rotate`, 'POST', { zone });
    await allAre(`${old} active, ${body.successor} announced`);
    await roundsMore(2);

    hasKey = false;
    await roundsMore(2);
    await three().running?.end('SIGKILL');
    await forgetAllBut(join(three().folder, 'data'), 'secrets');
    await forgetAllBut(join(three().folder, 'data', 'secrets'), 'overwatch.crt', 'overwatch.key');
    await start(three());
    assert.match(
      await stagesOf(three()),
      new RegExp(`^${old} active, ${body.successor} (published|announced)$`),
      'before its first answer',
    );
    hasKey = true;
    await roundsMore(3);
    assert.deepEqual(wrong, []);

    await publishDs();
    await allAre(`${body.successor} active`);
    await roundsMore(3);
    assert.deepEqual(wrong, []);
  });
});

async function forgetAllBut(place: string, ...kept: readonly string[]): Promise<void> {
  for (const name of await readdir(place)) if (!kept.includes(name)) await rm(join(place, name), { recursive: true });
}

function configuration(
  { name, folder, keyPort, dnsPort }: Omit<Member, 'running'>,
  peers: readonly string[],
  parents: readonly number[],
): string {
  return [
    'overwatch:',
    `  identity: { node_id: ${name} }`,
    `  data_dir: ${join(folder, 'data')}`,
    '  validation: { enabled: false }',
    '  dnssec:',
    '    dnskey_ttl: 2s',
    '    parent_interval: 1s',
    `    bootstrap: ${name === 'overwatch-1'}`,
    '    key_sync:',
    `      listen_address: 127.0.0.1:${keyPort}`,
    '      poll_interval: 1s',
    '      timeout: 1s',
    `      peers: [${peers.join(', ')}]`,
    ...(parents.length === 0
      ? []
      : [`    parents: [{ zone: ${parent}, servers: [${parents.map((port) => `"127.0.0.1:${port}"`).join(', ')}] }]`]),
    'dns:',
    `  listen_address: 127.0.0.1:${dnsPort}`,
    '  apex_ttl: 2',
    '  default_ttl: 1',
    `  zones: [{ name: ${zone}, records: [{ name: text, type: TXT, text: hello, ttl: 2 }] }]`,
    'regions:',
    `  - { name: eu, servers: [{ service: app.${zone}, address: 192.0.2.1, port: 80 }] }`,
    `domains: [{ name: app.${zone}, regions: [eu], ttl: 1 }]`,
    'api: { enabled: true, address: "127.0.0.1:0" }',
    '',
  ].join('\n');
}
