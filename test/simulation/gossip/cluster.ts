/**
 * Many members in one process, on virtual time, over a network that loses, delays, repeats and cuts by a seed. Up to
 * `sealedMax` of them speak by the real wire and encryption: every packet is sealed, travels as bytes, and is opened again. A larger
 * cluster is there for the rules alone, and its messages travel as values: news of n members for n members is a square, and what
 * the bytes have to prove, the small ones prove. Whatever must hold at every moment is asserted where it happens.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Address } from '../../../src/nodes/gossip/address.ts';
import { keyRing, nonceBytes, parseKey } from '../../../src/nodes/gossip/key-ring.ts';
import type { Message } from '../../../src/nodes/gossip/messages.ts';
import { createStreamReader, sealStream } from '../../../src/nodes/gossip/stream-wire.ts';
import { createSwim, swimSettings } from '../../../src/nodes/gossip/swim.ts';
import type { Input, Output, Swim } from '../../../src/nodes/gossip/swim-interface.ts';
import type { Timing } from '../../../src/nodes/gossip/timing.ts';
import { openDatagram, sealDatagram } from '../../../src/nodes/gossip/wire.ts';
import { type Draws, drawsFrom } from '../../torture/chance.ts';
import { type EventQueue, eventQueue } from './event-queue.ts';

export interface Network {
  /** The share of datagrams that get lost, and of those that come twice. */
  loss: number;
  repeated: number;
  delayMsMax: number;
  /** Members of different sides do not reach each other; undefined: all are on one side. */
  sideOf: ((name: string) => number) | undefined;
}

export interface SimulatedMember {
  readonly name: string;
  readonly place: Address;
  /** Undefined: it does not run. */
  swim: Swim | undefined;
  /** How fast its clock goes, and what it shows at the beginning. */
  readonly clockRate: number;
  readonly clockStart: number;
  /** While it is stopped, what comes in waits as in the buffer of a socket. */
  stopped: boolean;
  readonly inbox: (() => void)[];
  /** The moment of the next look at its deadlines; Infinity: none is planned. An earlier look than it needs does no harm. */
  looksAt: number;
  runs: number;
  /** The highest incarnation that it knew of each other one. */
  readonly known: Map<string, number>;
  /** How a stream that came in is answered. */
  readonly replies: Map<number, (message: Message | undefined) => void>;
}

export interface Cluster {
  readonly events: EventQueue;
  readonly network: Network;
  readonly members: readonly SimulatedMember[];
  readonly draws: Draws;
  start(member: SimulatedMember, contacts: readonly Address[]): void;
  crash(member: SimulatedMember): void;
  stop(member: SimulatedMember): void;
  resume(member: SimulatedMember): void;
  step(member: SimulatedMember, input: Input): void;
  /** Told of everything that any member says. */
  onOutput: (member: SimulatedMember, output: Output) => void;
  datagrams: number;
  /** Of all datagrams, so that two runs can be compared byte for byte. */
  digest(): string;
}

const bufferedMax = 300;
const datagramBytesMax = 1_400;
const sealedMax = 50;

export function createCluster(seed: number, count: number, timing: Timing): Cluster {
  const draws = drawsFrom(seed);
  const events = eventQueue();
  const ring = keyRing(parseKey(Buffer.alloc(32, 7).toString('base64'))!);
  const byPlace = new Map<string, SimulatedMember>();
  const keyOf = ({ address, port }: Address) => `${address} ${port}`;
  const traffic = createHash('sha256');
  const nonce = () => Uint8Array.from({ length: nonceBytes }, () => draws.whole(256));
  const settings = { ...swimSettings(timing), rejoinIntervalMs: 30 * timing.probeIntervalMs };
  const isSealed = count <= sealedMax;
  let streams = 0;

  const members = Array.from({ length: count }, (_, index): SimulatedMember => {
    const place = { address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, port: 7946 };
    const member: SimulatedMember = {
      name: `m${index}`,
      place,
      swim: undefined,
      clockRate: 0.98 + draws.fraction() * 0.04,
      clockStart: draws.whole(1_000_000),
      stopped: false,
      inbox: [],
      looksAt: Infinity,
      runs: 0,
      known: new Map(),
      replies: new Map(),
    };
    byPlace.set(keyOf(place), member);
    return member;
  });

  const localNow = (member: SimulatedMember) => Math.floor(member.clockStart + events.now() * member.clockRate);
  const momentOf = (member: SimulatedMember, local: number) => Math.ceil((local + 1 - member.clockStart) / member.clockRate);
  const network: Network = { loss: 0, repeated: 0, delayMsMax: 20, sideOf: undefined };
  const areApart = (one: SimulatedMember, other: SimulatedMember) =>
    network.sideOf !== undefined && network.sideOf(one.name) !== network.sideOf(other.name);
  const delay = () => 1 + draws.whole(network.delayMsMax);

  const cluster: Cluster = {
    events,
    network,
    members,
    draws,
    onOutput: () => {},
    datagrams: 0,
    digest: () => traffic.copy().digest('hex'),
    start(member, contacts) {
      assert.ok(member.swim === undefined, `${member.name} runs already`);
      member.runs++;
      member.known.clear();
      const self = { name: member.name, ...member.place, meta: new Uint8Array() };
      member.swim = createSwim(settings, self, drawsFrom(draws.whole(2 ** 31)).fraction, localNow(member));
      cluster.step(member, { type: 'join', addresses: contacts, remember: true });
    },
    crash(member) {
      member.swim = undefined;
      member.stopped = false;
      member.inbox.length = 0;
      member.replies.clear();
      member.looksAt = Infinity;
    },
    stop(member) {
      member.stopped = true;
      member.looksAt = Infinity;
    },
    resume(member) {
      if (!member.stopped) return;
      member.stopped = false;
      for (const take of member.inbox.splice(0)) take();
      planTick(member);
    },
    step,
  };

  function step(member: SimulatedMember, input: Input): void {
    if (member.swim === undefined) return;
    for (const output of member.swim.step(input, localNow(member))) {
      checkIncarnation(member, output);
      cluster.onOutput(member, output);
      carryOut(member, output);
    }
    planTick(member);
  }

  function planTick(member: SimulatedMember): void {
    if (member.swim === undefined || member.stopped) return;
    const at = Math.max(events.now(), momentOf(member, member.swim.wakeAt()));
    if (at >= member.looksAt) return;
    member.looksAt = at;
    events.plan(at, () => {
      if (member.looksAt !== at) return;
      member.looksAt = Infinity;
      step(member, { type: 'tick' });
    });
  }

  /** Of a member that stays in the list, only a higher incarnation is ever believed. */
  function checkIncarnation(member: SimulatedMember, output: Output): void {
    if (output.type !== 'member') return;
    const { name, incarnation } = output.member;
    if (output.change === 'forgotten') return void member.known.delete(name);
    const before = member.known.get(name) ?? 0;
    assert.ok(incarnation >= before, `${member.name} went back from incarnation ${before} to ${incarnation} of ${name}`);
    member.known.set(name, incarnation);
  }

  function carryOut(member: SimulatedMember, output: Output): void {
    if (output.type === 'send') sendDatagram(member, output);
    else if (output.type === 'open') openStream(member, output);
    else if (output.type === 'reply') reply(member, output.stream, output.message);
    else if (output.type === 'close') reply(member, output.stream, undefined);
  }

  function reply(member: SimulatedMember, stream: number, message: Message | undefined): void {
    const answer = member.replies.get(stream);
    member.replies.delete(stream);
    answer?.(message);
  }

  /** Runs `take` at the member, later if it is stopped, and never if that run of it has ended. */
  function deliver(member: SimulatedMember, run: number, take: () => void): void {
    if (member.swim === undefined || member.runs !== run) return;
    if (!member.stopped) take();
    else if (member.inbox.length < bufferedMax) member.inbox.push(take);
  }

  /** Sealed now, and opened whenever it arrives. */
  function sealedAndOpened(from: SimulatedMember, messages: readonly Message[], crc: boolean): () => readonly Message[] {
    const bytes = sealDatagram(messages, ring, nonce(), { crc });
    assert.ok(bytes.length <= datagramBytesMax, `${from.name} sent ${bytes.length} bytes`);
    traffic.update(bytes);
    return () => {
      const { messages: opened, rejected } = openDatagram(bytes, ring);
      assert.deepEqual(rejected, [], `${from.name} sent what cannot be read`);
      return opened;
    };
  }

  function asValues(from: SimulatedMember, to: Address, messages: readonly Message[]): () => readonly Message[] {
    traffic.update(`${events.now()} ${from.name} ${to.address} ${messages.map(toldApart).join()}\n`);
    return () => messages;
  }

  function sendDatagram(from: SimulatedMember, { to, messages, crc }: Extract<Output, { type: 'send' }>): void {
    const opened = isSealed ? sealedAndOpened(from, messages, crc) : asValues(from, to, messages);
    cluster.datagrams++;
    const target = byPlace.get(keyOf(to));
    if (target === undefined || areApart(from, target) || draws.happens(network.loss)) return;
    const take = () => step(target, { type: 'datagram', messages: opened(), from: from.place });
    for (let copies = draws.happens(network.repeated) ? 2 : 1; copies > 0; copies--) {
      events.plan(events.now() + delay(), () => deliver(target, target.runs, take));
    }
  }

  /** TCP repeats what was lost, so loss costs time; a cut or a stopped partner costs all of it, and nobody there is said at once. */
  function streamDelay(): number {
    let ms = 2 * delay();
    while (draws.happens(network.loss)) ms += 200;
    return ms;
  }

  /** What one end wrote, as bytes in two pieces through the reader of the other. */
  function travelled(message: Message): Message {
    if (!isSealed) return message;
    const bytes = sealStream(message, ring, nonce());
    const reader = createStreamReader(ring);
    const cut = draws.whole(bytes.length);
    reader.push(bytes.subarray(0, cut));
    const reading = reader.push(bytes.subarray(cut));
    assert.ok(reading.type === 'message', `a stream could not be read: ${JSON.stringify(reading)}`);
    return reading.message;
  }

  function openStream(from: SimulatedMember, { stream, to, message, deadline, expectsReply }: Extract<Output, { type: 'open' }>): void {
    const target = byPlace.get(keyOf(to));
    const run = from.runs;
    let isOver = !expectsReply;
    const end = (input: Input) => {
      if (isOver) return;
      isOver = true;
      deliver(from, run, () => step(from, input));
    };
    events.plan(momentOf(from, deadline), () => end({ type: 'streamFailed', stream, why: 'it did not answer in time' }));
    events.plan(events.now() + streamDelay(), () => {
      if (target === undefined || areApart(from, target)) return;
      if (target.swim === undefined) return end({ type: 'streamFailed', stream, why: 'nobody listens there' });
      const request = ++streams;
      target.replies.set(request, (answer) => {
        events.plan(events.now() + streamDelay(), () => {
          if (areApart(from, target)) return;
          end(
            answer === undefined
              ? { type: 'streamFailed', stream, why: 'it closed' }
              : { type: 'response', stream, message: travelled(answer) },
          );
        });
      });
      deliver(target, target.runs, () => step(target, { type: 'request', stream: request, message: travelled(message), from: from.place }));
    });
  }

  return cluster;
}

/** What of a message differs between two runs that are not the same. */
function toldApart(message: Message): string {
  if ('incarnation' in message) return `${message.type} ${message.node} ${message.incarnation}`;
  return 'seqNo' in message ? `${message.type} ${message.seqNo}` : message.type;
}
