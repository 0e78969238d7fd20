import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes } from '../../../../src/nodes/gossip/address.ts';
import type { Message } from '../../../../src/nodes/gossip/messages.ts';
import type { Output } from '../../../../src/nodes/gossip/swim-interface.ts';
import { swimLimits } from '../../../../src/nodes/gossip/swim-limits.ts';
import { timingPresets } from '../../../../src/nodes/gossip/timing.ts';
import { acknowledged, alive, changes, dead, memberA, only, placeOf, sent, sentOf, suspect, text } from './swim-member.ts';

type A = ReturnType<typeof memberA>;
const ack = (seqNo: number): Message => ({ type: 'ack', seqNo, payload: text('coordinates of some kind') });
const nack = (seqNo: number): Message => ({ type: 'nack', seqNo });

/** Lets time pass until `a` probes somebody, and says whom, when and under which number. */
function nextProbe(a: A): { outputs: readonly Output[]; seqNo: number; node: string; at: number } {
  for (;;) {
    const outputs = a.moveTo(a.swim.wakeAt());
    const [ping] = sentOf(outputs, 'ping');
    if (ping !== undefined) return { outputs, seqNo: ping.seqNo, node: ping.node, at: a.now() };
  }
}

test('everybody who is alive or suspected is probed once in each round, and nobody else', () => {
  const a = memberA({ knows: ['b', 'c', 'd', 'e', 'f'] });
  a.hear(dead('d', 1, 'b'), dead('e', 1, 'e'));
  a.hear(suspect('f', 1, 'b'), alive('f', 2));
  const probed: string[] = [];
  a.moveTo(a.now() + 13_000, (output) => {
    if (output.type !== 'send') return undefined;
    for (const message of output.messages) if (message.type === 'ping') probed.push(message.node);
    return acknowledged(output);
  });
  const counts = ['b', 'c', 'd', 'e', 'f'].map((name) => probed.filter((node) => node === name).length);
  const [b = 0, c = 0, d, e, f = 0] = counts;
  assert.deepEqual([d, e], [0, 0]);
  assert.ok(Math.min(b, c, f) >= 3 && Math.max(b, c, f) - Math.min(b, c, f) <= 1, `${counts}`);
});

test('a suspect hears with the probe that it is suspected, so that it can refute at once', () => {
  const a = memberA({ knows: ['b'] });
  a.hear(suspect('b', 1, 'c'));
  const { outputs } = nextProbe(a);
  const packet = only(outputs, 'send').find(({ messages }) => messages.some(({ type }) => type === 'ping'));
  assert.deepEqual(
    packet?.messages.slice(0, 2).map(({ type }) => type),
    ['ping', 'suspect'],
  );
  assert.equal(packet?.crc, true);
});

test('a ping says who asks, and is not followed by anything once it was answered', () => {
  const a = memberA({ knows: ['b', 'c', 'd', 'e'] });
  const { outputs, seqNo, at } = nextProbe(a);
  const [ping] = sentOf(outputs, 'ping');
  assert.deepEqual([ping?.sourceAddr, ping?.sourcePort, ping?.sourceNode], [addressBytes('10.0.0.97'), 7946, 'a']);
  a.hear(ack(seqNo));
  assert.deepEqual(a.moveTo(at + 999), []);
});

test('who does not answer is asked by way of others and over TCP after the timeout, and suspected after the interval', () => {
  const a = memberA({ knows: ['b', 'c', 'd', 'e', 'f', 'g'] });
  const { seqNo, node, at } = nextProbe(a);
  assert.deepEqual(a.moveTo(at + 499), []);
  const asked = a.moveTo(at + 500);
  const requests = sentOf(asked, 'indirectPing');
  assert.equal(requests.length, 3);
  for (const request of requests) {
    assert.deepEqual([request.seqNo, request.node, request.nack], [seqNo, node, true]);
    assert.deepEqual([request.target, request.port], [addressBytes(placeOf(node).address), 7946]);
  }
  assert.equal(new Set(only(asked, 'send').map(({ to }) => to.address)).size, 3, 'three different helpers');
  assert.ok(!only(asked, 'send').some(({ to }) => to.address === placeOf(node).address), 'the target helps nobody to reach itself');
  const [stream] = only(asked, 'open');
  assert.deepEqual([stream?.to, stream?.message.type, stream?.deadline], [placeOf(node), 'ping', at + 1_000]);
  assert.deepEqual(changes(a.moveTo(at + 999)), []);
  assert.deepEqual(changes(a.moveTo(at + 1_000)), [`suspected ${node}`]);
});

test('helpers are alive, and as many as there are', () => {
  const a = memberA({ knows: ['b', 'c', 'd'] });
  let probe = nextProbe(a);
  while (probe.node !== 'b') {
    a.hear(ack(probe.seqNo));
    probe = nextProbe(a);
  }
  a.hear(suspect('c', 1, 'b'));
  const helpers = only(a.moveTo(probe.at + 500), 'send').filter(({ messages }) => messages.some(({ type }) => type === 'indirectPing'));
  assert.deepEqual(
    helpers.map(({ to }) => to),
    [placeOf('d')],
  );
});

test('any answer before the deadline is enough', () => {
  const rows: readonly (readonly [
    name: string,
    answer: (a: A, seqNo: number, stream: number) => void,
    counts: Partial<ReturnType<A['swim']['counters']>>,
  ])[] = [
    ['directly and late', (a, seqNo) => a.hearFrom('target', ack(seqNo)), { probesRelayed: 1 }],
    ['by TCP', (a, seqNo, stream) => a.step({ type: 'response', stream, message: ack(seqNo) }), { probesByTcp: 1 }],
  ];
  for (const [name, answer, counts] of rows) {
    const a = memberA({ knows: ['b', 'c', 'd', 'e'] });
    const { seqNo, node, at } = nextProbe(a);
    const [stream] = only(a.moveTo(at + 500), 'open');
    answer(a, seqNo, stream?.stream ?? 0);
    assert.deepEqual(changes(a.moveTo(at + 1_000)), [], name);
    assert.equal(a.stateOf(node), 'alive', name);
    const { probesRelayed, probesByTcp } = a.swim.counters();
    assert.deepEqual({ ...(probesRelayed > 0 && { probesRelayed }), ...(probesByTcp > 0 && { probesByTcp }) }, counts, name);
  }
});

test('an answer to another number, by UDP or TCP, saves nobody', () => {
  const a = memberA({ knows: ['b', 'c', 'd', 'e'] });
  const { seqNo, node, at } = nextProbe(a);
  const [stream] = only(a.moveTo(at + 500), 'open');
  a.hear(ack(seqNo + 1));
  a.step({ type: 'response', stream: stream?.stream ?? 0, message: ack(seqNo + 1) });
  assert.equal(a.refused()['unknown-acknowledgement'], 1);
  assert.deepEqual(changes(a.moveTo(at + 1_000)), [`suspected ${node}`]);
});

test('no ping over TCP where the setting says so, or to who does not understand it', () => {
  const vsn = Uint8Array.of(1, 2, 2, 0, 0, 0);
  for (const timing of [{ ...timingPresets.lan, tcpPings: false }, timingPresets.lan]) {
    const a = memberA({ timing });
    a.hear(alive('b', 1, timing.tcpPings ? { vsn } : {}));
    const { at } = nextProbe(a);
    assert.deepEqual(only(a.moveTo(at + 500), 'open'), []);
  }
});

test('the health score follows the probes, and stretches only the time to answer', () => {
  const rows: readonly (readonly [nacks: number, score: number])[] = [
    [3, 0],
    [2, 1],
    [0, 3],
  ];
  for (const [nacks, score] of rows) {
    const a = memberA({ knows: ['b', 'c', 'd', 'e', 'f'] });
    const first = nextProbe(a);
    a.moveTo(first.at + 500);
    for (let count = 0; count < nacks; count++) a.hear(nack(first.seqNo));
    a.moveTo(first.at + 999);
    const outputs = a.moveTo(first.at + 1_000);
    assert.equal(a.swim.awareness(), score, `${nacks} of 3 nacks`);
    // The turn at which the first probe ended begins the next one.
    const [ping] = sentOf(outputs, 'ping');
    assert.ok(ping);
    const second = { at: a.now(), node: ping.node };
    const suspectedAt = second.at + 1_000 * (score + 1);
    assert.equal(sentOf(a.moveTo(second.at + 500), 'indirectPing').length > 0, true, 'the direct timeout stays');
    assert.ok(!changes(a.moveTo(suspectedAt - 1)).includes(`suspected ${second.node}`));
    assert.ok(changes(a.moveTo(suspectedAt)).includes(`suspected ${second.node}`));
  }
});

test('who refuted while it was probed is not suspected', () => {
  const a = memberA({ knows: ['b', 'c', 'd'] });
  const { node, at } = nextProbe(a);
  a.hear(alive(node, 2));
  assert.deepEqual(changes(a.moveTo(at + 1_000)), []);
});

test('a datagram that did not leave', () => {
  for (const remote of [true, false]) {
    const a = memberA({ knows: ['b', 'c', 'd'] });
    const { node, at } = nextProbe(a);
    const outputs = a.step({ type: 'sendFailed', to: placeOf(node), remote });
    assert.equal(sentOf(outputs, 'indirectPing').length, remote ? 2 : 0, 'others are asked at once only where the way is to blame');
    assert.deepEqual(changes(a.moveTo(at + 1_000)), remote ? [`suspected ${node}`] : []);
  }
});

test('a ping is answered to where the asker says that it listens, else to where it came from', () => {
  const rows: readonly (readonly [change: object, to: string])[] = [
    [{}, '10.0.0.98:7946'],
    [{ sourceAddr: addressBytes('10.1.1.1'), sourcePort: 9_000 }, '10.1.1.1:9000'],
    [{ sourceAddr: addressBytes('10.1.1.1') }, '10.0.0.98:7946'],
    [{ sourcePort: 9_000 }, '10.0.0.98:7946'],
  ];
  for (const [change, to] of rows) {
    const a = memberA();
    for (const node of ['a', '']) {
      const [answer] = only(a.hear({ type: 'ping', seqNo: 77, node, ...change }), 'send');
      assert.equal(`${answer?.to.address}:${answer?.to.port}`, to);
      assert.deepEqual(answer?.messages[0], { type: 'ack', seqNo: 77, payload: new Uint8Array() });
    }
  }
});

test('a ping for somebody else is not answered, by UDP or TCP', () => {
  const a = memberA();
  const ping: Message = { type: 'ping', seqNo: 1, node: 'b' };
  assert.deepEqual(a.hear(ping), []);
  assert.deepEqual(a.step({ type: 'request', stream: 5, message: ping, from: placeOf('b') }), [{ type: 'close', stream: 5 }]);
  assert.equal(a.refused()['not-for-us'], 2);
});

test('a ping over TCP is answered on its stream', () => {
  const outputs = memberA().step({ type: 'request', stream: 5, message: { type: 'ping', seqNo: 9, node: 'a' }, from: placeOf('b') });
  assert.deepEqual(outputs, [{ type: 'reply', stream: 5, message: { type: 'ack', seqNo: 9, payload: new Uint8Array() } }]);
});

const indirect = (nackWanted: boolean, seqNo = 500): Message => ({
  type: 'indirectPing',
  seqNo,
  target: addressBytes('10.0.0.120'),
  port: 7946,
  node: 'x',
  nack: nackWanted,
});

test('an indirect ping is passed on under a number of our own, and its answer under the number of who asked', () => {
  const a = memberA();
  const [passedOn] = sentOf(a.hearFrom('c', indirect(true)), 'ping', 'x');
  assert.ok(passedOn);
  assert.equal(passedOn.node, 'x');
  assert.notEqual(passedOn.seqNo, 500);
  assert.deepEqual(sent(a.hearFrom('x', ack(passedOn.seqNo)), 'c')[0], { type: 'ack', seqNo: 500, payload: new Uint8Array() });
  assert.deepEqual(sent(a.moveTo(2_000), 'c'), [], 'no nack once it was answered');
  assert.deepEqual(sent(a.hearFrom('x', ack(passedOn.seqNo)), 'c'), [], 'an answer counts once');
});

test('who asked hears a nack where it wants one, when the target did not answer in time', () => {
  for (const wanted of [true, false]) {
    const a = memberA();
    a.hearFrom('c', indirect(wanted));
    assert.deepEqual(sent(a.moveTo(499), 'c'), []);
    assert.deepEqual(
      sent(a.moveTo(500), 'c').filter(({ type }) => type === 'nack'),
      wanted ? [nack(500)] : [],
    );
  }
});

test('no more indirect pings are passed on at a time than the limit says', () => {
  const a = memberA({ limits: { ...swimLimits, relays: 2 } });
  const passedOn = [1, 2, 3].map((seqNo) => sentOf(a.hearFrom('c', indirect(true, seqNo)), 'ping').length);
  assert.deepEqual(passedOn, [1, 1, 0]);
  assert.equal(a.refused()['too-many-relays'], 1);
  a.moveTo(600);
  assert.equal(sentOf(a.hearFrom('c', indirect(true, 4)), 'ping').length, 1, 'there is room again when their time is over');
});

test('who was asleep does not hold its own deafness against others', () => {
  const a = memberA({ knows: ['b', 'c', 'd'] });
  a.hear(suspect('b', 1, 'c'));
  const { at } = nextProbe(a);
  a.sleepUntil(at + 60_000);
  assert.deepEqual(changes(a.step({ type: 'tick' })), [], 'neither is the suspect dead nor the probe failed');
  assert.equal(a.swim.counters().stalls, 1);
  assert.deepEqual(changes(a.hear(alive('b', 2))), ['cleared b']);
});

test('each ping has a number of its own, from 1 on', () => {
  const a = memberA();
  const numbers = [1, 2, 3].map((seqNo) => sentOf(a.hearFrom('c', indirect(true, seqNo)), 'ping', 'x')[0]?.seqNo);
  assert.deepEqual(numbers, [1, 2, 3]);
});
