/**
 * Messages between agents and overwatches as bytes, inside memberlist's user messages, and back. Bytes become a checked
 * message or a reason from the closed list, and never an exception (I9). Whether a seal fits is not asked here, since
 * only the message says whose key it would be: `sealFits` asks it, and nothing may be believed before.
 *
 *     0x4f 'O'   version 1   type   MessagePack array: the fields by position   [MAC, 16 bytes, over all before it]
 */
import { Decoder, Encoder } from '@msgpack/msgpack';
import { type AgentMessage, codes, isSealed, layouts, type MessageType } from './agent-messages.ts';
import { identityLimits } from './limits.ts';
import { isPlausible } from './message-outline.ts';
import { type Direction, macBytes, macFits, macOf } from './proofs.ts';
import { type Field, recordOf, unfit } from './wire-fields.ts';

const firstByte = 0x4f;
const version = 1;
const headBytes = 3;

/** The bytes that a seal is over, and the seal. */
export interface Seal {
  readonly over: Uint8Array;
  readonly mac: Uint8Array;
}

export type Decoded =
  | { readonly message: AgentMessage; readonly seal: Seal | undefined }
  | { readonly rejected: 'malformed' | 'too-large' | 'unknown-version' };

const types = Object.keys(layouts) as MessageType[];
const typeOf = new Map(types.map((type) => [codes[type], type]));
const fieldsOf = Object.fromEntries(types.map((type) => [type, recordOf(layouts[type])])) as unknown as Record<
  MessageType,
  Field<Record<string, unknown>>
>;
const encoder = new Encoder();
const decoder = new Decoder({ useBigInt64: false });

const directions: Readonly<Record<MessageType, Direction>> = {
  greet: 'from-agent',
  present: 'from-overwatch',
  hello: 'from-agent',
  welcome: 'from-overwatch',
  refused: 'from-overwatch',
  beat: 'from-agent',
  ack: 'from-overwatch',
  farewell: 'from-agent',
};

/** Whether these bytes mean to be one of our messages, and not, say, the JSON of an original agent. */
export function isOurs(bytes: Uint8Array): boolean {
  return bytes[0] === firstByte;
}

/** Whether it may go in a datagram. */
export function fitsDatagram(bytes: Uint8Array): boolean {
  return bytes.length <= identityLimits.datagramBytesMax;
}

/** A message without a seal. */
export function encodeOpen(message: AgentMessage): Uint8Array {
  if (isSealed[message.type]) throw new Error(`a ${message.type} is sealed`);
  return encodeBody(message);
}

/** A message with its seal under the key of the pair. */
export function encodeSealed(message: AgentMessage, key: Uint8Array): Uint8Array {
  if (!isSealed[message.type]) throw new Error(`a ${message.type} has no seal`);
  const body = encodeBody(message);
  return new Uint8Array(Buffer.concat([body, macOf(key, directions[message.type], body)]));
}

/** What we say ourselves fits its fields: anything else is a broken invariant, and throws. */
function encodeBody(message: AgentMessage): Uint8Array {
  const fields = fieldsOf[message.type];
  const values = fields.write(message as unknown as Record<string, unknown>);
  const bytes = new Uint8Array(Buffer.concat([Uint8Array.of(firstByte, version, codes[message.type]), encoder.encode(values)]));
  const isReadable = bytes.length <= identityLimits.messageBytesMax - macBytes && readBody(message.type, bytes) !== unfit;
  if (!isReadable) throw new Error(`a ${message.type} holds what nobody could read`);
  return bytes;
}

/**
 *     bytes                                     reading
 *     longer than any message                   too-large
 *     another first byte, or no type that is    malformed
 *     another version                           unknown-version
 *     fields that do not fit, or bytes left     malformed
 *     anything else                             a message, with its seal where it has one
 */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length > identityLimits.messageBytesMax) return { rejected: 'too-large' };
  if (bytes.length <= headBytes || bytes[0] !== firstByte) return { rejected: 'malformed' };
  if (bytes[1] !== version) return { rejected: 'unknown-version' };
  const type = typeOf.get(bytes[2] ?? 0);
  if (type === undefined) return { rejected: 'malformed' };

  const over = isSealed[type] ? bytes.subarray(0, Math.max(bytes.length - macBytes, 0)) : bytes;
  const found = readBody(type, over);
  if (found === unfit) return { rejected: 'malformed' };
  const message = { type, ...found } as AgentMessage;
  return { message, seal: over === bytes ? undefined : { over, mac: bytes.subarray(over.length) } };
}

/** The fields behind the head. */
function readBody(type: MessageType, bytes: Uint8Array): Record<string, unknown> | typeof unfit {
  const body = bytes.subarray(headBytes);
  if (!isPlausible(body, identityLimits.nestingMax)) return unfit;
  try {
    return fieldsOf[type].read(decoder.decode(body));
  } catch {
    return unfit;
  }
}

/** Whether the message was sealed by its sender, unchanged. A message without a seal was not. */
export function sealFits({ message, seal }: { readonly message: AgentMessage; readonly seal: Seal | undefined }, key: Uint8Array): boolean {
  return seal !== undefined && macFits(key, directions[message.type], seal.over, seal.mac);
}
