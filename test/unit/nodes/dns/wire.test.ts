import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import { types } from '../../../../src/nodes/dns/codes.ts';
import { readQuery } from '../../../../src/nodes/dns/wire.ts';
import { type Asked, asker, optRecord, query, read, subnetOption } from './demo.ts';

const ask = asker();
const hex = (bytes: Buffer | null | undefined) => bytes?.toString('hex');
const record = (owner: readonly number[], type: number, rdata: readonly number[] = [], claimed = rdata.length) =>
  Buffer.from([...owner, type >> 8, type & 0xff, 0, 1, 0, 0, 0, 0, claimed >> 8, claimed & 0xff, ...rdata]);

/** `question`: whether the reply repeats it; `opt`: whether it has an OPT record. */
interface Row {
  readonly what: string;
  readonly bytes: Buffer;
  readonly rcode: 'FORMERR' | 'NOTIMP' | 'NOERROR' | 'REFUSED';
  readonly question: boolean;
  readonly opt?: boolean;
}

const asked = (more: Asked) => query('app.demo.local', more);
const rows: readonly Row[] = [
  { what: 'a plain query', bytes: asked({}), rcode: 'NOERROR', question: true },
  { what: 'flags without meaning in a query', bytes: asked({ flags: 0x06ff }), rcode: 'NOERROR', question: true },
  ...[1, 2, 3, 4, 5, 6, 15].map(
    (opcode): Row => ({
      what: `opcode ${opcode}`,
      bytes: asked({ flags: (opcode << 11) | 0x0100 }),
      rcode: 'NOTIMP',
      question: false,
    }),
  ),
  { what: 'no question', bytes: asked({ counts: [0, 0, 0, 0] }), rcode: 'FORMERR', question: false },
  { what: 'two questions', bytes: asked({ counts: [2, 0, 0, 0], tail: Buffer.from([0, 0, 1, 0, 1]) }), rcode: 'FORMERR', question: false },
  { what: 'an answer', bytes: asked({ counts: [1, 1, 0, 0], tail: record([0], 1) }), rcode: 'FORMERR', question: false },
  { what: 'counts without end', bytes: Buffer.from('123400000001ffffffffffff', 'hex'), rcode: 'FORMERR', question: false },
  {
    what: 'three additional records',
    bytes: asked({ counts: [1, 0, 0, 3], tail: Buffer.concat([1, 2, 3].map(() => record([0], 99))) }),
    rcode: 'FORMERR',
    question: false,
  },
  {
    what: 'more bytes than any query has',
    bytes: asked({ counts: [1, 0, 0, 1], tail: record([0], 99, Array(4096).fill(0)) }),
    rcode: 'FORMERR',
    question: false,
  },
  { what: 'an authority record', bytes: asked({ counts: [1, 0, 1, 0], tail: record([0], 6) }), rcode: 'FORMERR', question: true },
  {
    what: 'an authority record before OPT',
    bytes: asked({ counts: [1, 0, 1, 1], tail: Buffer.concat([record([0], 6), optRecord({})]) }),
    rcode: 'FORMERR',
    question: true,
    opt: true,
  },
  {
    what: 'an authority record of IXFR',
    bytes: asked({ type: types.IXFR, counts: [1, 0, 1, 0], tail: record([0xc0, 12], 6) }),
    rcode: 'REFUSED',
    question: true,
  },
  {
    what: 'two authority records of IXFR',
    bytes: asked({ type: types.IXFR, counts: [1, 0, 2, 0], tail: Buffer.concat([record([0], 6), record([0], 6)]) }),
    rcode: 'FORMERR',
    question: false,
  },
  {
    what: 'OPT among the authorities of IXFR',
    bytes: asked({ type: types.IXFR, counts: [1, 0, 1, 0], tail: optRecord({}) }),
    rcode: 'FORMERR',
    question: true,
  },
  { what: 'a name that is cut off', bytes: asked({}).subarray(0, 20), rcode: 'FORMERR', question: false },
  { what: 'a type that is cut off', bytes: asked({}).subarray(0, -3), rcode: 'FORMERR', question: false },
  { what: 'nothing behind the header', bytes: asked({}).subarray(0, 12), rcode: 'FORMERR', question: false },
  { what: 'a pointer as name', bytes: Buffer.from('123400000001000000000000c00c00010001', 'hex'), rcode: 'FORMERR', question: false },
  { what: 'an odd label type', bytes: Buffer.from('12340000000100000000000041610000010001', 'hex'), rcode: 'FORMERR', question: false },
  {
    what: 'a name of 256 bytes',
    bytes: query([63, 63, 63, 62].map((length) => 'a'.repeat(length)).join('.')),
    rcode: 'FORMERR',
    question: false,
  },
  {
    what: 'a name of 255 bytes',
    bytes: query([63, 63, 63, 61].map((length) => 'a'.repeat(length)).join('.')),
    rcode: 'REFUSED',
    question: true,
  },
  { what: 'bytes left over', bytes: asked({ tail: Buffer.from([0]) }), rcode: 'FORMERR', question: true },
  { what: 'bytes left over behind OPT', bytes: asked({ edns: {}, tail: Buffer.from([0]) }), rcode: 'FORMERR', question: true, opt: true },
  { what: 'fewer records than counted', bytes: asked({ counts: [1, 0, 0, 1] }), rcode: 'FORMERR', question: true },
  {
    what: 'a record that is cut off',
    bytes: asked({ counts: [1, 0, 0, 1], tail: record([0], 99, [1], 2) }),
    rcode: 'FORMERR',
    question: true,
  },
  { what: 'an owner that is cut off', bytes: asked({ counts: [1, 0, 0, 1], tail: Buffer.from([0xc0]) }), rcode: 'FORMERR', question: true },
  {
    what: 'another additional record',
    bytes: asked({ counts: [1, 0, 0, 1], tail: record([1, 97, 0], 99, [1, 2]) }),
    rcode: 'NOERROR',
    question: true,
  },
  {
    what: 'a signature and OPT',
    bytes: asked({ counts: [1, 0, 0, 2], edns: {}, tail: record([1, 107, 0], 250, [1]) }),
    rcode: 'NOERROR',
    question: true,
    opt: true,
  },
  { what: 'two OPT', bytes: asked({ counts: [1, 0, 0, 2], edns: {}, tail: optRecord({}) }), rcode: 'FORMERR', question: true, opt: true },
  {
    what: 'an OPT that claims more bytes than there are',
    bytes: asked({ counts: [1, 0, 0, 1], tail: record([0], 41, [0, 3, 0, 0], 9) }),
    rcode: 'FORMERR',
    question: true,
  },
  {
    what: 'OPT that is not at the root',
    bytes: asked({ counts: [1, 0, 0, 1], tail: Buffer.concat([Buffer.from([1, 97]), optRecord({})]) }),
    rcode: 'FORMERR',
    question: true,
  },
  {
    what: 'OPT whose owner is a pointer',
    bytes: asked({ counts: [1, 0, 0, 1], tail: record([0xc0, 26], 41) }),
    rcode: 'FORMERR',
    question: true,
  },
  {
    what: 'an option cut off in its head',
    bytes: asked({ edns: { options: Buffer.from([0, 3, 0]) } }),
    rcode: 'FORMERR',
    question: true,
    opt: true,
  },
  {
    what: 'an option cut off in its body',
    bytes: asked({ edns: { options: Buffer.from([0, 3, 0, 2, 1]) } }),
    rcode: 'FORMERR',
    question: true,
    opt: true,
  },
  {
    what: 'an unknown option',
    bytes: asked({ edns: { options: Buffer.from([0, 3, 0, 0, 0xff, 0xf0, 0, 1, 7]) } }),
    rcode: 'NOERROR',
    question: true,
    opt: true,
  },
];

describe('a packet', () => {
  for (const row of rows) {
    it(`${row.what}: ${row.rcode}`, () => {
      const before = hex(row.bytes);
      const reading = readQuery(row.bytes);
      const rcode = reading.kind === 'rejected' ? reading.rcode : reading.kind;
      assert.equal(rcode, row.rcode === 'NOERROR' || row.rcode === 'REFUSED' ? 'query' : row.rcode);
      assert.ok(reading.kind !== 'dropped');
      assert.equal(reading.heading.id, row.bytes.readUInt16BE(0));
      assert.equal(reading.heading.question !== undefined, row.question);
      assert.equal(reading.heading.edns !== undefined, row.opt ?? false);
      assert.equal(hex(row.bytes), before, 'the packet is left as it was');
    });
  }

  it('is dropped when it is shorter than a header, or a response', () => {
    for (let length = 0; length < 12; length += 1) {
      assert.deepEqual(readQuery(asked({}).subarray(0, length)), { kind: 'dropped', reason: 'short' });
    }
    assert.deepEqual(readQuery(asked({ flags: 0x8100 })), { kind: 'dropped', reason: 'response' });
    assert.deepEqual(ask('app.demo.local', { flags: 0x8000 }), { reply: null, reason: 'response' });
  });

  it('is repeated by its opcode and nothing else where that is unknown', () => {
    const reply = ask('app.demo.local', { flags: (15 << 11) | 0x0130, id: 7, edns: {} }).reply;
    assert.equal(hex(reply), '0007f8040000000000000000');
  });
});

describe('EDNS', () => {
  const opt = (more: Asked) => {
    const { additionals } = read(ask('app.demo.local', more));
    const found = additionals.filter(({ type }) => type === 'OPT');
    assert.equal(found.length, 1);
    return found[0] as unknown as { udpPayloadSize: number; extendedRcode: number; ednsVersion: number; flags: number };
  };

  it('is answered with an OPT of our size, and only where it was asked', () => {
    assert.deepEqual(read(ask('app.demo.local')).additionals, []);
    const { udpPayloadSize, extendedRcode, ednsVersion, flags } = opt({ edns: {} });
    assert.deepEqual(
      { udpPayloadSize, extendedRcode, ednsVersion, flags },
      { udpPayloadSize: 1232, extendedRcode: 0, ednsVersion: 0, flags: 0 },
    );
    for (const name of ['nowhere.demo.local', 'down.demo.local', 'example.com']) {
      assert.equal(read(ask(name, { edns: {} })).additionals.length, 1, name);
    }
  });

  it('repeats DO and no other flag', () => {
    assert.equal(opt({ edns: { flags: 0xffff } }).flags, 0x8000);
    assert.equal(opt({ edns: { flags: 0x7fff } }).flags, 0);
  });

  it('says BADVERS to a later version, whatever its options look like, and names version 0', () => {
    for (const version of [1, 255]) {
      const { extendedRcode, ednsVersion } = opt({ edns: { version, options: Buffer.from([1]) } });
      assert.deepEqual({ extendedRcode, ednsVersion }, { extendedRcode: 1, ednsVersion: 0 });
    }
    const reply = read(ask('app.demo.local', { edns: { version: 1 } }));
    assert.deepEqual([reply.rcode, reply.answers.length, reply.flag_aa], ['NOERROR', 0, false], 'the lower bits of 16 are 0');
  });
});

describe('client subnet', () => {
  const good: readonly [what: string, option: Buffer][] = [
    ['IPv4 /24', subnetOption(1, 24, 0, [192, 0, 2])],
    ['IPv4 /20', subnetOption(1, 20, 0, [192, 0, 0x20])],
    ['IPv4 /32', subnetOption(1, 32, 0, [192, 0, 2, 7])],
    ['IPv6 /56', subnetOption(2, 56, 0, [0x20, 1, 0xd, 0xb8, 0, 0, 1])],
    ['IPv6 /128', subnetOption(2, 128, 0, [...Array(15).fill(0), 1])],
    ['IPv4 /0', subnetOption(1, 0, 0, [])],
    ['no family /0', subnetOption(0, 0, 0, [])],
  ];
  for (const [what, option] of good) {
    it(`${what} comes back as it was, with scope 0`, () => {
      const reply = ask('app.demo.local', { edns: { options: option } }).reply;
      assert.ok(reply);
      assert.equal(reply.readUInt16BE(2) & 0xf, 0);
      assert.equal(hex(reply.subarray(-option.length)), hex(option));
      assert.equal(reply.readUInt16BE(reply.length - option.length - 2), option.length, 'nothing else stands in the OPT');
    });
  }

  const bad: readonly [what: string, option: Buffer][] = [
    ['host bits set', subnetOption(1, 20, 0, [192, 0, 0x21])],
    ['a bit just beyond the prefix', subnetOption(1, 31, 0, [192, 0, 2, 1])],
    ['a scope in a query', subnetOption(1, 24, 24, [192, 0, 2])],
    ['a prefix longer than IPv4', subnetOption(1, 33, 0, [192, 0, 2, 1, 0])],
    ['a prefix longer than IPv6', subnetOption(2, 129, 0, Array(17).fill(0))],
    ['too few octets', subnetOption(1, 24, 0, [192, 0])],
    ['too many octets', subnetOption(1, 24, 0, [192, 0, 2, 0])],
    ['an unknown family', subnetOption(3, 8, 0, [1])],
    ['a prefix without family', subnetOption(0, 8, 0, [1])],
    ['shorter than its fields', Buffer.from([0, 8, 0, 3, 0, 1, 0])],
    ['two of them', Buffer.concat([subnetOption(1, 0, 0, []), subnetOption(1, 0, 0, [])])],
  ];
  for (const [what, option] of bad) {
    it(`${what}: FORMERR with OPT, without the option`, () => {
      const reply = ask('app.demo.local', { edns: { options: option } }).reply;
      assert.ok(reply);
      assert.equal(reply.readUInt16BE(2) & 0xf, 1);
      assert.equal(reply.readUInt16BE(10), 1);
      assert.equal(reply.length, query('app.demo.local').length + 11);
      assert.equal(decode(reply).answers?.length, 0);
    });
  }
});
