/**
 * A million packets to the shared table and to the reference responder, over drawn worlds: the same bytes, no crash, no
 * byte read outside a packet or written outside a reply. `npm run torture -- fuzz` does the same for as long as it takes.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answer } from '../../src/nodes/dns/table/answer.ts';
import { freshSeed } from '../torture/chance.ts';
import type { Answer } from '../torture/fuzz/beside.ts';
import { type Difference, FoundDifference, playFuzz } from '../torture/fuzz/fuzz.ts';

/** A header, the longest name, type and class, and an OPT with a subnet. */
const questionBytesMax = 12 + 255 + 4 + 11 + 24;

/** What is found where this is what answers. */
async function foundIn(faulty: Answer, seed: number, packets = 200_000): Promise<Difference> {
  try {
    await playFuzz({ seed, packets, answer: faulty });
  } catch (error) {
    if (error instanceof FoundDifference) return error.difference;
    throw error;
  }
  return assert.fail('nothing was found');
}

/** Of a packet that was answered: its question's type. */
const asked = (room: Parameters<Answer>[0], table: Parameters<Answer>[3]) => room.view.getUint16(table.asked.questionEnd - 4);

const faults: readonly (readonly [what: string, faulty: Answer, found: RegExp])[] = [
  [
    'a wrong bit in the answers to one type',
    (...given) => {
      const [room, , , table] = given;
      const length = answer(...given);
      if (length > 12 && room.view.getUint16(6) > 0 && asked(room, table) === 257) room.bytes[2]! ^= 4;
      return length;
    },
    /the reference says .*, the table /,
  ],
  [
    'a byte read behind the packet',
    (...given) => {
      const [room, length] = given;
      const behind = room.bytes[length]!;
      const said = answer(...given);
      if (said > 0 && room.view.getUint16(6) > 1) room.bytes[said - 1]! ^= behind;
      return said;
    },
    /the reference says .*, the table /,
  ],
  [
    'a byte written behind the reply',
    (...given) => {
      const [room, length] = given;
      const said = answer(...given);
      if (said > length) room.bytes[said]! ^= 1;
      return said;
    },
    /outside the reply/,
  ],
  [
    'a byte written before the packet',
    (...given) => {
      const [{ bytes }] = given;
      new Uint8Array(bytes.buffer, bytes.byteOffset - 1, 1)[0] = 7;
      return answer(...given);
    },
    /outside the reply/,
  ],
  [
    'a packet on which answering fails',
    (...given) => {
      const said = answer(...given);
      if (given[3].saidRcode === 16) throw new RangeError('out of bounds');
      return said;
    },
    /the table failed: RangeError: out of bounds/,
  ],
];

describe('the fuzzer', () => {
  for (const [what, faulty, expected] of faults) {
    it(`finds ${what}, makes the packet shorter, and finds it again from what it told`, async () => {
      const found = await foundIn(faulty, freshSeed());
      assert.match(found.fault, expected);
      assert.ok(found.shortest.length <= found.packet.length && found.shortest.length <= 2 * questionBytesMax, found.shortest);
      const { packet, transport, client } = await foundIn(faulty, found.seed, found.packets);
      assert.deepEqual({ packet, transport, client }, { packet: found.packet, transport: found.transport, client: found.client });
    });
  }
});

describe('a million packets', () => {
  it('are answered by the table as the reference answers them', async (t) => {
    const seed = freshSeed();
    const begun = performance.now();
    const figures = await playFuzz({ seed, packets: 1_000_000 });
    t.diagnostic(`${JSON.stringify(figures)} in ${((performance.now() - begun) / 1000).toFixed(1)} s, seed ${seed}`);
    assert.equal(figures.packets, 1_000_000);
  });
});
