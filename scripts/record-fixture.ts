/**
 * Records the fixture `replay-fixtures/outage.*`: plays the demo's failures for real, and writes down the overwatch's
 * whole log, the log of the client and of a witness that asks DNS without a cache, and what these two saw. The last is
 * computed from their log alone, so a replay can be held against something that the overwatch had no part in.
 *
 *     node --import tsx scripts/record-fixture.ts [folder]
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLevelLog } from '../src/events/level-log.ts';
import { batchLine, eventToLine } from '../src/events/ndjson.ts';
import { systemClock } from '../src/nodes/clock.ts';
import { runSteps } from '../src/nodes/demo/run-steps.ts';
import { failures, warmUp } from '../src/nodes/demo/scenario.ts';
import { whatWasSeen } from '../src/nodes/demo/sightings.ts';
import { openStage, type Stage } from '../src/nodes/demo/stage.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('../replay-fixtures', import.meta.url));
const program = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

async function play(stage: Stage): Promise<void> {
  const outcomes = await runSteps([warmUp, ...failures], {
    stage,
    clock,
    signal,
    onBegin: ({ deed }) => console.log(deed),
    onEnd: ({ missing }) => console.log(missing ?? 'seen'),
  });
  if (outcomes.some(({ ok }) => !ok)) throw new Error('a step was not seen; nothing is written');
  await stage.client.stop();
  await stage.stopOverwatch();
}

async function wholeLog(stage: Stage): Promise<string> {
  const log = await openLevelLog({ directory: join(stage.dataFolder, 'log'), createIfMissing: false });
  const lines: string[] = [];
  for await (const batch of log.readStored()) lines.push(...batch.events.map(eventToLine), batchLine(batch));
  await log.close();
  return asLines(lines);
}

function asLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

const clock = systemClock();
const { signal } = new AbortController();
const stage = await openStage({ program, clock, witness: true, signal });
try {
  await play(stage);
  const { entries } = stage.log;
  const log = await wholeLog(stage);
  const fixture = { file: 'outage.ndjson', sha256: createHash('sha256').update(log).digest('hex') };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'outage.ndjson'), log);
  await writeFile(join(folder, 'outage.client.ndjson'), asLines(entries.map((entry) => JSON.stringify(entry))));
  await writeFile(join(folder, 'outage.expected.json'), `${JSON.stringify({ fixture, ...whatWasSeen(entries) }, null, 2)}\n`);
} finally {
  await stage.close();
}
