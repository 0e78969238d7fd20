/** A log on its way: exported, verified, imported again, and found out where somebody changed it on the way. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import type { Fact } from '../../src/events/event.ts';
import { openLevelLog } from '../../src/events/level-log.ts';
import { type ExportOptions, exportLines, isWhole } from '../../src/nodes/log-files/export.ts';
import { importLog } from '../../src/nodes/log-files/import.ts';
import { withStoppedLog } from '../../src/nodes/log-files/stopped-log.ts';
import { verifyLog } from '../../src/nodes/log-files/verify.ts';
import { openSource } from '../../src/nodes/replay/open-source.ts';
import { replay } from '../../src/nodes/replay/replay.ts';
import { evolve } from '../../src/projections/evolve.ts';
import { initialState } from '../../src/projections/state.ts';
import { a, app, b, checked, inForce, oneDomain, overridden, restated, started, unchecked } from '../given.ts';

let folder: string;
let directory: string;
let text: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-files-'));
  directory = join(folder, 'data', 'log');
  const log = await openLevelLog({ directory, node: 'ow-1' });
  const kim = { kind: 'human', name: 'kim', address: '192.0.2.200' } as const;
  const facts: readonly (readonly Fact[])[] = [
    [started()],
    [checked(a, 'ok'), checked(b, 'failed'), checked(a, 'ok', { service: 'other.example.com' })],
    [{ ...overridden(a, 'down'), actor: kim }],
    [
      { ...overridden(b, 'down'), actor: { ...kim, address: '192.0.2.201' } },
      { ...overridden(b, 'up'), actor: { kind: 'tool', name: 'kim' } },
    ],
  ];
  for (const [index, batch] of facts.entries()) await log.append(batch, 1_000 * (index + 1), { sync: true });
  await log.close();
  text = await exported({});
});
after(() => rm(folder, { recursive: true }));

const exported = (options: ExportOptions) => exportedFrom(join(folder, 'data'), options);

const exportedFrom = (path: string, options: ExportOptions) =>
  withStoppedLog(path, async (log) => {
    const lines: string[] = [];
    for await (const some of exportLines(log, options)) lines.push(...some);
    return lines.map((line) => `${line}\n`).join('');
  });

let files = 0;
async function file(content: string): Promise<string> {
  const path = join(folder, `${++files}.ndjson`);
  await writeFile(path, content);
  return path;
}

const events = (lines: string) =>
  lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a whole export', () => {
  it('is verified, with the same result as its log', async () => {
    const ofLog = await verifyLog(directory);
    assert.deepEqual(
      { ...ofLog, hash: ofLog.hash.length },
      { node: 'ow-1', begins: { position: 1, at: 1_000 }, batches: 4, events: 7, position: 7, at: 4_000, hash: 64, problem: null },
    );
    assert.deepEqual(await verifyLog(await file(text)), ofLog);
  });

  it('becomes the same log again, byte for byte', async () => {
    const target = join(folder, 'imported');
    const path = await file(text);
    const { hash } = await verifyLog(directory);
    assert.deepEqual(await importLog(path, target), { node: 'ow-1', events: 7, position: 7, hash });
    assert.deepEqual(await verifyLog(target), await verifyLog(directory));
    await assert.rejects(importLog(path, target), { code: 'log-in-use', message: /There is a log in/ });
    const log = await openLevelLog({ directory: target, node: 'ow-1' });
    assert.equal((await log.append([started()], 4_000, { sync: true })).first, 8);
    await log.close();
  });

  it('that was changed on the way is found out, at the line where it shows', async () => {
    const lines = text.trimEnd().split('\n');
    const without = (index: number) => lines.filter((_, at) => at !== index);
    const rows: readonly [content: readonly string[], problem: RegExp, soundUpTo: number][] = [
      [
        lines.map((line) => line.replace('"reason":"because"', '"reason":"no"')),
        /:8: the events of positions 5 to 5 do not have the hash/,
        4,
      ],
      [without(3), /:4: position 4 stands where 3 should|:4: /, 1],
      [without(5), /:6: at 3000 is not the moment of its batch/, 1],
      [lines.map((line) => line.replace('"last":4', '"last":3')), /:6: the batch line names positions 2 to 3/, 1],
      [lines.slice(0, -1), /:10: the file ends in the middle of a batch/, 5],
      [[...lines, lines.at(-1) as string], /:12: a batch line without events/, 7],
      [lines.map((line) => line.replace('"node":"ow-1","type":"override', '"node":"ow-2","type":"override')), /node ow-2 is not ow-1/, 4],
      [['{', ...lines], /:1: the line is not JSON/, 0],
    ];
    for (const [content, problem, soundUpTo] of rows) {
      const verdict = await verifyLog(await file(`${content.join('\n')}\n`));
      assert.match(verdict.problem?.error ?? 'none', problem);
      assert.deepEqual([verdict.problem?.code, verdict.position], ['log-broken', soundUpTo]);
    }
  });
});

describe('a part of a log', () => {
  it('is what was asked for, and cannot be taken for the whole', async () => {
    const rows: readonly [options: ExportOptions, positions: readonly number[]][] = [
      [{ from: 3, to: 5 }, [3, 4, 5]],
      [{ since: 2_000, until: 3_000 }, [2, 3, 4, 5]],
      [{ type: 'override.set' }, [5, 6, 7]],
      [{ service: app, type: 'validation.recorded' }, [2, 3]],
      [{ redact: true }, [1, 2, 3, 4, 5, 6, 7]],
    ];
    for (const [options, positions] of rows) {
      const part = await exported(options);
      assert.equal(isWhole(options), false);
      assert.deepEqual(
        events(part).map(({ position }) => position),
        positions,
      );
    }
    await assert.rejects(verifyLog(await file(await exported({ redact: true }))), { code: 'log-closed', message: /cannot be verified/ });
    await assert.rejects(importLog(await file(await exported({ to: 4 })), join(folder, 'never')), { code: 'log-closed' });
  });

  it('without names has the same one in the place of the same', async () => {
    const redacted = await exported({ redact: true });
    assert.doesNotMatch(redacted, /kim|192\.0\.2\.20[01]/);
    const actors = events(redacted).flatMap(({ actor }) => (actor === undefined ? [] : [actor]));
    assert.deepEqual(actors, [
      { kind: 'human', name: 'human-2', address: 'address-1' },
      { kind: 'human', name: 'human-2', address: 'address-3' },
      { kind: 'tool', name: 'tool-4' },
    ]);
  });
});

describe('a log whose beginning was dropped', () => {
  let dropped: string;
  let lines: readonly string[];
  before(async () => {
    dropped = join(folder, 'dropped', 'log');
    const log = await openLevelLog({ directory: dropped, node: 'ow-1' });
    await log.append(inForce(oneDomain([a, b], {}, unchecked)), 1_000, { sync: true });
    const state = initialState();
    for await (const batch of log.read()) for (const event of batch.events) evolve(state, event);
    await log.append([restated(state)], 2_000, { sync: true });
    await log.append([overridden(a, 'down')], 3_000, { sync: true });
    await log.dropBefore(4);
    await log.close();
    lines = (await exportedFrom(dropped, {})).trimEnd().split('\n');
  });

  it('is verified, says where it begins, and so does its export, whose first batch line names the hash before it', async () => {
    const verdict = await verifyLog(dropped);
    assert.deepEqual([verdict.begins, verdict.position, verdict.events, verdict.problem], [{ position: 4, at: 2_000 }, 5, 2, null]);
    assert.deepEqual(await verifyLog(await file(`${lines.join('\n')}\n`)), verdict);
    assert.match(lines[1] as string, /^\{"batch":\{"first":4,"last":4,"hash":"[0-9a-f]{64}","previous":"[0-9a-f]{64}"\}\}$/);
    assert.doesNotMatch(lines[3] as string, /previous/);
  });

  it('becomes the same log again, which goes on', async () => {
    const target = join(folder, 'dropped-imported');
    await importLog(await file(`${lines.join('\n')}\n`), target);
    assert.deepEqual(await verifyLog(target), await verifyLog(dropped));
    const log = await openLevelLog({ directory: target, node: 'ow-1' });
    assert.deepEqual([log.oldest, (await log.append([started()], 4_000, { sync: true })).first], [{ position: 4, at: 2_000 }, 6]);
    await log.close();
  });

  it('that was changed on the way is found out', async () => {
    const [checkpoint, mark, ...rest] = lines as [string, string, ...string[]];
    const withoutPrevious = mark.replace(/,"previous":"[0-9a-f]+"/, '');
    const previous = /,"previous":"[0-9a-f]+"/.exec(mark)?.[0] as string;
    const rows: readonly [content: readonly string[], problem: RegExp][] = [
      [[checkpoint, withoutPrevious, ...rest], /:2: the batch line of position 4 does not name the hash before it/],
      [
        [checkpoint, mark.replace(/"previous":"[0-9a-f]{8}/, '"previous":"00000000'), ...rest],
        /:2: the events of positions 4 to 4 do not have/,
      ],
      [rest, /:1: position 5 stands where 1 should/],
      [
        [checkpoint, mark, rest[0] as string, (rest[1] as string).replace('"}}', `"${previous}}}`)],
        /:4: .* names a hash before it, and is not the first/,
      ],
    ];
    for (const [content, problem] of rows) {
      const verdict = await verifyLog(await file(`${content.join('\n')}\n`));
      assert.match(verdict.problem?.error ?? 'none', problem);
    }
  });

  it('says of what it no longer holds that it does not, and since when it does', async () => {
    const begins = /^The log no longer holds .*: it begins at position 4, 1970-01-01T00:00:02\.000Z\.$/;
    for (const options of [{ from: 3 }, { to: 3 }, { since: 1_999 }, { until: 1_000 }]) {
      await assert.rejects(exportedFrom(dropped, options), { code: 'log-dropped', message: begins }, JSON.stringify(options));
    }
    assert.equal((await exportedFrom(dropped, { since: 2_000, from: 4 })).split('\n').length, 3);
  });

  it('is replayed from what stood where it begins: the checkpoint is no change', async () => {
    for (const path of [dropped, await file(lines.filter((line) => !line.startsWith('{"batch"')).join('\n'))]) {
      const opened = await openSource(path, { skipBad: false });
      const { timeline, services, events, from } = await replay(opened.source);
      await opened.close();
      assert.deepEqual([events, from], [2, 2_000]);
      assert.deepEqual(
        timeline.map(({ at, from, to }) => [at, from?.A?.addresses.length, to?.A?.addresses.length]),
        [[3_000, 2, 1]],
      );
      assert.deepEqual([services[0]?.changes, services[0]?.outages, services[0]?.withoutFitMs], [1, 0, 0]);
    }
    await assert.rejects(
      replay((await openSource(await file(lines[2] as string), { skipBad: false })).source),
      /position 5, not 1, and is no checkpoint/,
    );
  });
});

describe('a log directory', () => {
  it('that was damaged is not sound', async () => {
    const copy = join(folder, 'damaged');
    await importLog(await file(text), copy);
    const database = new ClassicLevel<Buffer, Buffer>(copy, { keyEncoding: 'buffer', valueEncoding: 'buffer' });
    const key = Buffer.of(0, 0, 0, 0, 0, 0, 0, 5);
    const bytes = (await database.get(key)) as Buffer;
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    await database.put(key, bytes);
    await database.close();
    const { problem, position } = await verifyLog(copy);
    assert.equal(problem?.code, 'log-broken');
    assert.match(problem.error, /position 5/);
    assert.equal(position, 4);
  });

  it('of a running node is left alone', async () => {
    const log = await openLevelLog({ directory });
    await assert.rejects(verifyLog(directory), { code: 'log-in-use' });
    await log.close();
  });
});
