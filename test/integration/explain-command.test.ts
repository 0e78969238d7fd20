/** `opengslb explain` as people type it, for a client and for a line of the query log, against the API of a node. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { a, app, b, oneDomain } from '../given.ts';
import { type RunningApi, runApi } from './running-api.ts';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const servers = [
  { address: a, region: 'eu' },
  { address: b, region: 'us' },
];
const geolocation = { custom_mappings: [{ cidr: '10.0.0.0/8', region: 'eu' }] };
let api: RunningApi;

before(async () => {
  const unchecked = { overwatch: { validation: { enabled: false }, geolocation } };
  api = await runApi(undefined, { configuration: oneDomain(servers, { routing_algorithm: 'geolocation' }, unchecked) });
});
after(() => api.close());

async function explain(...words: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
  const flags = ['--api', `http://127.0.0.1:${api.port}`];
  const child = spawn(process.execPath, ['--import', 'tsx', program, 'explain', app, ...words, ...flags], {
    env: { ...process.env, NO_COLOR: '1' },
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, out, err };
}

describe('opengslb explain --client', { timeout: 60_000 }, () => {
  it('says where the client is, by whose word, what it gets, and who else does', async () => {
    const { code, out, err } = await explain('--client', '10.1.2.3');
    assert.equal(code, 0, err);
    assert.match(out, /10\.1\.2\.3: the client is in eu, by the network 10\.0\.0\.0\/8 of the configuration; it gets the servers there\n/);
    assert.match(out, /\n {2}A: 192\.0\.2\.1 \(of eu; scope 8, so all of 10\.0\.0\.0\/8 get it\)\n/);
    assert.match(out, /192\.0\.2\.2:80: up since/, 'what is said of each server stands below');
  });

  it('says which answer a draw falls on', async () => {
    for (const [draw, address] of [
      ['0', a],
      ['7', b],
    ] as const) {
      const { out } = await explain('--client', '192.0.2.70', '--draw', draw);
      const scoped = 'as everybody; scope 1, so all of 128.0.0.0/1 get it';
      assert.ok(out.includes(`  A: 192.0.2.1 192.0.2.2 (${scoped}); the draw falls on ${address}\n`), out);
    }
  });

  it('is JSON as well', async () => {
    const { out } = await explain('--client', '10.1.2.0/24', '--json');
    const { client } = (JSON.parse(out) as { answers: { client: { network: string; families: { A: { region: string } } } } }).answers;
    assert.deepEqual([client.network, client.families.A.region], ['10.1.2.0/24', 'eu']);
  });

  it('refuses what is no client, and a draw for nobody', async () => {
    const nobody = await explain('--client', 'resolver');
    assert.deepEqual([nobody.code, /Expected an address or a network of clients/.test(nobody.err)], [2, true]);
    const drawn = await explain('--draw', '7');
    assert.deepEqual([drawn.code, /name it with --client, as the same line of the query log does/.test(drawn.err)], [2, true]);
  });
});
