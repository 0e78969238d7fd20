import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflate, inflate } from '../../../../src/nodes/gossip/lzw.ts';
import { ascii, bytes, hex } from './packets.ts';

/** Codes as they stand in the stream: each with its width, least significant bit first. */
function codesOf(...codes: readonly (readonly [code: number, width: number])[]): Uint8Array {
  const bits = codes.flatMap(([code, width]) => Array.from({ length: width }, (_, bit) => (code >> bit) & 1));
  return Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, at) =>
    bits.slice(8 * at, 8 * at + 8).reduce((byte, bit, index) => byte | (bit << index), 0),
  );
}
/** Numbers without a pattern that are the same in each run. */
function unruly(length: number, different: number): Uint8Array {
  let seed = 12_345;
  return Uint8Array.from({ length }, () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 16) % different;
  });
}
/** No two neighbours come twice: blocks of 256 bytes, each going round by another odd step. */
function neverTwice(length: number): Uint8Array {
  let value = 0;
  return Uint8Array.from({ length }, (_, index) => (value = (value + 2 * Math.floor(index / 256) + 1) & 0xff));
}
const room = 1_000_000;

describe('LZW', () => {
  it('writes what other members write', () => {
    assert.equal(hex(deflate(ascii('a'.repeat(16)))), '00c3081c48b0609880');
    assert.deepEqual(inflate(bytes('00c3081c48b0609880'), room), ascii('a'.repeat(16)));
  });

  it('writes nothing as a clear and an end', () => {
    assert.deepEqual(deflate(new Uint8Array(0)), codesOf([256, 9], [257, 9]));
    assert.deepEqual(inflate(codesOf([256, 9], [257, 9]), room), new Uint8Array(0));
  });

  const lengths = [1, 2, 254, 255, 256, 257, 510, 511, 512, 3836, 3837, 3838, 3839, 3840, 7700, 60_000];
  for (const [what, input] of [
    ['one byte over and over', (length: number) => new Uint8Array(length)],
    ['bytes without a pattern', (length: number) => unruly(length, 256)],
    ['bytes without a repetition', neverTwice],
    ['few different bytes', (length: number) => unruly(length, 3)],
  ] as const)
    it(`gives back ${what}, also where codes widen and the dictionary is full`, () => {
      for (const length of lengths) assert.deepEqual(inflate(deflate(input(length)), room), input(length), `${length} bytes`);
    });

  it('clears the dictionary before it would be full, and writes that where other members do', () => {
    const packed = deflate(neverTwice(4000));
    // Without a repetition each byte is a code of its own: 255 of 9 bits bring the dictionary to 512, and so on to 4095.
    const codesTo = (top: number) => top - 257;
    const width = (index: number) => (index < codesTo(512) ? 9 : index < codesTo(1024) ? 10 : index < codesTo(2048) ? 11 : 12);
    const bitsBefore = 9 + Array.from({ length: codesTo(4095) }, (_, index) => width(index)).reduce((sum, bits) => sum + bits, 0);
    const at = Math.floor(bitsBefore / 8);
    const found = (Buffer.from(packed).readUIntLE(at, 3) >>> (bitsBefore % 8)) & 0xfff;
    assert.equal(found, 256);
  });

  const rows: readonly [string, Uint8Array, Uint8Array | string][] = [
    ['no end code', codesOf([256, 9], [97, 9]), 'malformed'],
    ['nothing at all', new Uint8Array(0), 'malformed'],
    ['a code that the dictionary does not have yet', codesOf([256, 9], [97, 9], [259, 9], [257, 9]), 'malformed'],
    ['a dictionary code first', codesOf([258, 9], [257, 9]), 'malformed'],
    ['a dictionary code right behind a clear', codesOf([97, 9], [98, 9], [256, 9], [258, 9], [257, 9]), 'malformed'],
    ['no clear code at the start', codesOf([97, 9], [257, 9]), ascii('a')],
    ['the code that is being made', codesOf([256, 9], [97, 9], [258, 9], [257, 9]), ascii('aaa')],
    ['bytes behind the end', Uint8Array.from([...codesOf([97, 9], [257, 9]), 1, 2, 3]), ascii('a')],
  ];
  for (const [what, input, expected] of rows)
    it(`reads ${what}`, () => {
      assert.deepEqual(inflate(input, room), expected);
    });

  it('goes on with a dictionary that is full and is not cleared', () => {
    // 3839 codes fill it: entries 258 to 4095 and the first code, which makes none. Then it stays as it is.
    const literals = Array.from({ length: 3839 }, (_, index): [number, number] => {
      const top = 257 + index;
      return [index % 256, top < 512 ? 9 : top < 1024 ? 10 : top < 2048 ? 11 : 12];
    });
    const output = inflate(codesOf(...literals, [4095, 12], [4095, 12], [97, 12], [257, 12]), room);
    assert(output instanceof Uint8Array);
    const last = [3837 % 256, 3838 % 256];
    assert.deepEqual([...output.subarray(3839)], [...last, ...last, 97]);
  });

  it('stops a bomb at the limit, before it is written', () => {
    const bomb = deflate(new Uint8Array(3_000_000));
    assert(bomb.length < 5_000, `${bomb.length} bytes`);
    assert.equal(inflate(bomb, 65_536), 'too-long');
    assert.equal(inflate(bomb, 2_999_999), 'too-long');
    assert.equal(inflate(bomb, 3_000_000).length, 3_000_000);
  });
});
