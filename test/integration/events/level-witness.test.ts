/** What lies beside LevelDB's files and says how far the log was synced, on a real disk. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openLevelLog } from '../../../src/events/level-log.ts';
import { createWitness, witnessed, witnessFile } from '../../../src/events/level-witness.ts';
import { a, checked } from '../../given.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'opengslb-witness-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const file = () => join(directory, witnessFile);
const open = () => openLevelLog({ directory, node: 'test' });

/** A log of so many synced batches of one event. */
async function logOf(batches: number): Promise<void> {
  const log = await open();
  for (let at = 1; at <= batches; at++) await log.append([checked(a, 'ok')], at, { sync: true });
  await log.close();
}

describe('a witness', () => {
  it('says the last of what it was told, and survives being asked', async () => {
    const witness = createWitness(directory);
    for (let position = 1; position <= 1_000; position++) witness.say(position);
    await witness.close();
    assert.equal(await witnessed(directory), 1_000);
    assert.equal((await stat(file())).size, 16);
  });

  for (const [what, spoil] of [
    ['is not there', () => rm(file())],
    ['is cut short', () => truncate(file(), 15)],
    ['is empty', () => truncate(file(), 0)],
    ['is longer than it was', () => writeFile(file(), Buffer.alloc(17))],
    [
      'has a flipped bit',
      async () => {
        const line = await readFile(file());
        line[7] = (line[7] as number) ^ 1;
        await writeFile(file(), line);
      },
    ],
  ] as const) {
    it(`that ${what} says nothing, and stops nothing`, async () => {
      await logOf(3);
      await spoil();
      assert.equal(await witnessed(directory), 0);
      const log = await open();
      assert.equal(log.end.position, 3);
      await log.close();
    });
  }

  it('that cannot be written stops nothing', async () => {
    const witness = createWitness(join(directory, 'that', 'is', 'not', 'there'));
    witness.say(1);
    await witness.close();
    assert.deepEqual(await readdir(directory), []);
  });
});

describe('a log with a witness', () => {
  it('is one with what was synced', async () => {
    await logOf(5);
    assert.equal(await witnessed(directory), 5);
  });

  it('that was cut short is refused, as often as it is opened, and the witness goes on saying so', async () => {
    await logOf(5);
    const [name = ''] = (await readdir(directory)).filter((entry) => entry.endsWith('.log'));
    const { size } = await stat(join(directory, name));
    await truncate(join(directory, name), Math.floor(size * 0.7));
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(open(), (error: Error & { code: string }) => {
        assert.equal(error.code, 'log-tail-lost');
        assert.match(error.message, /synced up to position 5, but ends at position [1-4]\./);
        return true;
      });
    }
    assert.equal(await witnessed(directory), 5);
  });

  it('may end behind what the witness says: nobody waits for it', async () => {
    await logOf(5);
    const line = await readFile(file());
    await logOf(0);
    const log = await open();
    await log.append([checked(a, 'ok')], 9, { sync: true });
    await log.close();
    await writeFile(file(), line);
    const again = await open();
    assert.equal(again.end.position, 6);
    await again.close();
  });
});
