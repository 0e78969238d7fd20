/**
 * Clients of a DNS server on a thread of their own, so that nothing that the server's main thread does slows them down:
 * honest ones ask one question at a time on each socket and judge the reply, others send garbage as fast as they can.
 * Only dns-stage.ts starts it.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { decode, encode } from 'dns-packet';

/** Places in the shared cells of a client thread, and in those that say what is true. */
export const cell = { stop: 0, asked: 1, answered: 2, lost: 3, wrong: 4, slowestMs: 5, begun: 6, done: 7 } as const;
export const clientCells = 8;

export interface ClientSettings {
  readonly port: number;
  readonly kind: 'honest' | 'garbage';
  readonly sockets: number;
  /** A question without a reply is lost after this. */
  readonly giveUpMs: number;
  /** What publication has begun and is done. */
  readonly truth: Int32Array;
  readonly cells: Int32Array;
}

const names = ['steady.example.com', 'STEADY.example.COM', 'app.passing.test'] as const;

/** Whether `reply` was true at a moment between publications `from` and `to`. */
function isTrue(reply: Buffer, name: string, from: number, to: number): boolean {
  const decoded = decodedOrNot(reply);
  if (decoded === undefined) return false;
  const { answers = [], ...packet } = decoded;
  const { rcode } = packet as { readonly rcode?: string };
  if (rcode === 'REFUSED' || rcode === 'SERVFAIL') return name === 'app.passing.test';
  const addresses = answers.map((record) => (record.type === 'A' ? record.data.split('.').map(Number) : []));
  const numbers = addresses.map(([, high = 0, middle = 0, low = 0]) => (high << 16) | (middle << 8) | low);
  const heads = addresses.map(([head]) => head);
  if (heads.join() !== '10,11' || numbers[0] !== numbers[1]) return false;
  return (numbers[0] as number) >= from && (numbers[0] as number) <= to;
}

function decodedOrNot(reply: Buffer) {
  try {
    return decode(reply);
  } catch {
    return undefined;
  }
}

async function honest({ port, giveUpMs, truth, cells }: ClientSettings, first: number): Promise<void> {
  const socket = await connected(port);
  let settle: (reply: Buffer | undefined) => void = () => {};
  let id = first;
  socket.on('message', (reply) => {
    if (reply.readUInt16BE(0) === id) settle(reply);
  });
  for (let count = 0; Atomics.load(cells, cell.stop) === 0; count += 1) {
    id = (first + count) & 0xffff;
    const name = names[count % names.length] as string;
    const from = Atomics.load(truth, cell.done);
    const startedAt = performance.now();
    const replied = new Promise<Buffer | undefined>((resolve) => {
      settle = resolve;
    });
    Atomics.add(cells, cell.asked, 1);
    socket.send(encode({ type: 'query', id, questions: [{ type: 'A', name }] }));
    const giveUp = setTimeout(() => settle(undefined), giveUpMs);
    const reply = await replied;
    clearTimeout(giveUp);
    if (reply === undefined) {
      Atomics.add(cells, cell.lost, 1);
      continue;
    }
    Atomics.add(cells, cell.answered, 1);
    if (!isTrue(reply, name, from, Atomics.load(truth, cell.begun))) {
      if (Atomics.add(cells, cell.wrong, 1) === 0) console.error(`${name}, ${from}: ${reply.toString('hex')}`);
    }
    const ms = Math.round(performance.now() - startedAt);
    if (ms > Atomics.load(cells, cell.slowestMs)) Atomics.store(cells, cell.slowestMs, ms);
  }
  socket.close();
}

/** Random bytes, headers with random bytes behind them, and responses: nothing that deserves an answer, or an error at most. */
async function garbage({ port, cells }: ClientSettings, seed: number): Promise<void> {
  const socket = await connected(port);
  let random = seed + 1;
  for (let count = 0; Atomics.load(cells, cell.stop) === 0; count += 1) {
    const packet = Buffer.alloc(1 + ((random >>> 8) % 600));
    for (let at = 0; at < packet.length; at += 1) {
      random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
      packet[at] = random >>> 24;
    }
    if (count % 3 === 0 && packet.length > 12) packet.set([0, 1, 0, 0, 0, 0, 0, 0, 0, 0], 2);
    socket.send(packet, () => {});
    Atomics.add(cells, cell.asked, 1);
    if (count % 16 === 0) await turn();
  }
  socket.close();
}

async function connected(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  // A server that has gone is no fault of its clients'.
  socket.on('error', () => {});
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

if (!isMainThread && parentPort !== null) {
  const settings = workerData as ClientSettings;
  const play = { honest, garbage }[settings.kind];
  const playing = Array.from({ length: settings.sockets }, (_, index) => play(settings, 1_000 * index));
  parentPort.postMessage('begun');
  await Promise.all(playing);
}
