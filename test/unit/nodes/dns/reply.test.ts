import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import { types } from '../../../../src/nodes/dns/codes.ts';
import { nameOf } from '../../../../src/nodes/dns/names.ts';
import { bareReply, encodeReply, type RRset } from '../../../../src/nodes/dns/reply.ts';
import { readQuery } from '../../../../src/nodes/dns/wire.ts';
import { asker, query, read, subnetOption } from './demo.ts';

function headingOf(packet: Buffer) {
  const reading = readQuery(packet);
  assert.equal(reading.kind, 'query');
  return reading.heading;
}

const named = (text: string) => nameOf(text) ?? assert.fail(text);
const rrset = (owner: string, bytes: number): RRset => ({ owner: named(owner), type: 16, ttlSeconds: 1, rdata: [Buffer.alloc(bytes)] });

describe('owner names', () => {
  const heading = headingOf(query('A.bc.demo.local'));
  const ownerOf = (owner: string, zone: string | undefined = 'demo.local') => {
    const reply = { ...bareReply('NOERROR'), answer: [rrset(owner, 0)], ...(zone === undefined ? {} : { zone: named(zone) }) };
    const bytes = encodeReply(heading, reply, 512);
    return { length: bytes.length - query('A.bc.demo.local').length - 10, name: decode(bytes).answers?.[0]?.name };
  };

  it('are pointers to the question where they are its name, and to its zone where they are in it', () => {
    assert.deepEqual(ownerOf('a.bc.demo.local'), { length: 2, name: 'A.bc.demo.local' });
    assert.deepEqual(ownerOf('demo.local'), { length: 2, name: 'demo.local' });
    assert.deepEqual(ownerOf('ns1.demo.local'), { length: 4 + 2, name: 'ns1.demo.local' });
    assert.deepEqual(ownerOf('bc.demo.local'), { length: 3 + 2, name: 'bc.demo.local' });
    assert.deepEqual(ownerOf('x.a.bc.demo.local'), { length: 2 + 2 + 3 + 2, name: 'x.a.bc.demo.local' });
    assert.deepEqual(ownerOf('local'), { length: 7, name: 'local' });
    assert.deepEqual(ownerOf('ns.example.com'), { length: 16, name: 'ns.example.com' });
    assert.deepEqual(ownerOf('.'), { length: 1, name: '.' });
  });

  it('are whole without a zone that holds the question', () => {
    assert.deepEqual(ownerOf('a.bc.demo.local', 'example.com'), { length: 2, name: 'A.bc.demo.local' });
    assert.deepEqual(ownerOf('www.example.com', 'example.com'), { length: 17, name: 'www.example.com' });
    assert.deepEqual(ownerOf('demo.local', '.'), { length: 12, name: 'demo.local' });
    assert.deepEqual(ownerOf('.', '.'), { length: 1, name: '.' });
  });

  it('are not taken from the middle of a label', () => {
    // The bytes of "demo." stand inside this question's first label, where no name begins.
    const tricky = headingOf(query('\x04demo.local'));
    const bytes = encodeReply(tricky, { ...bareReply('NOERROR'), answer: [rrset('demo.local', 0)], zone: named('demo.local') }, 512);
    assert.equal(decode(bytes).answers?.[0]?.name, 'demo.local');
  });
});

describe('a reply that does not fit', () => {
  const heading = headingOf(query('demo.local', { edns: {} }));
  const fixed = query('demo.local', { edns: {} }).length;
  const reply = { ...bareReply('NOERROR'), authoritative: true, answer: [rrset('demo.local', 88)], additional: [rrset('demo.local', 88)] };
  const sizes = (bytesMax: number, additionalNeeded: boolean) => {
    const decoded = decode(encodeReply(heading, { ...reply, additionalNeeded }, bytesMax));
    return [decoded.flag_tc, decoded.answers?.length, decoded.additionals?.length];
  };

  it('leaves out what is spare without a word, and else is empty and says TC', () => {
    assert.deepEqual(sizes(fixed + 200, false), [false, 1, 2]);
    assert.deepEqual(sizes(fixed + 199, false), [false, 1, 1]);
    assert.deepEqual(sizes(fixed + 100, false), [false, 1, 1]);
    assert.deepEqual(sizes(fixed + 99, false), [true, 0, 1]);
    assert.deepEqual(sizes(fixed + 200, true), [false, 1, 2]);
    assert.deepEqual(sizes(fixed + 199, true), [true, 0, 1]);
  });

  it('is measured by what the client takes: at least 512, at most 1232, all of it over TCP', () => {
    const ask = asker();
    const outcome = (name: string, size: number | undefined, transport: 'udp' | 'tcp' = 'udp') => {
      const decoded = read(ask(name, { type: types.TXT, ...(size === undefined ? {} : { edns: { size } }) }, transport));
      return decoded.flag_tc ? 'TC' : decoded.answers.length;
    };
    // `middle` takes about 850 bytes, `big` about 2050.
    assert.equal(outcome('middle.demo.local', undefined), 'TC');
    assert.equal(outcome('middle.demo.local', 0), 'TC');
    assert.equal(outcome('middle.demo.local', 700), 'TC');
    assert.equal(outcome('middle.demo.local', 1000), 1);
    assert.equal(outcome('big.demo.local', 65_535), 'TC');
    assert.equal(outcome('big.demo.local', undefined, 'tcp'), 1);
    assert.equal(outcome('demo.local', 12), 1, 'a size below 512 counts as 512');
  });
});

describe('the scope of a client subnet', () => {
  const scopeOf = (source: number, address: readonly number[]) => {
    const heading = headingOf(query('demo.local', { edns: { options: subnetOption(1, source, 0, address) } }));
    return encodeReply(heading, bareReply('NOERROR'), 512, 24).at(-1 - address.length);
  };

  it('is what the answer holds for, but 0 for a client that hides', () => {
    assert.equal(scopeOf(16, [192, 0]), 24);
    assert.equal(scopeOf(0, []), 0);
  });
});
