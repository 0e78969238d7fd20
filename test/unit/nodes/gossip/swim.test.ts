import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../../../src/nodes/gossip/messages.ts';
import { encode } from '../../../../src/nodes/gossip/messages.ts';
import type { Output } from '../../../../src/nodes/gossip/swim-interface.ts';
import { packetBudget, partBytes, swimLimits } from '../../../../src/nodes/gossip/swim-limits.ts';
import { acknowledged, alive, changes, dead, memberA, only, placeOf, sent, sentOf, suspect, text } from './swim-member.ts';

const bytesOf = (messages: readonly Message[]) => messages.reduce((sum, message) => sum + encode(message).length + partBytes, 0);
const letters = 'bcdefghijklmnopqrstuvwxyz'.split('');

test('the same inputs at the same moments with the same seed give the same outputs', () => {
  const run = (seed: number) => {
    const a = memberA({ seed });
    const outputs = [...a.hear(...letters.map((name) => alive(name)))];
    outputs.push(...a.moveTo(20_000), ...a.hear(suspect('b', 1, 'c'), dead('c', 1, 'd')), ...a.moveTo(60_000));
    return JSON.stringify(outputs);
  };
  assert.equal(run(7), run(7));
  assert.notEqual(run(7), run(8));
});

test('news goes to a few each round, as often as a rumour is sent, and then there is silence', () => {
  const a = memberA({ knows: ['b', 'c', 'd', 'e', 'f'] });
  a.hear(alive('b', 2));
  const isNews = (output: Output) => output.type === 'send' && output.messages.some(({ type }) => type === 'alive');
  const packets = a.moveTo(a.now() + 5_000, acknowledged).filter(isNews);
  assert.equal(packets.length, 4, 'six members: 4 x ceil(log10 7)');
  assert.equal(a.swim.queueLength(), 0);
});

test('news rides on probes and answers', () => {
  const a = memberA({ knows: ['b', 'c'] });
  a.hear(alive('b', 2));
  const answer = a.hear({ type: 'ping', seqNo: 1, node: 'a' });
  assert.deepEqual(
    sent(answer).map(({ type }) => type),
    ['ack', 'alive'],
  );
});

test('rumours go to the living and, for a while, to the dead, and never to who left', () => {
  const a = memberA({ knows: ['b', 'c', 'd'] });
  a.hear(dead('c', 1, 'b'), dead('d', 1, 'd'));
  const told = new Set<string>();
  let incarnation = 2;
  const listen = (ms: number) => {
    told.clear();
    for (const end = a.now() + ms; a.now() < end; ) {
      a.hear(alive('b', incarnation++));
      for (const output of a.moveTo(a.now() + 200, acknowledged)) {
        if (output.type === 'send' && output.messages.every(({ type }) => type !== 'ping')) told.add(output.to.address);
      }
    }
    return [...told].sort();
  };
  assert.deepEqual(listen(20_000), [placeOf('b').address, placeOf('c').address]);
  a.moveTo(a.now() + 10_100, acknowledged);
  assert.deepEqual(listen(10_000), [placeOf('b').address]);
});

test('no packet holds more than fits, news of members before messages of the application', () => {
  const a = memberA({ knows: ['b', 'c'] });
  a.hear(...letters.map((name) => alive(name, 5, { meta: new Uint8Array(400) })));
  for (let count = 0; count < 10; count++) a.step({ type: 'broadcastUser', bytes: new Uint8Array(60) });
  const outputs = [...a.hear({ type: 'ping', seqNo: 1, node: 'a' }), ...a.moveTo(a.now() + 30_000, acknowledged)];
  const packets = only(outputs, 'send').map(({ messages }) => messages);
  assert.ok(packets.length > 20);
  for (const messages of packets) assert.ok(bytesOf(messages) <= packetBudget, `${bytesOf(messages)} bytes`);
  assert.ok(
    packets.some((messages) => bytesOf(messages) > packetBudget - 100),
    'and many are nearly full',
  );
  const kinds = packets.map((messages) => messages.map(({ type }) => type));
  for (const types of kinds.filter((all) => all.includes('user')))
    assert.ok(types.lastIndexOf('alive') < types.indexOf('user'), `${types}`);
  assert.deepEqual(kinds[0]?.slice(0, 4), ['ack', 'alive', 'alive', 'user']);
});

test('messages of the application', () => {
  const a = memberA({ knows: ['b'] });
  const bytes = text('hello');
  const toName = a.step({ type: 'sendUser', to: 'b', bytes, reliable: false });
  assert.deepEqual(toName, [{ type: 'send', to: placeOf('b'), messages: [{ type: 'user', bytes }], crc: true }]);
  const toAddress = a.step({ type: 'sendUser', to: placeOf('x'), bytes, reliable: false });
  assert.deepEqual(toAddress, [{ type: 'send', to: placeOf('x'), messages: [{ type: 'user', bytes }], crc: false }]);
  const [stream] = only(a.step({ type: 'sendUser', to: 'b', bytes, reliable: true }), 'open');
  assert.deepEqual([stream?.to, stream?.message, stream?.expectsReply], [placeOf('b'), { type: 'user', bytes }, false]);
  assert.deepEqual(a.step({ type: 'sendUser', to: 'x', bytes, reliable: false }), []);
  assert.equal(a.refused()['unknown-member'], 1);
  assert.deepEqual(a.hear({ type: 'user', bytes }), [{ type: 'user', bytes, from: placeOf('b') }]);
  assert.deepEqual(a.step({ type: 'request', stream: 4, message: { type: 'user', bytes }, from: placeOf('b') }), [
    { type: 'user', bytes, from: placeOf('b') },
    { type: 'close', stream: 4 },
  ]);
});

test('a message that cannot go its way is refused, and one that just can is not', () => {
  const a = memberA({ knows: ['b'], limits: { ...swimLimits, reliableBytes: 5_000 } });
  const ways = [
    [swimLimits.userBytes, (bytes: Uint8Array) => a.step({ type: 'sendUser', to: 'b', bytes, reliable: false }).length],
    [5_000, (bytes: Uint8Array) => a.step({ type: 'sendUser', to: 'b', bytes, reliable: true }).length],
    [
      swimLimits.userBytes,
      (bytes: Uint8Array) => {
        a.step({ type: 'broadcastUser', bytes });
        return sentOf(a.moveTo(a.now() + 200, acknowledged), 'user').length;
      },
    ],
  ] as const;
  for (const [most, send] of ways) {
    assert.ok(send(new Uint8Array(most)) > 0);
    a.moveTo(a.now() + 3_000, acknowledged);
    assert.equal(send(new Uint8Array(most + 1)), 0);
  }
  assert.equal(a.refused()['message-too-large'], 3);
});

test('a broadcast goes out as often as a rumour, and a newer one with its key replaces it', () => {
  const a = memberA({ knows: ['b', 'c', 'd'] });
  a.step({ type: 'broadcastUser', bytes: text('old'), key: 'weights' });
  a.step({ type: 'broadcastUser', bytes: text('new'), key: 'weights' });
  a.step({ type: 'broadcastUser', bytes: text('other') });
  const said = sentOf(a.moveTo(a.now() + 5_000, acknowledged), 'user').map(({ bytes }) => Buffer.from(bytes).toString());
  assert.deepEqual(said.sort(), [...new Array(4).fill('new'), ...new Array(4).fill('other')]);
});

test('messages that do not belong in a datagram, or begin no stream, are counted', () => {
  const a = memberA();
  a.hear({ type: 'err', error: 'no' }, { type: 'pushPull', join: true, nodes: [], userState: text('') });
  assert.deepEqual(a.step({ type: 'request', stream: 1, message: { type: 'err', error: 'no' }, from: placeOf('b') }), [
    { type: 'close', stream: 1 },
  ]);
  assert.equal(a.refused()['misplaced-message'], 3);
});

test('a new description goes out under a higher incarnation, and is told when it was spread', () => {
  const a = memberA({ knows: ['b', 'c'] });
  assert.deepEqual(a.step({ type: 'updateMeta', meta: text('eu') }), []);
  const outputs = a.moveTo(a.now() + 3_000, acknowledged);
  const said = sentOf(outputs, 'alive');
  assert.deepEqual([said[0]?.incarnation, said[0]?.meta, said.length], [2, text('eu'), 4]);
  assert.equal(only(outputs, 'metaSpread').length, 1);
});

test('a new description with nobody to tell is done at once, and one that is too long is refused', () => {
  const a = memberA();
  assert.deepEqual(a.step({ type: 'updateMeta', meta: new Uint8Array(512) }), [{ type: 'metaSpread' }]);
  assert.deepEqual(a.step({ type: 'updateMeta', meta: new Uint8Array(513) }), [{ type: 'metaSpread' }]);
  assert.equal(a.refused()['message-too-large'], 1);
  assert.equal(a.member('a')?.meta.length, 512);
});

test('who leaves says so in its own name until that was spread, and is not called back', () => {
  const a = memberA({ knows: ['b', 'c'] });
  const start = a.now();
  assert.deepEqual(a.step({ type: 'leave', timeoutMs: 5_000 }), []);
  a.hear(alive('a', 9), suspect('a', 1, 'b'));
  const outputs = a.moveTo(start + 5_000, acknowledged);
  assert.deepEqual(sentOf(outputs, 'dead'), new Array(4).fill(dead('a', 1, 'a')));
  assert.deepEqual(only(outputs, 'left'), [{ type: 'left', complete: true }]);
  assert.equal(a.stateOf('a'), 'left');
  assert.deepEqual(sentOf(outputs, 'alive'), []);
});

test('a leave waits for what the application still had to say', () => {
  const a = memberA({ knows: ['b', 'c'] });
  a.step({ type: 'broadcastUser', bytes: new Uint8Array(swimLimits.userBytes) });
  a.step({ type: 'leave', timeoutMs: 5_000 });
  const outputs = a.moveTo(a.now() + 5_000, acknowledged);
  const order = outputs.flatMap((output) => (output.type === 'send' ? output.messages.map(({ type }) => type) : [output.type]));
  assert.ok(order.indexOf('left') > order.lastIndexOf('user'));
  assert.equal(order.filter((type) => type === 'user').length, 4);
});

test('a leave ends at once without company, and after its time where nothing goes out', () => {
  assert.deepEqual(memberA().step({ type: 'leave', timeoutMs: 5_000 }), [{ type: 'left', complete: true }]);
  const a = memberA({ knows: ['b'] });
  a.step({ type: 'leave', timeoutMs: 100 });
  // A member that was asleep for all of its time has told nobody.
  a.sleepUntil(a.now() + 1_000);
  assert.deepEqual(only(a.step({ type: 'tick' }), 'left'), [{ type: 'left', complete: false }]);
});

test('who is leaving joins nobody', () => {
  const a = memberA();
  a.step({ type: 'leave', timeoutMs: 100 });
  const [joined] = only(a.step({ type: 'join', addresses: [placeOf('b')], remember: false }), 'joined');
  assert.match(joined?.results[0]?.failure ?? '', /is leaving; start it again to join/);
});

test('a full queue of rumours drops some and counts them', () => {
  const a = memberA({ limits: { ...swimLimits, broadcasts: 5, userBroadcasts: 2 } });
  a.hear(...letters.slice(0, 8).map((name) => alive(name)));
  for (let count = 0; count < 3; count++) a.step({ type: 'broadcastUser', bytes: text('news') });
  assert.equal(a.swim.queueLength(), 7);
  assert.equal(a.refused()['queue-full'], 9 - 5 + 1);
});

test('everybody is listed by name, with what is known of them', () => {
  const a = memberA({ knows: ['c', 'b'] });
  a.hear(alive('b', 3, { meta: text('eu') }));
  assert.deepEqual(
    a.swim.members().map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  const { since: _, ...b } = a.member('b') ?? { since: 0 };
  assert.deepEqual(b, {
    name: 'b',
    ...placeOf('b'),
    meta: text('eu'),
    vsn: Uint8Array.of(1, 5, 2, 0, 0, 0),
    incarnation: 3,
    state: 'alive',
  });
  assert.deepEqual(changes(a.hear(alive('b', 4, { meta: text('us') }))), ['updated b']);
});
