/** A disk that really fills up and really becomes read-only: a small tmpfs. Mounting needs root and the right to; without, tests say so and are left out. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../e2e/overwatch-process.ts';

const run = (...words: readonly [string, ...string[]]) => spawnSync(words[0], words.slice(1));

function mount(...words: readonly string[]): void {
  const { status, stderr } = run('mount', ...words);
  assert.equal(status, 0, `mount ${words.join(' ')}: ${stderr}`);
}

let allowed: boolean | undefined;

/** Tried once: root in a container may not mount either. */
export function canMount(): boolean {
  if (allowed !== undefined) return allowed;
  const place = mkdtempSync(join(tmpdir(), 'opengslb-mount-'));
  allowed = run('mount', '-t', 'tmpfs', 'tmpfs', place).status === 0;
  if (allowed) run('umount', place);
  rmSync(place, { recursive: true, force: true });
  return allowed;
}

export interface SmallDisk {
  /** Takes all the room that is left. */
  fill(): Promise<void>;
  /** Gives it back. */
  empty(): Promise<void>;
  /** Waits until nobody has a file open for writing on it. */
  makeReadOnly(): Promise<void>;
  makeWritable(): void;
  close(): void;
}

/** Mounts it at `place`, which is made. */
export function smallDisk(place: string, megabytes: number): SmallDisk {
  mkdirSync(place, { recursive: true });
  mount('-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', place);
  const filler = join(place, 'filler');
  return {
    async fill() {
      const file = await open(filler, 'a');
      try {
        // A page at a time at the end: a tmpfs writes what fits of a larger piece, and LevelDB would find the rest.
        for (const bytes of [1024 * 1024, 4096]) await writeUntilFull(file, Buffer.alloc(bytes, 1));
      } finally {
        await file.close();
      }
    },
    empty: () => rm(filler, { force: true }),
    async makeReadOnly() {
      await until('nobody writes on the disk', () => run('mount', '-o', 'remount,ro', place).status === 0 || undefined, 60_000);
    },
    makeWritable: () => mount('-o', 'remount,rw', place),
    close() {
      run('umount', '-l', place);
    },
  };
}

async function writeUntilFull(file: Awaited<ReturnType<typeof open>>, piece: Buffer): Promise<void> {
  try {
    for (;;) await file.writeFile(piece);
  } catch (error) {
    assert.equal((error as { readonly code?: string }).code, 'ENOSPC');
  }
}
