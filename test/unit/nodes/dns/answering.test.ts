import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode } from 'dns-packet';
import { answering, plainAddress } from '../../../../src/nodes/dns/answering.ts';
import { createDnsCounter, type DnsCount } from '../../../../src/nodes/dns/counts.ts';
import { asker, query } from './demo.ts';

const client = { address: '127.0.0.1', port: 5353, transport: 'udp' as const };

describe('answering', () => {
  it('counts by type and rcode, in words from a closed list, and by reason what it drops', () => {
    const counter = createDnsCounter();
    const ask = asker();
    const names = ['app.demo.local', 'app.demo.local', 'nowhere.demo.local'];
    for (const name of names) answering(() => ask(name), counter.count)(query(name), client);
    answering(() => ask('app.demo.local', { type: 4711 }), counter.count)(query(''), { ...client, transport: 'tcp' });
    answering(() => ask('app.demo.local', { flags: 0x1000 }), counter.count)(query(''), client);
    assert.equal(answering(() => ask('app.demo.local', { flags: 0x8000 }), counter.count)(query(''), client), null);
    assert.deepEqual(counter.tally(), {
      answered: [
        { transport: 'udp', type: 'A', rcode: 'NOERROR', count: 2 },
        { transport: 'udp', type: 'A', rcode: 'NXDOMAIN', count: 1 },
        { transport: 'tcp', type: 'other', rcode: 'NOERROR', count: 1 },
        { transport: 'udp', type: 'none', rcode: 'NOTIMP', count: 1 },
      ],
      dropped: [{ transport: 'udp', reason: 'response', count: 1 }],
      failed: 0,
      socketFailed: 0,
    });
  });

  it('says SERVFAIL with the id when the responder throws, and never to a response', () => {
    const counts: DnsCount[] = [];
    const error = new Error('a broken invariant');
    const answer = answering(
      () => {
        throw error;
      },
      (count) => counts.push(count),
    );
    const reply = answer(query('app.demo.local', { id: 0xfedc }), client);
    assert.ok(reply);
    const { id, flag_qr, questions } = decode(reply);
    assert.deepEqual({ id, flag_qr, questions, rcode: reply[3] }, { id: 0xfedc, flag_qr: true, questions: [], rcode: 2 });
    assert.deepEqual(counts, [
      { kind: 'failed', transport: 'udp', error },
      { kind: 'answered', transport: 'udp', type: 'none', rcode: 'SERVFAIL' },
    ]);
    assert.equal(answer(query('app.demo.local', { flags: 0x8000 }), client), null);
    assert.equal(answer(Buffer.alloc(11), client), null);
  });
});

describe('the address of a client', () => {
  it('is IPv4 where IPv4 came to a socket for both', () => {
    assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(plainAddress('::ffff:1'), '::ffff:1');
    assert.equal(plainAddress('2001:db8::1'), '2001:db8::1');
  });
});
