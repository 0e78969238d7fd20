import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Alive, decode, encode, type Message } from '../../../../src/nodes/gossip/messages.ts';
import { encodeMap } from '../../../../src/nodes/gossip/msgpack.ts';
import { alive, ascii, bytes, datagramMessages, hex, joined, pushPull, record, streamMessages, vsn } from './packets.ts';

/** Messages as other members were seen to write them. */
const seen: readonly [string, Message, string][] = [
  [
    'alive',
    {
      type: 'alive',
      incarnation: 1,
      node: 'go3',
      addr: Uint8Array.of(127, 0, 0, 1),
      port: 27_948,
      meta: Uint8Array.of(0xff, 0x80),
      vsn: Uint8Array.of(1, 5, 2, 2, 5, 5),
    },
    '04 86 a441646472 a47f000001 ab496e6361726e6174696f6e 01 a44d657461 a2ff80 a44e6f6465 a3676f33 a4506f7274 cd6d2c a356736e a6010502020505',
  ],
  [
    'ping',
    { type: 'ping', seqNo: 1, node: 'js3', sourceAddr: Uint8Array.of(127, 0, 0, 1), sourcePort: 27_948, sourceNode: 'go3' },
    '00 85 a44e6f6465 a36a7333 a55365714e6f 01 aa536f7572636541646472 a47f000001 aa536f757263654e6f6465 a3676f33 aa536f75726365506f7274 cd6d2c',
  ],
  ['ack', { type: 'ack', seqNo: 1, payload: new Uint8Array(0) }, '02 82 a75061796c6f6164 c0 a55365714e6f 01'],
  [
    'suspect',
    { type: 'suspect', incarnation: 2, node: 'js5', from: 'goml' },
    '03 83 a446726f6d a4676f6d6c ab496e6361726e6174696f6e 02 a44e6f6465 a36a7335',
  ],
  [
    'dead',
    { type: 'dead', incarnation: 2, node: 'js5', from: 'goml' },
    '05 83 a446726f6d a4676f6d6c ab496e6361726e6174696f6e 02 a44e6f6465 a36a7335',
  ],
];
const aliveBody = { Node: 'web-1', Incarnation: 7, Addr: Uint8Array.of(192, 0, 2, 7), Port: 7946, Meta: null, Vsn: vsn };
const written = (type: number, fields: Parameters<typeof encodeMap>[0], more: Uint8Array = new Uint8Array(0)) =>
  joined(Uint8Array.of(type), encodeMap(fields), more);

describe('messages', () => {
  for (const [what, message, text] of seen)
    it(`writes and reads ${what} as it was seen on the wire`, () => {
      assert.equal(hex(encode(message)), text.replaceAll(' ', ''));
      assert.deepEqual(decode(bytes(text)), message);
    });

  it('writes empty meta as nil, and 40 bytes of it in the old form', () => {
    assert(hex(encode({ ...alive, meta: new Uint8Array(0) })).includes('a44d657461c0'));
    assert(hex(encode({ ...alive, meta: new Uint8Array(40) })).includes('a44d657461da0028'));
  });

  it('begins a push/pull as it was seen on the wire', () => {
    const start = hex(encode({ type: 'pushPull', join: true, nodes: [record], userState: new Uint8Array(587) }, 'stream'));
    assert(start.startsWith('0683a44a6f696ec3a54e6f64657301ac5573657253746174654c656ecd024b87a441646472'), start);
  });

  it('has the size of an ack that is usual', () => {
    assert.equal(encode({ type: 'ack', seqNo: 1, payload: new Uint8Array(0) }).length, 18);
  });

  for (const message of datagramMessages)
    it(`gives back ${message.type} from a datagram`, () => {
      assert.deepEqual(decode(encode(message)), message);
    });
  for (const message of streamMessages)
    it(`gives back ${message.type} from a stream`, () => {
      assert.deepEqual(decode(encode(message, 'stream'), 'stream'), message);
    });

  it('reads nil and empty bytes alike, in any order, with unknown keys and bytes behind', () => {
    for (const text of ['a0', 'c0', 'c400', '90'])
      assert.deepEqual(decode(bytes(`02 83 a55365714e6f 01 a15a 93010203 a75061796c6f6164 ${text} ffff`)), {
        type: 'ack',
        seqNo: 1,
        payload: new Uint8Array(0),
      });
  });

  it('reads positive numbers that were written as signed ones', () => {
    assert.deepEqual(decode(bytes('0b 81 a55365714e6f d1024b')), { type: 'nack', seqNo: 587 });
    assert.deepEqual(decode(bytes('0b 81 a55365714e6f d200012345')), { type: 'nack', seqNo: 0x1_2345 });
  });

  it('reads truth written as a number, and a version written as an array', () => {
    const indirect = written(1, { SeqNo: 1, Target: Uint8Array.of(1, 2, 3, 4), Port: 1, Node: 'x', Nack: 1 });
    assert.equal((decode(indirect) as { nack?: boolean }).nack, true);
    const text = hex(encode(alive)).replace('a356736ea6010502000000', 'a356736e96010502000000');
    assert.deepEqual(decode(bytes(text)), alive);
  });

  it('gives missing fields their zero value, where that is a value', () => {
    assert.deepEqual(decode(bytes('00 80')), { type: 'ping', seqNo: 0, node: '' });
    assert.deepEqual(decode(bytes('02 80')), { type: 'ack', seqNo: 0, payload: new Uint8Array(0) });
  });

  it('reads an IPv4 address wrapped in IPv6 as IPv4, and writes it so', () => {
    const wrapped = bytes('00000000000000000000ffffc0000207');
    assert.deepEqual(decode(written(4, { ...aliveBody, Addr: wrapped })), { ...alive, meta: new Uint8Array(0) });
    assert.deepEqual(encode({ ...alive, addr: wrapped }), encode(alive));
    const nearly = bytes('00000000000000000001ffffc0000207');
    assert.deepEqual((decode(encode({ ...alive, addr: nearly })) as Alive).addr, nearly);
  });

  it('keeps no hold on the packet that a message came in', () => {
    const packet = encode(alive);
    const message = decode(packet);
    packet.fill(0, 1);
    assert.deepEqual(message, alive);
  });

  it('cuts the text of an error off between two characters', () => {
    const error = encode({ type: 'err', error: `x${'é'.repeat(600)}` }, 'stream');
    assert.deepEqual(decode(error, 'stream'), { type: 'err', error: `x${'é'.repeat(511)}` });
    assert.deepEqual(decode(written(13, { Error: Uint8Array.of(0x61, 0xff) }), 'stream'), { type: 'err', error: 'a\ufffd' });
  });
});

describe('a message that is not taken', () => {
  const name256 = 'x'.repeat(256);
  const rows: readonly [string, Uint8Array, string][] = [
    ['without a byte', new Uint8Array(0), 'empty'],
    ['of an unknown type', bytes('0e 80'), 'unknown-type'],
    ['of a type that wraps others, within one', bytes('0c 00000000 00'), 'unknown-type'],
    ['that only streams carry', encode(pushPull), 'wrong-carrier'],
    ['that is an error in a datagram', written(13, { Error: 'x' }), 'wrong-carrier'],
    ['without a body', bytes('00'), 'truncated'],
    ['whose body is cut off', bytes('02 82 a75061796c6f6164 c0 a55365714e6f'), 'truncated'],
    ['whose body is no map', bytes('02 93 01 02 03'), 'malformed'],
    ['whose number is negative', bytes('0b 81 a55365714e6f ff'), 'bad-field'],
    ['whose number is above u32', bytes('0b 81 a55365714e6f cf0000000100000000'), 'bad-field'],
    ['whose number is a fraction', bytes('0b 81 a55365714e6f cb3ff0000000000000'), 'bad-field'],
    ['whose number is text', bytes('0b 81 a55365714e6f a131'), 'bad-field'],
    ['whose truth is neither', written(1, { SeqNo: 1, Target: Uint8Array.of(1, 2, 3, 4), Port: 1, Node: 'x', Nack: 2 }), 'bad-field'],
    ['whose payload is a number', bytes('02 81 a75061796c6f6164 05'), 'bad-field'],
    ['about nobody', written(5, { Incarnation: 1, Node: '', From: 'b' }), 'bad-field'],
    ['from nobody', written(3, { Incarnation: 1, Node: 'a' }), 'bad-field'],
    ['with a name that is too long', written(3, { Incarnation: 1, Node: name256, From: 'b' }), 'bad-field'],
    ['for a name that is too long', written(0, { SeqNo: 1, Node: name256 }), 'bad-field'],
    ['with a name that is not UTF-8', written(3, { Incarnation: 1, Node: Uint8Array.of(0xc3, 0x28), From: 'b' }), 'bad-field'],
    ['with an address of 5 bytes', written(4, { ...aliveBody, Addr: new Uint8Array(5) }), 'bad-field'],
    ['without an address', written(4, { ...aliveBody, Addr: null }), 'bad-field'],
    ['with a source of 3 bytes', written(0, { SeqNo: 1, Node: 'x', SourceAddr: new Uint8Array(3) }), 'bad-field'],
    ['with a port above 65535', written(4, { ...aliveBody, Port: 65_536 }), 'bad-field'],
    ['with meta of 513 bytes', written(4, { ...aliveBody, Meta: new Uint8Array(513) }), 'bad-field'],
    ['without versions', written(4, { ...aliveBody, Vsn: undefined }), 'bad-versions'],
    ['whose versions are nil', written(4, { ...aliveBody, Vsn: null }), 'bad-versions'],
    ['with five versions', written(4, { ...aliveBody, Vsn: vsn.subarray(1) }), 'bad-versions'],
    ['with seven versions', written(4, { ...aliveBody, Vsn: new Uint8Array(7) }), 'bad-versions'],
  ];
  for (const [what, packet, rejected] of rows)
    it(`is one ${what}`, () => {
      assert.deepEqual(decode(packet), { rejected });
    });

  const streams: readonly [string, Uint8Array, string][] = [
    ['that only datagrams carry', encode(alive), 'wrong-carrier'],
    ['that is shorter than it says', written(8, { UserMsgLen: 3 }, ascii('ab')), 'truncated'],
    ['that says a negative length', bytes('08 81 aa557365724d73674c656e ff'), 'bad-field'],
    ['that says more than 20 MiB', written(8, { UserMsgLen: 20 * 1024 * 1024 + 1 }), 'too-long'],
    ['with a million members in its header alone', written(6, { Nodes: 1_048_576, UserStateLen: 0, Join: false }), 'too-long'],
    ['with more members than bytes', written(6, { Nodes: 65_536, UserStateLen: 0, Join: false }, new Uint8Array(65_535)), 'truncated'],
    ['with a negative number of members', bytes('06 81 a54e6f646573 ff'), 'bad-field'],
    ['with less user state than it says', written(6, { Nodes: 0, UserStateLen: 2, Join: false }, ascii('a')), 'truncated'],
    ['whose last member takes the user state', written(6, { Nodes: 1, UserStateLen: 2, Join: false }, bytes('81 a16b 05')), 'truncated'],
    ['whose second member is no map', written(6, { Nodes: 2, UserStateLen: 0, Join: false }, bytes('80 c1')), 'malformed'],
  ];
  for (const [what, packet, rejected] of streams)
    it(`is one on a stream ${what}`, () => {
      assert.deepEqual(decode(packet, 'stream'), { rejected });
    });

  it('is not a push/pull of which one member is described badly: that one is left out and counted', () => {
    const body = { Name: 'web-1', Addr: Uint8Array.of(192, 0, 2, 7), Port: 7946, Meta: null, Incarnation: 3, State: 1, Vsn: vsn };
    const broken = [{ ...body, Vsn: undefined }, { ...body, Name: '' }, { ...body, State: 4 }, { ...body, Addr: new Uint8Array(3) }, {}];
    for (const one of broken) {
      const packet = written(
        6,
        { Nodes: 3, UserStateLen: 1, Join: true },
        joined(...[body, one, body].map((node) => encodeMap(node)), ascii('s')),
      );
      assert.deepEqual(decode(packet, 'stream'), {
        type: 'pushPull',
        join: true,
        nodes: [record, record],
        userState: ascii('s'),
        refusedRecords: 1,
      });
    }
  });
});

describe('a message that we may not send', () => {
  const rows: readonly [string, Message, RegExp][] = [
    ['without six versions', { ...alive, vsn: new Uint8Array(0) }, /six version numbers, not 0/],
    ['about nobody', { ...alive, node: '' }, /1 to 255 bytes, not 0/],
    ['with a name of 256 bytes', { ...alive, node: 'ü'.repeat(128) }, /1 to 255 bytes, not 256/],
    ['with an address of 5 bytes', { ...alive, addr: new Uint8Array(5) }, /4 or 16 bytes, not 5/],
    ['with meta of 513 bytes', { ...alive, meta: new Uint8Array(513) }, /at most 512 bytes, not 513/],
    ['with a port that is none', { ...alive, port: 65_536 }, /not 65536/],
    ['with an incarnation that is no number', { ...alive, incarnation: Number.NaN }, /not NaN/],
    ['with a member that has no versions', { ...pushPull, nodes: [{ ...record, vsn: new Uint8Array(5) }] }, /six version numbers, not 5/],
  ];
  for (const [what, message, reason] of rows)
    it(`is one ${what}`, () => {
      assert.throws(() => encode(message), reason);
    });
});
