/** Which way to datagrams is taken, and the sentence that says why it is only the plain one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bestUdp, loadUdp, whyNoBatches } from '../../../src/native/load-udp.ts';

const whyNot = await whyNoBatches();

/** As on another machine, as far as Node tells. */
async function where(part: 'arch' | 'platform', value: string, ask: () => Promise<void>): Promise<void> {
  const real = process[part];
  Object.defineProperty(process, part, { value });
  try {
    await ask();
  } finally {
    Object.defineProperty(process, part, { value: real });
  }
}

describe('the way to datagrams', () => {
  test('is the batches of the kernel where they work', { skip: whyNot ?? false }, async () => {
    const { udp, whyPlain } = await bestUdp();
    assert.deepEqual([udp.kind, udp.sharesPorts, whyPlain], ['linux', true, undefined]);
  });

  test('is the plain one elsewhere, and why', async () => {
    for (const [part, value, why] of [
      ['platform', 'sunos', 'only Linux takes datagrams in batches, and this is sunos'],
      ['arch', 'mips', 'the layout of messages on mips processors is not known'],
    ] as const) {
      await where(part, value, async () => {
        const { udp, whyPlain } = await bestUdp();
        assert.deepEqual([udp.kind, udp.sharesPorts], ['plain', false]);
        if (part === 'platform' || process.platform === 'linux') assert.equal(whyPlain, why);
      });
    }
  });

  test('of a thread is the one that its sockets were opened by', async () => {
    assert.equal((await loadUdp('plain')).kind, 'plain');
    assert.equal((await loadUdp('linux')).kind, 'linux');
  });
});
