/**
 * What a DNS client sees of a server, as a whole: for each question every reply that it may get, record by record, with TTLs
 * and flags. Two photographs are equal exactly where no client could tell the difference. What is left out, and why: which
 * of several replies comes next, because that is drawn, and the serial of the SOA, which is compared by itself.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, type Packet, type RecordType } from 'dns-packet';

export interface Question {
  readonly name: string;
  readonly type: RecordType;
}

/** One reply as text, in the order in which it came. */
export interface Reply {
  readonly text: string;
  /** Of the SOA in it; undefined where it has none. */
  readonly serial: number | undefined;
}

/** Every reply that was seen, by question. */
export type Photograph = ReadonlyMap<string, readonly string[]>;

export const questionText = ({ name, type }: Question) => `${name} ${type}`;

export interface DnsClient {
  /** Undefined: none came in time (default: a second), or nobody listens. */
  ask(question: Question, patienceMs?: number): Promise<Reply | undefined>;
  /** Asks each question so often that every reply with a share worth the name is seen. */
  photograph(questions: readonly Question[]): Promise<Photograph>;
  close(): void;
}

/** A share of a half stays unseen once in 2^48. */
const timesAsked = 48;
const usualPatienceMs = 1_000;

export async function dnsClientOf(address: string, port: number): Promise<DnsClient> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.connect(port, address);
  await once(socket, 'connect');
  const waiting = new Map<number, (packet: Buffer | undefined) => void>();
  socket.on('message', (message) => waiting.get(message.readUInt16BE(0))?.(message));
  // Nobody listens there: whoever waits is told at once.
  socket.on('error', () => {
    for (const settle of waiting.values()) settle(undefined);
  });
  let lastId = 0;
  const ask = async (question: Question, patienceMs = usualPatienceMs) => {
    lastId = (lastId + 1) % 65_536;
    const packet = await exchange(socket, waiting, lastId, question, patienceMs);
    return packet === undefined ? undefined : replyOf(decode(packet));
  };
  const repliesTo = async (question: Question): Promise<string[]> => {
    const seen = new Set<string>();
    for (let time = 0; time < timesAsked; time += 1) seen.add((await ask(question))?.text ?? 'no reply');
    return [...seen].sort();
  };
  return {
    ask,
    // One after the other: an alias and its target share one count, and in step with each other they would see half of the replies.
    photograph: async (questions) => {
      const replies = new Map<string, readonly string[]>();
      for (const question of questions) replies.set(questionText(question), await repliesTo(question));
      return replies;
    },
    close: () => socket.close(),
  };
}

function exchange(
  socket: Socket,
  waiting: Map<number, (packet: Buffer | undefined) => void>,
  id: number,
  question: Question,
  patienceMs: number,
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (packet: Buffer | undefined) => {
      clearTimeout(patience);
      waiting.delete(id);
      resolve(packet);
    };
    const patience = setTimeout(settle, patienceMs, undefined);
    waiting.set(id, settle);
    socket.send(encode({ type: 'query', id, questions: [question] }));
  });
}

function replyOf(packet: Packet): Reply {
  const { answers = [], authorities = [], additionals = [] } = packet;
  const serials = [...answers, ...authorities].flatMap((record) => (record.type === 'SOA' ? [record.data.serial ?? 0] : []));
  const { rcode } = packet as Packet & { readonly rcode: string };
  const sections = { answer: answers, authority: authorities, additional: additionals };
  const lines = Object.entries(sections).flatMap(([section, records]) => records.map((record) => `${section}: ${recordText(record)}`));
  const authority = ((packet.flags ?? 0) & AUTHORITATIVE_ANSWER) === 0 ? 'not authoritative' : 'authoritative';
  return { text: [`${rcode}, ${authority}`, ...lines].join('\n'), serial: serials[0] };
}

function recordText(record: Answer): string {
  const { name, type, ttl = 0, data } = record as Answer & { readonly ttl?: number; readonly data: unknown };
  const shown = type === 'SOA' ? { ...(data as object), serial: 'its own matter' } : data;
  return `${name} ${ttl} ${type} ${JSON.stringify(shown, (_key, value) => (isBytes(value) ? Buffer.from(value.data).toString() : value))}`;
}

/** How JSON shows a Buffer. */
function isBytes(value: unknown): value is { readonly data: readonly number[] } {
  return typeof value === 'object' && value !== null && (value as { type?: unknown }).type === 'Buffer';
}
