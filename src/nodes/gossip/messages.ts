/**
 * The messages of memberlist's protocol as typed values, and each one's body in msgpack. Every inbound field is looked
 * at before anything is believed: a message is either wholly sound or a counted rejection, and decoding never throws
 * (I9). Decoded bytes are copies, so that what is kept for long does not hold on to the packet that it came in. What
 * wraps a message (compound, compression, checksum, encryption) is the business of wire.ts.
 */
import { assertNever } from '../../projections/assert-never.ts';
import { type CheckedFields, checkedFields, outgoing } from './message-fields.ts';
import { encodeMap, readMap } from './msgpack.ts';
import { isRejection, type Rejection } from './rejections.ts';
import { wireLimits } from './wire-limits.ts';

/** Where an answer to a ping goes, if not to where the ping came from. */
export interface Source {
  /** 4 or 16 bytes. */
  readonly sourceAddr?: Uint8Array;
  /** 1 to 65535. */
  readonly sourcePort?: number;
  readonly sourceNode?: string;
}

export interface Ping extends Source {
  readonly type: 'ping';
  readonly seqNo: number;
  /** Whom it is for; empty: whoever listens there. */
  readonly node: string;
}
export interface IndirectPing extends Source {
  readonly type: 'indirectPing';
  readonly seqNo: number;
  readonly target: Uint8Array;
  readonly port: number;
  readonly node: string;
  /** Whether the asker wants to hear that the target did not answer. */
  readonly nack: boolean;
}
export interface Ack {
  readonly type: 'ack';
  readonly seqNo: number;
  readonly payload: Uint8Array;
}
export interface Nack {
  readonly type: 'nack';
  readonly seqNo: number;
}
export interface Suspect {
  readonly type: 'suspect';
  readonly incarnation: number;
  readonly node: string;
  readonly from: string;
}
export interface Dead {
  readonly type: 'dead';
  readonly incarnation: number;
  readonly node: string;
  readonly from: string;
}
/** What alive messages and push/pull records both say of a member. */
interface Described {
  readonly incarnation: number;
  /** 4 bytes for IPv4, 16 for IPv6; never IPv6 that stands for IPv4, which other members take for another address. */
  readonly addr: Uint8Array;
  /** 0: the receiver's own port. */
  readonly port: number;
  /** At most 512 bytes. */
  readonly meta: Uint8Array;
  /** Six numbers: least, greatest and spoken version of the protocol, then the same of the application. */
  readonly vsn: Uint8Array;
}
export interface Alive extends Described {
  readonly type: 'alive';
  readonly node: string;
}
export interface User {
  readonly type: 'user';
  readonly bytes: Uint8Array;
}
export interface NodeRecord extends Described {
  readonly name: string;
  readonly state: NodeState;
}
export interface PushPull {
  readonly type: 'pushPull';
  readonly join: boolean;
  readonly nodes: readonly NodeRecord[];
  readonly userState: Uint8Array;
  /** Inbound only, and absent where it would be 0: records left out because a field of theirs is not sound. */
  readonly refusedRecords?: number;
}
export interface Err {
  readonly type: 'err';
  readonly error: string;
}

export type Message = Ping | IndirectPing | Ack | Nack | Suspect | Dead | Alive | User | PushPull | Err;

/** The order is the number on the wire. */
export const nodeStates = ['alive', 'suspect', 'dead', 'left'] as const;
export type NodeState = (typeof nodeStates)[number];

/** A user message has a header on a stream and none in a datagram; the state of a whole cluster fits only a stream. */
export type Carrier = 'datagram' | 'stream';

/** The first byte of each message. Those that wrap others, 7, 9, 10, 12 and 244, are in wire.ts. */
const typeBytes: Readonly<Record<Message['type'], number>> = {
  ping: 0,
  indirectPing: 1,
  ack: 2,
  suspect: 3,
  alive: 4,
  dead: 5,
  pushPull: 6,
  user: 8,
  nack: 11,
  err: 13,
};
export const messageTypes = Object.keys(typeBytes) as readonly Message['type'][];
const typeNames = new Map(Object.entries(typeBytes).map(([name, byte]) => [byte, name as Message['type']]));

/**
 * | message                          | datagram | stream |
 * |----------------------------------|----------|--------|
 * | ping, ack, user                  | yes      | yes    |
 * | indirectPing, nack               | yes      | no     |
 * | suspect, alive, dead             | yes      | no     |
 * | pushPull, err                    | no       | yes    |
 */
const carriers: Readonly<Record<Message['type'], readonly Carrier[]>> = {
  ping: ['datagram', 'stream'],
  ack: ['datagram', 'stream'],
  user: ['datagram', 'stream'],
  indirectPing: ['datagram'],
  nack: ['datagram'],
  suspect: ['datagram'],
  alive: ['datagram'],
  dead: ['datagram'],
  pushPull: ['stream'],
  err: ['stream'],
};

/** The message with its type byte. */
export function encode(message: Message, carrier: Carrier = 'datagram'): Uint8Array {
  const type = Uint8Array.of(typeBytes[message.type]);
  if (message.type === 'pushPull') return Buffer.concat([type, ...pushPullParts(message)]);
  if (message.type !== 'user') return Buffer.concat([type, encodeMap(fieldsOf(message))]);
  const header = carrier === 'stream' ? encodeMap({ UserMsgLen: message.bytes.length }) : new Uint8Array(0);
  return Buffer.concat([type, header, message.bytes]);
}

function fieldsOf(message: Exclude<Message, User | PushPull>): Parameters<typeof encodeMap>[0] {
  switch (message.type) {
    case 'ping':
      return { SeqNo: message.seqNo, Node: outgoing.nameOrEmpty(message.node), ...sourceFields(message) };
    case 'indirectPing':
      return {
        SeqNo: message.seqNo,
        Target: outgoing.address(message.target),
        Port: outgoing.port(message.port),
        Node: outgoing.nameOrEmpty(message.node),
        Nack: message.nack,
        ...sourceFields(message),
      };
    case 'ack':
      return { SeqNo: message.seqNo, Payload: outgoing.bytes(message.payload, wireLimits.datagramInflatedBytesMax) };
    case 'nack':
      return { SeqNo: message.seqNo };
    case 'suspect':
    case 'dead':
      return { Incarnation: message.incarnation, Node: outgoing.name(message.node), From: outgoing.name(message.from) };
    case 'alive':
      return { Node: outgoing.name(message.node), ...describedFields(message) };
    case 'err':
      return { Error: outgoing.text(message.error, wireLimits.errorBytesMax) };
    default:
      return assertNever(message);
  }
}

/** What is zero or empty is left out, and so is what would not be read back. */
function sourceFields({ sourceAddr, sourcePort, sourceNode }: Source): Parameters<typeof encodeMap>[0] {
  return {
    SourceAddr: sourceAddr === undefined || sourceAddr.length === 0 ? undefined : outgoing.address(sourceAddr),
    SourcePort: sourcePort === undefined || sourcePort === 0 ? undefined : outgoing.port(sourcePort),
    SourceNode: sourceNode === undefined || sourceNode === '' ? undefined : outgoing.name(sourceNode),
  };
}

function describedFields({ incarnation, addr, port, meta, vsn }: Described): Parameters<typeof encodeMap>[0] {
  return {
    Incarnation: incarnation,
    Addr: outgoing.address(addr),
    Port: outgoing.port(port),
    Meta: outgoing.bytes(meta, wireLimits.metaBytesMax),
    Vsn: outgoing.versions(vsn),
  };
}

function pushPullParts({ join, nodes, userState }: PushPull): readonly Uint8Array[] {
  return [
    encodeMap({ Nodes: nodes.length, UserStateLen: userState.length, Join: join }),
    ...nodes.map((node) => encodeMap({ Name: outgoing.name(node.name), State: nodeStates.indexOf(node.state), ...describedFields(node) })),
    userState,
  ];
}

/**
 * | first byte                       | reading         |
 * |----------------------------------|-----------------|
 * | none                             | `empty`         |
 * | of no message that we know       | `unknown-type`  |
 * | of one that does not travel so   | `wrong-carrier` |
 * | of any other                     | by its body     |
 *
 * Bytes behind a body are left alone: other members tolerate them too.
 */
export function decode(bytes: Uint8Array, carrier: Carrier = 'datagram'): Message | Rejection {
  const first = bytes[0];
  if (first === undefined) return { rejected: 'empty' };
  const type = typeNames.get(first);
  if (type === undefined) return { rejected: 'unknown-type' };
  if (!carriers[type].includes(carrier)) return { rejected: 'wrong-carrier' };
  if (type === 'user' && carrier === 'datagram') return { type, bytes: new Uint8Array(bytes.subarray(1)) };

  const map = readCompleteMap(bytes, 1);
  if (isRejection(map)) return map;
  const read = checkedFields(map.fields);
  if (type === 'pushPull') return readPushPull(read, bytes, map.end);
  if (type === 'user') return readUser(read, bytes, map.end);
  const message = readBody(type, read);
  return read.fault() ?? message;
}

/** A map of which all bytes must be there already. */
function readCompleteMap(bytes: Uint8Array, at: number): Exclude<ReturnType<typeof readMap>, string> | Rejection {
  const map = readMap(bytes, at);
  if (map === 'more') return { rejected: 'truncated' };
  return map === 'malformed' ? { rejected: 'malformed' } : map;
}

function readBody(type: Exclude<Message['type'], 'user' | 'pushPull'>, read: CheckedFields): Message {
  switch (type) {
    case 'ping':
      return { type, seqNo: read.u32('SeqNo'), node: read.nameOrEmpty('Node'), ...readSource(read) };
    case 'indirectPing':
      return {
        type,
        seqNo: read.u32('SeqNo'),
        target: read.address('Target'),
        port: read.port('Port'),
        node: read.nameOrEmpty('Node'),
        nack: read.truth('Nack'),
        ...readSource(read),
      };
    case 'ack':
      return { type, seqNo: read.u32('SeqNo'), payload: read.bytes('Payload', wireLimits.datagramInflatedBytesMax) };
    case 'nack':
      return { type, seqNo: read.u32('SeqNo') };
    case 'suspect':
    case 'dead':
      return { type, incarnation: read.u32('Incarnation'), node: read.name('Node'), from: read.name('From') };
    case 'alive':
      return { type, node: read.name('Node'), ...readDescribed(read) };
    case 'err':
      return { type, error: read.text('Error', wireLimits.errorBytesMax) };
    default:
      return assertNever(type);
  }
}

function readSource(read: CheckedFields): Source {
  const [sourceAddr, sourcePort, sourceNode] = [read.addressOrEmpty('SourceAddr'), read.port('SourcePort'), read.nameOrEmpty('SourceNode')];
  return {
    ...(sourceAddr.length > 0 && { sourceAddr }),
    ...(sourcePort > 0 && { sourcePort }),
    ...(sourceNode !== '' && { sourceNode }),
  };
}

function readDescribed(read: CheckedFields): Described {
  return {
    incarnation: read.u32('Incarnation'),
    addr: read.address('Addr'),
    port: read.port('Port'),
    meta: read.bytes('Meta', wireLimits.metaBytesMax),
    vsn: read.versions('Vsn'),
  };
}

function readUser(read: CheckedFields, bytes: Uint8Array, at: number): Message | Rejection {
  const length = read.whole('UserMsgLen', wireLimits.userBytesMax, 'too-long');
  const fault = read.fault();
  if (fault !== undefined) return fault;
  if (at + length > bytes.length) return { rejected: 'truncated' };
  return { type: 'user', bytes: new Uint8Array(bytes.subarray(at, at + length)) };
}

/**
 * A record with an unsound field is left out and counted, not a reason to refuse the others: one broken member would
 * otherwise keep every cluster that it is in from ever merging. One that cannot be read at all ends the reading, because
 * nobody knows where the next one begins.
 */
function readPushPull(header: CheckedFields, bytes: Uint8Array, at: number): Message | Rejection {
  const count = header.whole('Nodes', wireLimits.pushPullNodesMax, 'too-long');
  const length = header.whole('UserStateLen', wireLimits.userBytesMax, 'too-long');
  const join = header.truth('Join');
  const fault = header.fault();
  if (fault !== undefined) return fault;
  // Even an empty record has a byte, so a claim that the bytes cannot back is seen before the first one is read.
  if (at + count + length > bytes.length) return { rejected: 'truncated' };

  const nodes: NodeRecord[] = [];
  let next = at;
  for (let index = 0; index < count; index += 1) {
    const map = readCompleteMap(bytes, next);
    if (isRejection(map)) return map;
    const record = readRecord(checkedFields(map.fields));
    if (record !== undefined) nodes.push(record);
    next = map.end;
  }
  if (next + length > bytes.length) return { rejected: 'truncated' };
  const userState = new Uint8Array(bytes.subarray(next, next + length));
  const refusedRecords = count - nodes.length;
  return { type: 'pushPull', join, nodes, userState, ...(refusedRecords > 0 && { refusedRecords }) };
}

function readRecord(read: CheckedFields): NodeRecord | undefined {
  const state = nodeStates[read.whole('State', nodeStates.length - 1)] ?? 'dead';
  const record = { name: read.name('Name'), state, ...readDescribed(read) };
  return read.fault() === undefined ? record : undefined;
}
