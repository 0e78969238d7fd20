/** Asking the servers of a parent: what each manner of answering counts as, who is asked, and when they all agree. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { askDs, type DsRecord, readAnswer } from '../../../src/nodes/dns/keys/ask-ds.ts';
import { type Heard, lookAtParent, verdictOf } from '../../../src/nodes/dns/keys/parent-look.ts';
import { findParent, type ParentResolver } from '../../../src/nodes/dns/keys/parent-servers.ts';
import { dsRecordOf, dsRecordsOf, dsText } from '../../../src/nodes/dns/keys/public-records.ts';
import { startParentServer } from './parent-server.ts';

const zone = 'app.example.com';
/** The key of RFC 6605 section 6.1, whose DS is printed there. */
const rfc6605 = {
  ...{ zone: 'example.net', keyTag: 55_648, algorithm: 13 as const },
  publicKey: 'GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==',
};
const old: DsRecord = { keyTag: 1, algorithm: 13, digestType: 2, digest: 'aa'.repeat(32) };
const wanted: DsRecord = { keyTag: 2, algorithm: 13, digestType: 2, digest: 'bb'.repeat(32) };
const at = (port: number) => ({ address: '127.0.0.1', port });

describe('the DS of a key', () => {
  it('is what RFC 6605 prints for its example, and text that a parent takes', () => {
    const digest = 'b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17';
    assert.deepEqual(dsRecordOf(rfc6605, 2), { keyTag: 55_648, algorithm: 13, digestType: 2, digest });
    assert.equal(dsText(rfc6605), `example.net. 3600 IN DS 55648 13 2 ${digest.toUpperCase()}`);
  });

  it('may be shown in either digest, and in no other', () => {
    assert.deepEqual(
      dsRecordsOf(rfc6605).map(({ digestType, digest }) => [digestType, digest.length]),
      [
        [2, 64],
        [4, 96],
      ],
    );
  });
});

describe('a server of a parent', () => {
  for (const [manner, says] of [
    ['well', { records: [old, wanted], ttlSeconds: 600 }],
    ['truncated', { records: [old, wanted], ttlSeconds: 600 }],
    ['lame', { failure: 'it does not answer with authority' }],
    ['servfail', { failure: 'it answers SERVFAIL' }],
    ['garbage', { failure: 'its reply does not parse' }],
  ] as const) {
    it(`that answers ${manner}`, async (test) => {
      const server = await startParentServer(test);
      server.records = [old, wanted];
      server.manner = manner;
      assert.deepEqual(await askDs(at(server.port), zone), says);
      assert.deepEqual(server.asked, { udp: 1, tcp: manner === 'truncated' ? 1 : 0 });
    });
  }

  it('that shows nothing says that there is no DS', async (test) => {
    const server = await startParentServer(test);
    assert.deepEqual(await askDs(at(server.port), zone), { records: [], ttlSeconds: 0 });
  });

  for (const manner of ['silent', 'foreign'] as const) {
    it(`that is ${manner} is asked twice and waited for no longer than is said`, async (test) => {
      const server = await startParentServer(test);
      server.manner = manner;
      const answer = await askDs(at(server.port), zone, { answerMs: 50 });
      assert.deepEqual(answer, { failure: `127.0.0.1:${server.port}: it did not answer in time` });
      assert.equal(server.asked.udp, 2);
    });
  }

  it('that nobody is refuses at once, and an asker that gives up waits no longer', async (test) => {
    const gone = await askDs(at(9), zone);
    assert('failure' in gone && /ECONNREFUSED/.test(gone.failure), JSON.stringify(gone));
    const silent = await startParentServer(test);
    silent.manner = 'silent';
    const stopping = new AbortController();
    const asked = askDs(at(silent.port), zone, { signal: stopping.signal, answerMs: 60_000 });
    stopping.abort();
    assert('failure' in (await asked));
  });

  it('never makes reading its reply fail, whatever that is', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readAnswer(Buffer.from(bytes), zone)));
  });
});

describe('the servers of a parent together', () => {
  const says = (name: string, ...answers: readonly (readonly DsRecord[] | string)[]): Heard => ({
    name,
    answers: answers.map((answer, index) => ({
      from: `${name}/${index}`,
      ...(typeof answer === 'string' ? { failure: answer } : { records: answer, ttlSeconds: 60 * (index + 1) }),
    })),
  });
  for (const [name, heard, verdict] of [
    ['none is known', [], 'failed'],
    ['all show it', [says('a', [wanted]), says('b', [old, wanted])], 'shown'],
    ['one shows the old alone', [says('a', [wanted]), says('b', [old])], 'waits'],
    ['one shows none', [says('a', [wanted]), says('b', [])], 'waits'],
    ['one is silent', [says('a', [wanted]), says('b', 'silence')], 'failed'],
    ['one address of one is silent', [says('a', 'silence', [wanted]), says('b', [wanted])], 'shown'],
    ['the addresses of one disagree', [says('a', [old], [wanted])], 'waits'],
    ['one has no address', [says('a', [wanted]), says('b')], 'failed'],
    ['one waits and one is silent', [says('a', 'silence'), says('b', [old])], 'waits'],
    ['the same tag with another digest', [says('a', [{ ...wanted, digest: 'cc'.repeat(32) }])], 'waits'],
  ] as const) {
    it(`${verdict}: ${name}`, () => assert.equal(verdictOf('com', [wanted], heard).verdict, verdict));
  }

  it('give the longest TTL', () => {
    const look = verdictOf('com', [wanted], [says('a', [wanted], [wanted]), says('b', [wanted])]);
    assert(look.verdict === 'shown');
    assert.equal(look.ttlSeconds, 120);
  });
});

/** A resolver of the system, as `node:dns` speaks to it, whose nameserver knows these records and counts all others as none. */
async function resolverWith(test: TestContext, records: Readonly<Record<string, readonly string[]>>, failing: readonly string[] = []) {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  test.after(() => void socket.close());
  socket.on('message', (query, from) => {
    const { id = 0, questions = [] } = decode(query);
    const [question] = questions;
    const key = `${question?.name} ${question?.type}`;
    const answers = (records[key] ?? []).map((data) => ({ type: question?.type, name: question?.name, ttl: 60, data })) as Answer[];
    const rcode = failing.includes(key) ? 2 : 0;
    socket.send(encode({ type: 'response', id, flags: AUTHORITATIVE_ANSWER | rcode, questions, answers }), from.port, from.address);
  });
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return resolver as ParentResolver;
}

describe('finding the servers of a parent', () => {
  const records = {
    'com NS': ['a.example', 'b.example'],
    ...{ 'a.example A': ['127.0.0.2', '127.0.0.3'], 'a.example AAAA': ['::1'], 'b.example A': ['127.0.0.4'] },
  };
  const noResolver = {} as ParentResolver;

  it('takes the closest zone above that has nameservers, and every address of each', async (test) => {
    const parent = await findParent(zone, undefined, await resolverWith(test, records));
    assert.equal(parent.zone, 'com');
    const servers = parent.servers.map(({ name, addresses }) => [name, ...addresses.map(({ address, port }) => `${address} ${port}`)]);
    assert.deepEqual(servers.sort(), [
      ['a.example', '127.0.0.2 53', '127.0.0.3 53', '::1 53'],
      ['b.example', '127.0.0.4 53'],
    ]);
  });

  it('takes those that are configured for the closest parent, without a resolver where they are addresses', async () => {
    const configured = [
      { zone: 'com', servers: ['192.0.2.1:53'] },
      { zone: 'example.com', servers: ['192.0.2.2:5353', '[2001:db8::2]:53'] },
      { zone, servers: ['192.0.2.3:53'] },
    ];
    const parent = await findParent(zone, configured, noResolver);
    assert.equal(parent.zone, 'example.com', 'a zone is not its own parent');
    assert.deepEqual(
      parent.servers.map(({ addresses }) => addresses),
      [[{ address: '192.0.2.2', port: 5353 }], [{ address: '2001:db8::2', port: 53 }]],
    );
  });

  it('fails where the resolver does: a parent that is not found is not passed over', async (test) => {
    const resolver = await resolverWith(test, records, ['example.com NS']);
    await assert.rejects(findParent(zone, undefined, resolver), /the resolver failed/);
    const look = await lookAtParent({ zone, wanted: [wanted], parents: undefined, resolver });
    assert.equal(look.verdict, 'failed');
  });

  it('says so where no zone above has any', async (test) => {
    await assert.rejects(
      findParent(zone, undefined, await resolverWith(test, {})),
      /no nameservers were found for any zone above app\.example\.com/,
    );
  });
});
