/** Packets as other members of a cluster make them, built apart from the code that reads them. */
import { createCipheriv } from 'node:crypto';
import { type GossipKey, type KeyRing, keyRing, parseKey } from '../../../../src/nodes/gossip/key-ring.ts';
import type { Alive, Message, NodeRecord, PushPull } from '../../../../src/nodes/gossip/messages.ts';

export const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
export const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
export const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
export const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** 32 bytes that begin with `first` and rise by one. */
export const rawKey = (first: number): Buffer => Buffer.from(Array.from({ length: 32 }, (_, index) => (first + index) & 0xff));
export function key(first: number): GossipKey {
  const made = parseKey(rawKey(first).toString('base64'));
  if (made === undefined) throw new Error('32 bytes are a key');
  return made;
}
export const ring: KeyRing = keyRing(key(0));
export const nonce = new Uint8Array(12).fill(0x11);

function encrypt(version: 0 | 1, plain: Uint8Array, extra: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', rawKey(0), nonce).setAAD(extra);
  return joined(Uint8Array.of(version), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag());
}

/** A datagram of version 1 with these bytes in it. */
export const sealed = (plain: Uint8Array, extra: Uint8Array = new Uint8Array(0)): Uint8Array => encrypt(1, plain, extra);
/** A datagram of version 0; `padding` stands behind the message. */
export const sealedAsVersion0 = (plain: Uint8Array, padding: Uint8Array): Uint8Array =>
  encrypt(0, joined(plain, padding), new Uint8Array(0));
/** The padding that version 0 demands. */
export const paddingFor = (plain: Uint8Array): Uint8Array => new Uint8Array(16 - (plain.length % 16)).fill(16 - (plain.length % 16));
/** The frame of a stream with these bytes in it. */
export function frame(plain: Uint8Array): Uint8Array {
  const header = Buffer.from([10, 0, 0, 0, 0]);
  header.writeUInt32BE(plain.length + 29, 1);
  return joined(header, sealed(plain, header));
}

export function compoundOf(...parts: readonly Uint8Array[]): Uint8Array {
  const lengths = parts.map(({ length }) => Uint8Array.of(length >> 8, length & 0xff));
  return joined(Uint8Array.of(7, parts.length), ...lengths, ...parts);
}

const u32 = (value: number): Uint8Array => Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
/** A compress message around what is compressed already; its bytes are written as bin, as newer encoders do. */
export const compressOf = (packed: Uint8Array, algorithm = 0): Uint8Array =>
  joined(bytes('09 82 a4416c676f'), Uint8Array.of(algorithm), bytes('a3427566 c6'), u32(packed.length), packed);

export const vsn = Uint8Array.of(1, 5, 2, 0, 0, 0);
export const alive: Alive = {
  type: 'alive',
  incarnation: 7,
  node: 'web-1',
  addr: Uint8Array.of(192, 0, 2, 7),
  port: 7946,
  meta: ascii('region=eu'),
  vsn,
};
export const record: NodeRecord = {
  name: 'web-1',
  addr: Uint8Array.of(192, 0, 2, 7),
  port: 7946,
  meta: new Uint8Array(0),
  incarnation: 3,
  state: 'suspect',
  vsn,
};
export const pushPull: PushPull = {
  type: 'pushPull',
  join: true,
  nodes: [record, { ...record, name: 'web-2' }],
  userState: ascii('state'),
};

const source = { sourceAddr: Uint8Array.of(127, 0, 0, 1), sourcePort: 27_948, sourceNode: 'go3' };
/** One of each, and the same with what may be left out. */
export const datagramMessages: readonly Message[] = [
  { type: 'ping', seqNo: 1, node: 'js3', ...source },
  { type: 'ping', seqNo: 0xffff_ffff, node: '' },
  { type: 'indirectPing', seqNo: 2, target: new Uint8Array(16).fill(0x20), port: 7946, node: 'web-2', nack: true, ...source },
  { type: 'indirectPing', seqNo: 2, target: Uint8Array.of(192, 0, 2, 9), port: 7946, node: 'web-2', nack: false },
  { type: 'ack', seqNo: 300, payload: ascii('coordinates') },
  { type: 'ack', seqNo: 70_000, payload: new Uint8Array(0) },
  { type: 'nack', seqNo: 3 },
  { type: 'suspect', incarnation: 4, node: 'web-1', from: 'web-2' },
  { type: 'dead', incarnation: 5, node: 'web-1', from: 'web-1' },
  alive,
  { ...alive, meta: new Uint8Array(512).fill(0xff), addr: new Uint8Array(16).fill(0xfe), node: 'ü'.repeat(127) },
  { type: 'user', bytes: ascii('anything') },
  { type: 'user', bytes: new Uint8Array(0) },
];
export const streamMessages: readonly Message[] = [
  { type: 'ping', seqNo: 1, node: 'js3', ...source },
  { type: 'ack', seqNo: 300, payload: new Uint8Array(0) },
  { type: 'user', bytes: new Uint8Array(70_000).fill(3) },
  { type: 'user', bytes: new Uint8Array(0) },
  pushPull,
  { type: 'pushPull', join: false, nodes: [], userState: new Uint8Array(0) },
  { type: 'err', error: 'remote state is not encrypted' },
];
