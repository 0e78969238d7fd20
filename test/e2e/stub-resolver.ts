/**
 * A client that looks names up as the resolver library of an operating system does: it asks one nameserver over UDP, waits
 * two seconds, and asks the next; the order is drawn afresh for each look-up. It keeps no answers, so that each look-up tells
 * what the nameservers do.
 */
import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';

/** RFC 1123 names no figure; this is what operators reckon with, and what the original of this product was designed for. */
export const patienceMs = 2_000;

export interface Nameserver {
  readonly address: string;
  readonly dnsPort: number;
}

/** How one nameserver was left: with an answer, because nobody listened there, or because nothing came in time. */
export type Attempt = 'answered' | 'refused' | 'silent';

export interface LookUp {
  readonly ms: number;
  /** Each nameserver that was asked, in that order. */
  readonly asked: readonly { readonly address: string; readonly attempt: Attempt }[];
  /** The addresses, sorted; undefined where no nameserver gave any. */
  readonly addresses: string | undefined;
  readonly ttlSeconds: number | undefined;
}

export async function lookUp(name: string, nameservers: readonly Nameserver[], chance: () => number): Promise<LookUp> {
  const began = performance.now();
  const asked: { address: string; attempt: Attempt }[] = [];
  for (const nameserver of shuffled(nameservers, chance)) {
    const reply = await ask(name, nameserver, Math.floor(chance() * 65_536));
    asked.push({ address: nameserver.address, attempt: typeof reply === 'string' ? reply : 'answered' });
    if (typeof reply === 'string' || reply.length === 0) continue;
    const addresses = reply.map(({ data }) => data).sort();
    const ttls = new Set(reply.map(({ ttl }) => ttl));
    return {
      ms: performance.now() - began,
      asked,
      addresses: addresses.join(' '),
      ttlSeconds: ttls.size === 1 ? reply[0]?.ttl : undefined,
    };
  }
  return { ms: performance.now() - began, asked, addresses: undefined, ttlSeconds: undefined };
}

interface Address {
  readonly data: string;
  readonly ttl: number;
}

/** On a connected socket, so that a closed port is told at once where the kernel tells it. */
async function ask(name: string, { address, dnsPort }: Nameserver, id: number): Promise<readonly Address[] | 'refused' | 'silent'> {
  const socket = createSocket('udp4');
  try {
    return await new Promise((resolve) => {
      const patience = setTimeout(() => resolve('silent'), patienceMs);
      const settle = (outcome: readonly Address[] | 'refused') => {
        clearTimeout(patience);
        resolve(outcome);
      };
      socket.on('error', () => settle('refused'));
      socket.on('message', (message) => {
        const reply = decode(message) as ReturnType<typeof decode> & { readonly rcode: string };
        if (reply.id === id) settle(reply.rcode === 'NOERROR' ? (reply.answers as readonly Address[]) : []);
      });
      socket.bind(0, '127.0.0.1', () =>
        socket.connect(dnsPort, address, () => socket.send(encode({ type: 'query', id, questions: [{ type: 'A', name }] }))),
      );
    });
  } finally {
    socket.close();
  }
}

function shuffled<T>(items: readonly T[], chance: () => number): readonly T[] {
  return items
    .map((item) => ({ item, place: chance() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function seededChance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The smallest that at least this share of them do not exceed. */
export function percentile(numbers: readonly number[], share: number): number {
  const inOrder = [...numbers].sort((a, b) => a - b);
  return inOrder[Math.max(0, Math.ceil(inOrder.length * share) - 1)] ?? Number.NaN;
}
