import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../../../src/nodes/clock.ts';
import { readConfiguration } from '../../../../src/nodes/configuration/read.ts';
import { configurationText, servers, ttlSeconds } from '../../../../src/nodes/demo/cast.ts';
import { openStage } from '../../../../src/nodes/demo/stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'opengslb-stage-'));
const temporary = join(folder, 'temporary');
const usual = process.env.TMPDIR;
before(() => {
  process.env.TMPDIR = mkdtempSync(temporary);
});
after(() => {
  if (usual === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usual;
  rmSync(folder, { recursive: true, force: true });
});

function programOf(text: string): string {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, text);
  return file;
}

const inside = () => readdirSync(process.env.TMPDIR as string);

// The limit shows that nobody waits for an overwatch that has ended.
test('an overwatch that does not start is told with what it printed, and the stage is cleared', { timeout: 15_000 }, async () => {
  const program = programOf(`console.error('no such thing'); process.exitCode = 5;`);
  const opening = openStage({ program, clock: systemClock(), witness: false, signal: new AbortController().signal });
  await assert.rejects(opening, { code: 'child-failed', message: 'the overwatch ended with code 5', remedy: /no such thing/ });
  assert.deepEqual(inside(), []);
});

test('a stage that is no longer wanted is cleared while it is being set', async () => {
  const program = programOf('setInterval(() => {}, 1e6);');
  const opening = openStage({ program, clock: systemClock(), witness: false, signal: AbortSignal.abort() });
  await assert.rejects(opening, { code: 'interrupted' });
  assert.deepEqual(inside(), []);
});

test("the overwatch's configuration is one that it reads, without a warning but that DNS is not signed", async () => {
  const file = join(folder, 'config.yaml');
  writeFileSync(file, configurationText({ web: 20_001, dns: 20_002, api: 20_003 }), { mode: 0o600 });
  const { configuration, warnings } = await readConfiguration({ path: file, mode: 'overwatch', environment: {} });
  const [domain] = configuration.domains;
  assert.deepEqual([domain?.ttl, domain?.answers], [ttlSeconds, 'all']);
  assert.deepEqual(
    configuration.regions[0]?.servers.map(({ address, port }) => [address, port]),
    servers.map(({ address }) => [address, 20_001]),
  );
  assert.ok(
    warnings.every((warning) => /sign/i.test(warning)),
    warnings.join('; '),
  );
});
