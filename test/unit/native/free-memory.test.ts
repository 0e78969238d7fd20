/** Memory that was freed goes back to the system: seen in what the system says that this program has. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { giveBackFreeMemory, keepLittleFreeMemory } from '../../../src/native/free-memory.ts';

const isGnuLinux = process.platform === 'linux' && 'glibcVersionRuntime' in (process.report.getReport() as { header: object }).header;

function residentMiB(): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
}

describe('freed memory', () => {
  it('is given back where the C library is GNU’s, and nothing is done elsewhere', async () => {
    assert.equal(await keepLittleFreeMemory(), isGnuLinux);
    assert.equal(await giveBackFreeMemory(), isGnuLinux);
  });

  it('that lies between what is in use goes as well', { skip: !isGnuLinux }, async () => {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    const [malloc, free, fill] = [
      library.func('void *malloc(size_t bytes)'),
      library.func('void free(void *memory)'),
      library.func('void *memset(void *memory, int byte, size_t bytes)'),
    ];
    const pieceBytes = 64 * 1024;
    const pieces = Array.from({ length: 2_000 }, () => fill(malloc(pieceBytes), 1, pieceBytes));
    // Every second one stays, so that no area can simply become shorter.
    for (let piece = 0; piece < pieces.length; piece += 2) free(pieces[piece]);
    const before = residentMiB();
    await giveBackFreeMemory();
    const given = before - residentMiB();
    for (let piece = 1; piece < pieces.length; piece += 2) free(pieces[piece]);
    assert(given > 30, `${given.toFixed(0)} MiB of 62 were given back`);
  });
});
