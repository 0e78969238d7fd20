import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../../../../src/nodes/clock.ts';
import { loopbackCast } from '../../../../../src/nodes/demo/agents/cast.ts';
import { type AgentStageOptions, chooseAgentPorts, openAgentStage } from '../../../../../src/nodes/demo/agents/stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'opengslb-agent-stage-'));
const usual = process.env.TMPDIR;
before(() => {
  process.env.TMPDIR = mkdtempSync(join(folder, 'temporary'));
});
after(() => {
  if (usual === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usual;
  rmSync(folder, { recursive: true, force: true });
});

async function opening(text: string, change: Partial<AgentStageOptions> = {}) {
  const program = join(folder, 'program.mjs');
  writeFileSync(program, text);
  const ports = await chooseAgentPorts(loopbackCast);
  const { signal } = new AbortController();
  return openAgentStage({ program, clock: systemClock(), signal, cast: loopbackCast, ports, ...change });
}

const inside = () => readdirSync(process.env.TMPDIR as string);

// The limits show that nobody waits for who has ended.
test('an overwatch that does not start is told with what it printed, and the stage is cleared', { timeout: 15_000 }, async () => {
  const stage = opening(`console.error('no such thing'); process.exitCode = 5;`);
  await assert.rejects(stage, { code: 'child-failed', message: 'overwatch ended with code 5', remedy: /no such thing/ });
  assert.deepEqual(inside(), []);
});

test('an agent that does not start is told with what it printed, and the stage is cleared', { timeout: 15_000 }, async () => {
  const stage = opening(`
    if (process.argv[2] === 'agent') { console.error('no key'); process.exitCode = 6; }
    else { console.log('{"msg":"serving"}'); setInterval(() => {}, 1e6); }
  `);
  await assert.rejects(stage, { code: 'child-failed', message: /ended with code 6$/, remedy: /no key/ });
  assert.deepEqual(inside(), []);
});

test('a stage that is no longer wanted is cleared while it is being set', async () => {
  await assert.rejects(opening('setInterval(() => {}, 1e6);', { signal: AbortSignal.abort() }), { code: 'interrupted' });
  assert.deepEqual(inside(), []);
});
