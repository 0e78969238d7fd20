/**
 * Gossip as its owner uses it: real members on loopback, in threads of their own unless a test says otherwise. Each test has
 * members and a key of its own.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, describe, it } from 'node:test';
import type { GossipOptions } from '../../src/nodes/gossip/gossip.ts';
import { startGossip } from '../../src/nodes/gossip/start-gossip.ts';
import { makeKey, startTestMember, type TestMember, until } from '../gossip-members.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((of) => of?.some(({ address }) => address === '::1'));

const running = new Set<TestMember>();
async function start(options: Parameters<typeof startTestMember>[0]): Promise<TestMember> {
  const member = await startTestMember(options);
  running.add(member);
  return member;
}
async function closeAll(): Promise<void> {
  await Promise.all([...running].map(({ gossip }) => gossip.close()));
  running.clear();
}

/** `a`, `b` and `c`, who all see each other. */
async function startThree(options: Partial<GossipOptions> = {}): Promise<{ key: string; a: TestMember; b: TestMember; c: TestMember }> {
  const key = makeKey();
  const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => start({ key, name, ...options })));
  assert.ok(a && b && c);
  assert.deepEqual(await b.gossip.join([a.place]), [{ address: a.place, failure: undefined }]);
  assert.deepEqual(await c.gossip.join([a.place]), [{ address: a.place, failure: undefined }]);
  await until('everybody sees everybody', () => [a, b, c].every((one) => seen(one) === 'a alive, b alive, c alive'), {
    instead: () => [a, b, c].map(seen),
  });
  return { key, a, b, c };
}

const seen = ({ gossip }: TestMember) =>
  gossip
    .members()
    .map(({ name, state }) => `${name} ${state}`)
    .join(', ');

const bytes = (text: string) => new TextEncoder().encode(text);

for (const thread of [true, false]) {
  describe(`gossip in ${thread ? 'threads' : 'one thread'}`, { timeout: 60_000 }, () => {
    after(closeAll);

    it('tells everybody of everybody, and carries messages each way', async () => {
      const { a, b, c } = await startThree({ thread, meta: bytes('{"role":"test"}') });
      assert.equal(Buffer.from(b.view('c')?.meta ?? []).toString(), '{"role":"test"}');
      assert.deepEqual(b.view('a'), { ...a.view('a'), since: b.view('a')?.since });

      a.gossip.send('b', bytes('by name'));
      b.gossip.send(a.gossip.advertised, bytes('by address'));
      const long = 'x'.repeat(1_000_000);
      b.gossip.send('c', bytes(long), { reliable: true });
      // A few copies go round, to members drawn by lot and along with probes: once in a while all of them to the same one.
      const again = setInterval(() => c.gossip.broadcast(bytes('to everybody')), 500);
      c.gossip.broadcast(bytes('to everybody'));
      const expected = [
        ...['by address', 'to everybody'].map((text) => ({ at: a, text })),
        ...['by name', 'to everybody'].map((text) => ({ at: b, text })),
        { at: c, text: long },
      ];
      const missing = () => expected.filter(({ at, text }) => !at.texts().includes(text)).map(({ text }) => text.slice(0, 20));
      await until('each message arrives', () => missing().length === 0, { instead: missing }).finally(() => clearInterval(again));
      assert.deepEqual(a.messages.find(({ bytes: of }) => Buffer.from(of).toString() === 'by address')?.from, b.gossip.advertised);
      const { swim, sent, received } = await b.gossip.counters();
      assert.equal(sent.user, 2);
      assert.ok(received.user >= 2 && swim.suspicions === 0);
    });

    it('describes itself anew', async () => {
      const { a, b } = await startThree({ thread });
      await a.gossip.describe(bytes('new'));
      await until('b hears of it', () => Buffer.from(b.view('a')?.meta ?? []).toString() === 'new');
      assert.ok(b.told().includes('updated a'));
      assert.equal(Buffer.from(a.view('a')?.meta ?? []).toString(), 'new');
    });

    it('leaves in order, and comes back with its name from elsewhere', async () => {
      const { key, a, b, c } = await startThree({ thread });
      assert.equal(await c.gossip.leave(5_000), true);
      assert.equal(await c.gossip.leave(5_000), true, 'asked twice, it says the same');
      await c.gossip.close();
      await until('both see that it left', () => seen(a) === 'a alive, b alive, c left' && seen(b) === 'a alive, b alive, c left');
      assert.equal(a.told().includes('failed c'), false);

      const again = await start({ key, name: 'c', thread });
      await again.gossip.join([b.place]);
      await until('both see it again', () => a.view('c')?.state === 'alive' && b.view('c')?.state === 'alive');
      assert.equal(a.view('c')?.port, again.gossip.port);
    });

    it('forgets its incarnation with a restart, and is believed all the same', async () => {
      const { key, a, b } = await startThree({ thread });
      for (const meta of ['1', '2', '3']) await b.gossip.describe(bytes(meta));
      await until('a knows a high incarnation', () => (a.view('b')?.incarnation ?? 0) >= 4);
      const place = b.place;
      await b.gossip.close();
      const again = await start({ key, name: 'b', bind: place, thread, meta: bytes('restarted') });
      assert.deepEqual(await again.gossip.join([a.place]), [{ address: a.place, failure: undefined }]);
      await until('a believes the new one', () => Buffer.from(a.view('b')?.meta ?? []).toString() === 'restarted');
      assert.ok((a.view('b')?.incarnation ?? 0) > 4);
      assert.ok((await again.gossip.counters()).swim.refutes > 0);
    });

    it('finds out who was killed', async () => {
      const { a, b, c } = await startThree({ thread, timing: { probeIntervalMs: 200, probeTimeoutMs: 80 } });
      await c.gossip.close();
      // Each turn comes within 2 rounds, a probe takes one, and suspicion at least 3 rounds, at most 18.
      await until('both see that it failed', () => a.view('c')?.state === 'dead' && b.view('c')?.state === 'dead', { withinMs: 6_000 });
      assert.deepEqual(
        a.told().filter((told) => told.endsWith(' c')),
        ['joined c', 'suspected c', 'failed c'],
      );
    });
  });
}

describe('joining', { timeout: 60_000 }, () => {
  after(closeAll);

  it('says of each address why it failed, and rejects for none', async () => {
    const [one, stranger] = await Promise.all([start({ key: makeKey(), name: 'one' }), start({ key: makeKey(), name: 'stranger' })]);
    const outcomes = await one.gossip.join(['127.0.0.1:1', stranger.place, 'no such place', '[::1]x', one.place]);
    assert.deepEqual(
      outcomes.map(({ failure }) => failure),
      [
        'nothing listens there; is it running, and is the port right?',
        'it closed the connection without an answer; does it have the same gossip key?',
        '"no such place" is no address of a member; write it as host:port, such as 192.0.2.7:7946',
        '"[::1]x" is no address of a member; write it as host:port, such as 192.0.2.7:7946',
        'that is the address of this member itself; name another one as well',
      ],
    );
    assert.deepEqual(await one.gossip.join([]), []);
    assert.equal((await stranger.gossip.counters()).rejected.undecryptable, 1);
    assert.equal(seen(one), 'one alive');
  });

  it('gives up on one that takes the connection and says nothing', async () => {
    const one = await start({ key: makeKey(), name: 'one', timing: { tcpTimeoutMs: 300 } });
    const deaf = createServer(() => {});
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
    const { port } = deaf.address() as AddressInfo;
    const [outcome] = await one.gossip.join([`127.0.0.1:${port}`]);
    assert.equal(outcome?.failure, 'it did not answer in time; is it running, and is TCP to it allowed?');
    deaf.close();
  });

  it('gives up on half a frame', async () => {
    const one = await start({ key: makeKey(), name: 'one', timing: { tcpTimeoutMs: 300 } });
    const half = connect(one.gossip.port, '127.0.0.1');
    half.on('error', () => {});
    half.write(Buffer.from([10, 0, 0, 1, 0, 1, 2, 3]));
    let isEnded = false;
    half.once('close', () => {
      isEnded = true;
    });
    await until('the half frame is given up', () => isEnded, { withinMs: 3_000 });
    assert.equal((await one.gossip.counters()).dropped['stream-late'], 1);
  });

  it('takes names, and is done where one of their addresses answers', async () => {
    const key = makeKey();
    const [one, other] = await Promise.all([start({ key, name: 'one' }), start({ key, name: 'other' })]);
    const address = `localhost:${other.gossip.port}`;
    assert.deepEqual(await one.gossip.join([address]), [{ address, failure: undefined }]);
    await until('both see each other', () => seen(one) === 'one alive, other alive' && seen(other) === seen(one));
  });

  it('works over IPv6, and over IPv4 on a socket for both', { skip: hasIpv6 ? false : 'no IPv6 on this machine' }, async () => {
    const key = makeKey();
    const six = await start({ key, name: 'six', bind: '[::1]:0' });
    const both = await start({ key, name: 'both', bind: ':0', advertise: '127.0.0.1:0' });
    const four = await start({ key, name: 'four' });
    assert.deepEqual(both.gossip.advertised, { address: '127.0.0.1', port: both.gossip.port });
    const place = `[::1]:${both.gossip.port}`;
    assert.deepEqual(await six.gossip.join([place]), [{ address: place, failure: undefined }]);
    assert.deepEqual(await four.gossip.join([both.place]), [{ address: both.place, failure: undefined }]);
    both.gossip.send('four', bytes('by IPv4'));
    both.gossip.send('six', bytes('by IPv6'));
    both.gossip.send('six', bytes('by IPv6, reliably'), { reliable: true });
    four.gossip.send('both', bytes('back'));
    await until('all is heard', () => four.texts().length === 1 && six.texts().length === 2 && both.texts().length === 1);
    assert.deepEqual(
      both.messages.map(({ from }) => from),
      [four.gossip.advertised],
      'the address of a member has one spelling, whichever socket it came by',
    );
    assert.equal(four.view('six')?.address, '::1');
  });

  it('comes back by itself to an address that it remembers', async () => {
    const key = makeKey();
    const one = await start({ key, name: 'one', rejoinIntervalMs: 200 });
    const late = await start({ key, name: 'late' });
    const place = late.place;
    await late.gossip.close();
    assert.notEqual((await one.gossip.join([place], { remember: true }))[0]?.failure, undefined);
    const again = await start({ key, name: 'late', bind: place });
    await until('it is found', () => one.view('late')?.state === 'alive' && again.view('one')?.state === 'alive');
  });
});

describe('a busy main thread', { timeout: 60_000 }, () => {
  after(closeAll);

  it('starves no probe: nobody suspects its node, and what was said meanwhile is all there', async () => {
    const { key, a, b, c } = await startThree({ timing: { probeIntervalMs: 250, probeTimeoutMs: 100 } });
    assert.ok(key);
    const before = (await b.gossip.counters()).roundTrips.count;
    a.gossip.send('b', bytes('before'));
    c.gossip.send('b', bytes('before, too'));
    // All three have this thread as their owner; nothing in it runs for 5 s.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5_000);
    a.gossip.send('b', bytes('after'));
    await until('all is there', () => ['before', 'before, too', 'after'].every((text) => b.texts().includes(text)));
    for (const member of [a, b, c]) {
      const { swim } = await member.gossip.counters();
      assert.deepEqual([swim.suspicions, swim.refutes, swim.stalls], [0, 0, 0], member.gossip.name);
      assert.deepEqual(
        member.told().filter((told) => !told.startsWith('joined')),
        [],
      );
    }
    const probes = (await b.gossip.counters()).roundTrips.count - before;
    assert.ok(probes >= 15, `in 5 s there are 20 turns, and b was answered ${probes} times`);
  });
});

describe('keys', { timeout: 60_000 }, () => {
  after(closeAll);

  it('are changed at run time without losing a message', async () => {
    const { key, a, b, c } = await startThree();
    const next = makeKey();
    let [sent, step] = [0, 'install'];
    const traffic = setInterval(() => a.gossip.send('b', bytes(`${++sent}`), { reliable: true }), 10);
    try {
      const arrives = (mark: number) => until(`message ${mark} arrives after ${step}`, () => b.texts().includes(`${mark}`));
      for (const action of ['install', 'use', 'remove'] as const) {
        step = action;
        for (const { gossip } of [a, b, c]) {
          const outcome = await gossip.keys[action](action === 'remove' ? key : next);
          assert.ok('keys' in outcome && outcome.changed);
          await arrives(sent + 2);
        }
      }
    } finally {
      clearInterval(traffic);
    }
    await until('all have arrived', () => new Set(b.texts()).size === sent, { instead: () => [sent, new Set(b.texts()).size] });
    const views = await a.gossip.keys.list();
    assert.deepEqual(
      views.map(({ primary }) => primary),
      [true],
    );
    assert.match(views[0]?.fingerprint ?? '', /^[0-9a-f]{16}$/);
    assert.deepEqual(await b.gossip.keys.list(), views);
    assert.equal((await b.gossip.counters()).rejected.undecryptable, 0);
  });

  it('are refused with a sentence', async () => {
    const key = makeKey();
    const { gossip } = await start({ key, name: 'one' });
    const refusal = async (asked: ReturnType<typeof gossip.keys.use>) => {
      const outcome = await asked;
      assert.ok('refused' in outcome);
      return outcome.refused;
    };
    assert.match(await refusal(gossip.keys.install('abc')), /not base64 with its padding; make one with `opengslb gossip-key generate`/);
    assert.match(await refusal(gossip.keys.use(makeKey())), /does not hold the key [0-9a-f]{16}; install it on every member first/);
    assert.match(await refusal(gossip.keys.remove(key)), /seals with the key [0-9a-f]{16}; use another one before you remove it/);
    assert.deepEqual(await gossip.keys.install(key), { ...(await gossip.keys.install(key)), changed: false });
  });
});

describe('starting', { timeout: 60_000 }, () => {
  after(closeAll);
  const base: GossipOptions = { name: 'one', bind: '127.0.0.1:0', key: makeKey(), hears: {} };

  for (const [what, options, message, remedy] of [
    ['no key', { key: '' }, /gossip\.encryption_key: the gossip key is empty$/, /^make one with `opengslb gossip-key generate`/],
    ['a short key', { key: Buffer.alloc(16).toString('base64') }, /has 16 bytes, and needs exactly 32$/, /^make one with/],
    ['a second key that is none', { otherKeys: ['?'] }, /is not base64/, /^make one with/],
    ['a place that is none', { bind: 'here' }, /gossip cannot listen on "here"/, /^set gossip\.bind_address/],
    ['no name', { name: '' }, /has 0 bytes$/, /^give it a name of 1 to 255 bytes$/],
    ['too much to say', { meta: new Uint8Array(513) }, /has 513 bytes$/, /^say it in at most 512 bytes$/],
    ['an advertised name that nobody has', { advertise: 'nobody.invalid:7946' }, /nobody\.invalid has no address$/, /^check its spelling/],
  ] as const)
    it(`is refused with a sentence and a remedy for ${what}`, async () => {
      await assert.rejects(startGossip({ ...base, ...options }), { message, remedy });
    });

  it('is refused, from the thread too, where another has the port, with code and remedy', async () => {
    const one = await start({ key: makeKey(), name: 'one' });
    for (const thread of [true, false])
      await assert.rejects(startGossip({ ...base, bind: one.place, thread }), {
        name: 'ListenError',
        code: 'gossip-address-in-use',
        message: `gossip cannot listen on ${one.place}: another program listens there`,
        remedy: /set gossip\.bind_address to another address or port/,
      });
  });

  it('takes the advertised address and port, where they are given', async () => {
    const one = await start({ key: makeKey(), name: 'one', advertise: '192.0.2.9:7000' });
    assert.deepEqual(one.gossip.advertised, { address: '192.0.2.9', port: 7000 });
    assert.equal(one.view('one')?.address, '192.0.2.9');
  });

  it('ends, and answers nothing any more', async () => {
    const one = await start({ key: makeKey(), name: 'one' });
    const asked = one.gossip.counters();
    await Promise.all([one.gossip.close(), one.gossip.close()]);
    assert.equal((await asked).members.alive, 1);
    await assert.rejects(one.gossip.counters(), { code: 'gossip-closed' });
    one.gossip.send('one', bytes('nobody is there'));
    assert.deepEqual(one.failures, []);
    // The port is free again at once.
    await start({ key: makeKey(), name: 'two', bind: one.place });
  });
});

describe('what strangers send', { timeout: 60_000 }, () => {
  after(closeAll);

  it('is counted and costs nobody anything', async () => {
    const { a, b } = await startThree({ limits: { garbageASecond: 20 } });
    const socket = createSocket('udp4');
    const garbage = [Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(100, 1), Buffer.alloc(60_000, 0), Buffer.from([244, 1, 65])];
    // From an address of no member, which is not read any more once it sent too much.
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.77', resolve));
    for (let index = 0; index < 400; index += 1) {
      const packet = garbage[index % garbage.length] as Buffer;
      await new Promise((resolve) => socket.send(packet, a.gossip.port, '127.0.0.1', resolve));
    }
    socket.close();
    const stream = connect(a.gossip.port, '127.0.0.1');
    stream.on('error', () => {});
    stream.write('GET / HTTP/1.1\r\n\r\n');
    await until('all of it was counted', async () => {
      const { rejected, dropped } = await a.gossip.counters();
      const kinds = [rejected.short, rejected['unknown-version'] + rejected.undecryptable, rejected.labelled, rejected['not-encrypted']];
      return kinds.every((count) => count > 0) && dropped.garbage > 300;
    });
    b.gossip.send('a', bytes('still there'));
    await until('members are heard', () => a.texts().includes('still there'));
    assert.equal(seen(a), 'a alive, b alive, c alive');
  });

  it('does not take more connections than there is room for, and room is given back', async () => {
    const key = makeKey();
    const { place, gossip } = await start({ key, name: 'one', limits: { streamsInOfOne: 3 }, timing: { tcpTimeoutMs: 500 } });
    let closed = 0;
    for (let index = 0; index < 5; index += 1) {
      const socket = connect(gossip.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.once('close', () => {
        closed += 1;
      });
    }
    await until('two are refused', async () => (await gossip.counters()).dropped['streams-in'] === 2);
    await until('the others end as late', () => closed === 5);
    assert.equal((await gossip.counters()).dropped['stream-late'], 3);
    const other = await start({ key, name: 'other' });
    assert.deepEqual(await other.gossip.join([place]), [{ address: place, failure: undefined }]);
  });
});
