import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encode as referenceEncode } from '@msgpack/msgpack';
import { encodeMap, type Field, readMap } from '../../../../src/nodes/gossip/msgpack.ts';
import { bytes, hex, joined } from './packets.ts';

const map = (text: string) => readMap(bytes(text), 0);
/** What a map of the one key `k` holds. */
function held(text: string): Field | undefined | string {
  const reading = map(`81 a16b ${text}`);
  if (typeof reading === 'string') return reading;
  const field = reading.fields.get('k');
  return field instanceof Uint8Array ? `bytes ${hex(field)}` : field;
}

describe('writing msgpack', () => {
  const rows: readonly [string, Parameters<typeof encodeMap>[0], string][] = [
    ['nothing', {}, '80'],
    ['keys in the order of ASCII', { b: 1, B: 2, a: 3 }, '83 a14202 a16103 a16201'],
    ['what is undefined not at all', { a: undefined, b: 1 }, '81 a16201'],
    ['nil and truth', { a: null, b: true, c: false }, '83 a161c0 a162c3 a163c2'],
    ['the smallest form of a number', { a: 0, b: 127, c: 128, d: 255, e: 256 }, '85 a16100 a1627f a163cc80 a164ccff a165cd0100'],
    ['numbers of two and four bytes', { a: 65_535, b: 65_536, c: 0xffff_ffff }, '83 a161cdffff a162ce00010000 a163ceffffffff'],
    ['text and bytes alike', { a: 'é', b: Uint8Array.of(0xff) }, '82 a161a2c3a9 a162a1ff'],
    ['empty text', { a: '' }, '81 a161a0'],
    ['31 bytes in the short form', { a: new Uint8Array(31) }, `81 a161bf ${'00'.repeat(31)}`],
    ['32 bytes in the two-byte form, never in str8', { a: new Uint8Array(32) }, `81 a161da0020 ${'00'.repeat(32)}`],
    ['255 bytes likewise', { a: 'x'.repeat(255) }, `81 a161da00ff ${'78'.repeat(255)}`],
    ['65536 bytes in the four-byte form', { a: new Uint8Array(65_536) }, `81 a161db00010000 ${'00'.repeat(65_536)}`],
  ];
  for (const [what, fields, expected] of rows)
    it(`writes ${what}`, () => {
      assert.equal(hex(encodeMap(fields)), expected.replaceAll(' ', ''));
    });

  it('lets no number out that other members could not read', () => {
    for (const value of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 0x1_0000_0000])
      assert.throws(() => encodeMap({ SeqNo: value }), /a whole one within u32/, String(value));
  });
});

describe('reading msgpack', () => {
  const rows: readonly [string, string, Field | string][] = [
    ['a number in its byte', '7f', 127],
    ['a negative number in its byte', 'ff', -1],
    ['u8', 'cc80', 128],
    ['u16', 'cd6d2c', 27_948],
    ['u32', 'ceffffffff', 0xffff_ffff],
    ['u64 that a double can hold', 'cf0000000100000000', 0x1_0000_0000],
    ['u64 that it cannot', 'cfffffffffffffffff', 'other'],
    ['i8', 'd080', -128],
    ['i16, as some encoders write positive numbers', 'd1024b', 587],
    ['i32', 'd200010000', 65_536],
    ['i64', 'd3ffffffffffffffff', -1],
    ['a fraction of four bytes', 'ca3f800000', 'other'],
    ['a fraction of eight bytes', 'cb3ff0000000000000', 'other'],
    ['nil', 'c0', null],
    ['false', 'c2', false],
    ['true', 'c3', true],
    ['short text', 'a2ff80', 'bytes ff80'],
    ['str8', 'd902ff80', 'bytes ff80'],
    ['str16', 'da0002ff80', 'bytes ff80'],
    ['str32', 'db00000002ff80', 'bytes ff80'],
    ['bin8', 'c402ff80', 'bytes ff80'],
    ['bin16', 'c50002ff80', 'bytes ff80'],
    ['bin32', 'c600000002ff80', 'bytes ff80'],
    ['an array of small numbers as bytes', '93 01 ccff 00', 'bytes 01ff00'],
    ['a long array of them', 'dc0002 0105', 'bytes 0105'],
    ['an empty array', '90', 'bytes '],
    ['an array with a number above 255', '91 cd0100', 'other'],
    ['an array with a negative number', '91 ff', 'other'],
    ['an array of anything else', '91 a161', 'other'],
    ['a map', '81 a161 01', 'other'],
    ['an extension of a fixed size', 'd6 ff 00000000', 'bytes 00000000'],
    ['an extension with its size', 'c7 02 05 0102', 'bytes 0102'],
    ['the byte that means nothing', 'c1', 'malformed'],
    ['text that is cut off', 'a3ff80', 'more'],
    ['text that claims 4 GiB', 'dbffffffff 00', 'more'],
    ['bytes that are cut off', 'c403ff80', 'more'],
    ['a number that is cut off', 'cd01', 'more'],
    ['an array that claims four thousand million elements', 'ddffffffff 01', 'more'],
    ['a map that is cut off within', '81 a161', 'more'],
    ['nonsense within an array', '92 01 c1', 'malformed'],
  ];
  for (const [what, text, expected] of rows)
    it(`reads ${what}`, () => {
      assert.equal(held(text), expected);
    });

  it('begins and ends where it is told to, and leaves what follows alone', () => {
    const reading = readMap(bytes('ffff 82 a16101 a16202 c1c1'), 2);
    assert(typeof reading === 'object');
    assert.deepEqual(
      [...reading.fields],
      [
        ['a', 1],
        ['b', 2],
      ],
    );
    assert.equal(reading.end, 9);
  });

  it('tells a map that may still become one from what never will', () => {
    const whole = encodeMap({ Node: 'web-1', SeqNo: 70_000, Meta: new Uint8Array(40) });
    for (let end = 0; end < whole.length; end += 1) assert.equal(readMap(whole.subarray(0, end), 0), 'more', `${end} bytes`);
    assert.equal(typeof readMap(whole, 0), 'object');
    for (const text of ['93 01 02 03', 'a161', '05', 'c1', '81 01 02', '81 c40161 02']) assert.equal(map(text), 'malformed', text);
  });

  it('takes the long forms of a map, and no more keys than a message could need', () => {
    for (const text of ['de0001 a16b05', 'df00000001 a16b05']) assert.equal(typeof map(text), 'object', text);
    for (const text of ['de0021', 'df00000021', 'dfffffffff']) assert.equal(map(text), 'malformed', text);
  });

  it('does not keep the name of a key that is none of ours, and steps over its value', () => {
    const reading = readMap(joined(bytes('82 d940'), new Uint8Array(64).fill(0x61), bytes('01 a16b 05')), 0);
    assert(typeof reading === 'object');
    assert.deepEqual([...reading.fields], [['k', 5]]);
  });

  it('is not impressed by any depth', () => {
    const depth = 200_000;
    for (const level of ['91', '81a161']) {
      const nested = Buffer.from(level.repeat(depth), 'hex');
      assert.equal(typeof readMap(joined(bytes('81 a16b'), nested, bytes('c0')), 0), 'object', level);
      assert.equal(readMap(joined(bytes('81 a16b'), nested), 0), 'more', level);
    }
  });

  it('reads what an independent encoder writes', () => {
    const reading = readMap(referenceEncode({ SeqNo: 70_000, Node: 'x'.repeat(300), Addr: Uint8Array.of(1, 2, 3, 4), Nack: true }), 0);
    assert(typeof reading === 'object');
    assert.deepEqual(
      [...reading.fields].map(([name, value]) => [name, value instanceof Uint8Array ? hex(value) : value]),
      [
        ['SeqNo', 70_000],
        ['Node', '78'.repeat(300)],
        ['Addr', '01020304'],
        ['Nack', true],
      ],
    );
  });
});
