/** A real process counts its starts and is killed at random moments: no number is ever given out twice, and none goes back. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';

const rounds = 8;
const source = new URL('../../src/nodes/identity/boot-counter.ts', import.meta.url);

/** Counts as fast as it can, and says each number once it may be used. */
const program = `
import { writeSync } from 'node:fs';
import { countBoot } from ${JSON.stringify(source.href)};
for (;;) writeSync(1, countBoot(process.argv[1], 1_800_000_000_000) + '\\n');
`;

async function countUntilKilled(path: string, linesBeforeKill: number): Promise<number[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    if (said.split('\n').length > linesBeforeKill) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.equal(signal, 'SIGKILL');
  return said.split('\n').slice(0, -1).map(Number);
}

it('the number of a start survives kill -9', { timeout: 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'opengslb-boots-'));
  try {
    const said: number[] = [];
    for (let round = 0; round < rounds; round += 1) said.push(...(await countUntilKilled(join(folder, 'state', 'boot'), 1 + round * 7)));
    assert.ok(said.length >= rounds);
    assert.equal(said[0], 1_800_000_000);
    for (const [index, boot] of said.entries())
      assert.ok(index === 0 || boot > (said[index - 1] ?? 0), `${said[index - 1]} before ${boot}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
