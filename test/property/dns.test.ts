import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import fc from 'fast-check';
import { countingDraw } from '../../src/nodes/dns/draw.ts';
import { createResponder, type Outcome } from '../../src/nodes/dns/responder.ts';
import { tries } from '../tries.ts';
import { demoTable, query, subnetOption } from '../unit/nodes/dns/demo.ts';

const responder = createResponder(demoTable());
const draw = countingDraw(() => 0.25);
const respond = (packet: Uint8Array, transport: 'udp' | 'tcp' = 'udp'): Outcome =>
  responder.respond(packet, { address: '192.0.2.200', port: 1024, transport }, draw);

const label = fc.oneof(
  fc.constantFrom('app', 'APP', 'demo', 'local', 'cut', 'ns', 'www', 'big', 'far', 'inner', 'loop-a', 'deep', '_tcp', 'mail'),
  fc.uint8Array({ minLength: 1, maxLength: 63 }).map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('.', '-')),
);
const name = fc
  .tuple(fc.array(label, { maxLength: 3 }), fc.constantFrom('demo.local', 'DEMO.Local', 'inner.demo.local', 'example.com', ''))
  .map(([labels, zone]) => [...labels, ...(zone === '' ? [] : [zone])].join('.'));
const type = fc.oneof(fc.constantFrom(1, 2, 5, 6, 15, 16, 28, 33, 43, 252, 255, 257), fc.nat({ max: 65_535 }));
const subnet = fc.constantFrom(
  subnetOption(1, 24, 0, [192, 0, 2]),
  subnetOption(2, 0, 0, []),
  subnetOption(1, 20, 0, [1, 2, 3]),
  Buffer.from([1]),
);
const edns = fc.record({
  size: fc.nat({ max: 65_535 }),
  version: fc.constantFrom(0, 0, 0, 1),
  flags: fc.nat({ max: 65_535 }),
  options: fc.oneof(fc.constant(Buffer.alloc(0)), subnet),
});
const valid = fc
  .record({ name, type, id: fc.nat({ max: 65_535 }), flags: fc.constantFrom(0, 0x0100, 0x0110), edns: fc.option(edns, { nil: undefined }) })
  .map(({ edns: opt, ...asked }) => query(asked.name, opt === undefined ? asked : { ...asked, edns: opt }));

/** A packet with a few bytes changed, cut off or added. */
const mutated = fc
  .tuple(valid, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }), fc.option(fc.nat()), fc.uint8Array({ maxLength: 8 }))
  .map(([packet, changes, cut, tail]) => {
    const bytes = Buffer.concat([packet, tail]);
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
  });
const anything = fc.oneof(fc.uint8Array({ maxLength: 600 }), mutated, valid);
const runs = tries(3000);

/** The size that the client of a valid query takes over UDP. */
function taken(packet: Buffer): number {
  const asked = packet.readUInt16BE(10) === 0 ? 0 : packet.readUInt16BE(nameEnd(packet) + 4 + 3);
  return Math.min(Math.max(asked, 512), 1232);
}

describe('whatever the network sends', () => {
  it('never throws, is left as it was, and gets at most one decodable reply that repeats its id', () => {
    fc.assert(
      fc.property(anything, (packet) => {
        const before = Buffer.from(packet);
        const { reply } = respond(packet);
        assert.deepEqual(Buffer.from(packet), before);
        if (reply === null) return assert.ok(packet.length < 12 || (packet[2] ?? 0) >= 0x80, 'only these are dropped');
        assert.ok(reply.length <= 1232);
        assert.deepEqual(reply.subarray(0, 2), before.subarray(0, 2));
        const decoded = decode(reply);
        assert.ok(decoded.flag_qr && !decoded.flag_ra && !decoded.flag_z && !decoded.flag_ad && !decoded.flag_cd);
        assert.equal(decode.bytes, reply.length);
      }),
      runs,
    );
  });

  it('a response is never answered', () => {
    fc.assert(
      fc.property(anything, (packet) => {
        const response = Buffer.from(packet);
        if (response.length > 2) response[2] = (response[2] ?? 0) | 0x80;
        assert.equal(respond(response).reply, null);
      }),
      runs,
    );
  });
});

describe('a valid query', () => {
  it('has its question repeated byte for byte and fits into what its client takes', () => {
    fc.assert(
      fc.property(valid, (packet) => {
        const { reply } = respond(packet);
        assert.ok(reply);
        const questionEnd = nameEnd(packet) + 4;
        assert.deepEqual(reply.subarray(12, questionEnd), packet.subarray(12, questionEnd));
        assert.equal(reply.readUInt16BE(4), 1);
        assert.ok(reply.length <= taken(packet), `${reply.length}`);
        assert.equal(decode(reply).additionals?.filter((record) => record.type === 'OPT').length, packet.readUInt16BE(10));
      }),
      runs,
    );
  });

  it('is answered alike over UDP and TCP, but for size and the draw', () => {
    fc.assert(
      fc.property(valid, (packet) => {
        const [udp, tcp] = [respond(packet), respond(packet, 'tcp')];
        assert.ok(udp.reply !== null && tcp.reply !== null);
        assert.equal(udp.rcode, tcp.rcode);
        const [small, whole] = [decode(udp.reply), decode(tcp.reply)];
        assert.equal(whole.flag_tc, false);
        assert.equal(small.flag_aa, whole.flag_aa);
        if (small.flag_tc) assert.deepEqual([small.answers, small.authorities], [[], []]);
        else assert.equal(small.answers?.length, whole.answers?.length);
      }),
      runs,
    );
  });

  it('is answered the same in any capitals', () => {
    fc.assert(
      fc.property(name, type, fc.array(fc.boolean(), { minLength: 1, maxLength: 16 }), (asked, askedType, capitals) => {
        const mixed = [...asked].map((letter, index) => (capitals[index % capitals.length] ? swapped(letter) : letter)).join('');
        const fixed = { sequence: () => 1, chance: () => 0 };
        const [one, other] = [asked, mixed].map((text) =>
          responder.respond(query(text, { type: askedType }), { address: '::1', port: 1, transport: 'tcp' }, fixed),
        );
        assert.ok(one?.reply && other?.reply);
        assert.equal(one.rcode, other.rcode);
        assert.deepEqual(one.reply.subarray(2, 12), other.reply.subarray(2, 12));
        const behindQuestion = query(asked).length;
        assert.deepEqual(one.reply.subarray(behindQuestion), other.reply.subarray(behindQuestion));
      }),
      runs,
    );
  });
});

/** Where the name of the question ends. */
function nameEnd(packet: Buffer): number {
  let at = 12;
  while ((packet[at] ?? 0) > 0) at += 1 + (packet[at] ?? 0);
  return at + 1;
}

function swapped(letter: string): string {
  if (/[a-z]/.test(letter)) return letter.toUpperCase();
  return /[A-Z]/.test(letter) ? letter.toLowerCase() : letter;
}
