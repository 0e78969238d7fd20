/**
 * A file beside LevelDB's that says how far the log was synced. LevelDB takes a file of its own that was cut short for the
 * torn end of a write, and the note of what was synced is in that file; a witness outside it can tell the difference.
 * It is written after each sync and never synced itself, so it may say less than is true and never more. What cannot be
 * written, or is not whole, says nothing: it guards the log, and must not stop it.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** LevelDB leaves files alone whose names it does not know. */
export const witnessFile = 'SYNCED';

export interface Witness {
  /** Says that the log is synced up to `position`, some milliseconds later; of several the last. */
  say(position: number): void;
  /** Waits for what was said, and lets go of the file until something is said again. */
  close(): Promise<void>;
}

/** Saying it after each of some thousand syncs a second would cost a twentieth of them. */
const sayWithinMs = 20;

/** 8 bytes of position, big-endian, and 8 of their SHA-256: half a word is no word. */
function lineOf(position: number): Buffer {
  const line = Buffer.alloc(8);
  line.writeBigUInt64BE(BigInt(position));
  return Buffer.concat([line, createHash('sha256').update(line).digest().subarray(0, 8)]);
}

/** How far the log in the directory was synced at least; 0: nothing is known. */
export async function witnessed(directory: string): Promise<number> {
  const line = await readFile(join(directory, witnessFile)).catch(() => Buffer.alloc(0));
  if (line.length !== 16) return 0;
  const position = Number(line.readBigUInt64BE());
  return lineOf(position).equals(line) ? position : 0;
}

export function createWitness(directory: string): Witness {
  let file: FileHandle | undefined;
  let latest = 0;
  let said = 0;
  let due: NodeJS.Timeout | undefined;
  let saying = Promise.resolve();

  async function sayLatest(): Promise<void> {
    due = undefined;
    if (said === latest) return;
    try {
      file ??= await open(join(directory, witnessFile), constants.O_CREAT | constants.O_WRONLY, 0o644);
      const position = latest;
      await file.write(lineOf(position), 0, 16, 0);
      said = position;
    } catch {
      // The disk refuses, which LevelDB will say, or the folder is not ours to add to. The next sync tries again.
    }
  }

  function sayNow(): Promise<void> {
    clearTimeout(due);
    saying = saying.then(sayLatest);
    return saying;
  }

  return {
    say(position) {
      latest = position;
      due ??= setTimeout(sayNow, sayWithinMs).unref();
    },
    async close() {
      await sayNow();
      await file?.close().catch(() => undefined);
      file = undefined;
    },
  };
}
