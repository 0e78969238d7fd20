/** Programs from elsewhere judge what is signed: whole zones as files, and answers over the wire. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DnsServer } from '../../src/nodes/dns/server.ts';
import type { AnswerTable } from '../../src/nodes/dns/table.ts';
import type { Zone } from '../../src/nodes/dns/zone.ts';
import { exportZone } from '../../src/nodes/dns/zone-export.ts';
import { named } from '../dnssec-keys.ts';
import { answeringTable, demoZones, dsOf, serve, tampered, zoneNames } from './signed-server.ts';

const missing = (program: string, debian: string) =>
  spawnSync(program, ['-h']).error === undefined ? false : `${program} is not installed (Debian's package is ${debian})`;

interface Ran {
  readonly code: number;
  readonly output: string;
}

function run(program: string, ...rest: readonly string[]): Promise<Ran> {
  return new Promise((resolve) =>
    execFile(program, rest, { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    ),
  );
}

const zones = demoZones();
const table = answeringTable(zones);
let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-dnssec-'));
});
after(() => rm(folder, { recursive: true }));

/** The path of a zone's export. */
async function exported(source: AnswerTable, zone: string, change = (text: string) => text): Promise<string> {
  const path = join(folder, `${zone}.zone`);
  await writeFile(path, change(exportZone(source.zones.zones.get(named(zone)) as Zone, source)));
  return path;
}

/** The same file without the line that matches. */
const without = (line: RegExp) => (text: string) => {
  const kept = text.split('\n').filter((each) => !line.test(each));
  assert.equal(kept.length, text.split('\n').length - 1, `${line} is one line`);
  return kept.join('\n');
};

const verifiers = [
  { program: 'dnssec-verify', debian: 'bind9-utils', ask: (path: string, zone: string) => run('dnssec-verify', '-z', '-o', zone, path) },
  { program: 'ldns-verify-zone', debian: 'ldnsutils', ask: (path: string) => run('ldns-verify-zone', path) },
] as const;

for (const { program, debian, ask } of verifiers) {
  describe(program, { skip: missing(program, debian) }, () => {
    for (const zone of zoneNames) {
      it(`accepts the export of ${zone}`, async () => {
        const { code, output } = await ask(await exported(table, zone), zone);
        assert.equal(code, 0, output);
      });
    }

    it('refuses it with a signature turned, and without a record of the ring', async () => {
      const turned = await ask(await exported(answeringTable(tampered(zones)), 'demo.local'), 'demo.local');
      assert.notEqual(turned.code, 0);
      assert.match(turned.output, /(No correct ECDSAP256SHA256|Bogus DNSSEC) signature for app\.demo\.local/);
      const torn = await ask(await exported(table, 'demo.local', without(/^v4\.demo\.local\.\t30\tIN\tNSEC\t/)), 'demo.local');
      assert.notEqual(torn.code, 0);
      assert.match(torn.output, /(Missing NSEC record|there is no NSEC\(3\)) for v4\.demo\.local/);
    });
  });
}

describe('delv', { skip: missing('delv', 'bind9-dnsutils') }, () => {
  let servers: readonly DnsServer[] = [];
  before(async () => {
    servers = [await serve(table), await serve(answeringTable(tampered(zones)))];
    const { fields, digest } = dsOf(zones, 'demo.local');
    await writeFile(join(folder, 'anchors'), `trust-anchors { demo.local. static-ds ${fields.join(' ')} "${digest}"; };\n`);
  });
  after(() => Promise.all(servers.map((server) => server.close())));
  const delv = (server: number, ...asked: readonly string[]) =>
    run('delv', '@127.0.0.1', '-p', String(servers[server]?.port), '-a', join(folder, 'anchors'), '+root=demo.local', ...asked);

  const rows = [
    ['app.demo.local A', /^; fully validated\napp\.demo\.local\.\s+20\s+IN\s+A\s/m],
    ['demo.local NS', /^; fully validated$/m],
    ['big.demo.local TXT', /^; fully validated$/m],
    ['far.demo.local AAAA', /^; fully validated\nfar\.[\s\S]*^www\.demo\.local\.[\s\S]*^app\.demo\.local\.\s+20\s+IN\s+AAAA\s/m],
    ['inner.demo.local DS', /^; fully validated$/m],
    ['inner.demo.local SOA', /^; fully validated$/m],
    ['v4.demo.local AAAA', /negative response, fully validated/],
    ['deep.demo.local A', /negative response, fully validated/],
    ['cut.demo.local DS', /negative response, fully validated/],
    ['nowhere.demo.local A', /negative response, fully validated/],
    ['x.inner.demo.local A', /negative response, fully validated/],
  ] as const;
  for (const [asked, says] of rows) {
    it(`${asked} is validated`, async () => {
      const { output } = await delv(0, ...asked.split(' '));
      assert.match(output, says);
    });
  }

  it('finds a turned signature', async () => {
    const { output } = await delv(1, 'app.demo.local', 'A');
    assert.match(output, /RRSIG failed to verify|resolution failed/);
    assert.doesNotMatch(output, /fully validated/);
  });
});
