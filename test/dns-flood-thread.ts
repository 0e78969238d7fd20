/**
 * Who floods a DNS server, on a thread of its own: datagrams that are garbage, responses, or EDNS that is cut off, lies or
 * is huge, at a rate that is given; and TCP connections that say nothing, half a thing, or far too much. Only
 * dns-floods.test.ts starts it.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { type Draws, drawsFrom } from './torture/chance.ts';
import { query, subnetOption } from './unit/nodes/dns/demo.ts';

export const floods = ['garbage', 'responses', 'edns', 'connections'] as const;
export type Flood = (typeof floods)[number];

/** Places in the shared cells. */
export const floodCell = { stop: 0, sent: 1, failed: 2 } as const;
export const floodCells = 3;

export interface FloodSettings {
  readonly flood: Flood;
  readonly port: number;
  readonly perSecond: number;
  readonly seed: number;
  readonly cells: Int32Array;
}

const bytes = ({ whole }: Draws, length: number) => Buffer.from(Array.from({ length }, () => whole(256)));

const datagrams: Readonly<Record<Exclude<Flood, 'connections'>, (draws: Draws) => Buffer>> = {
  garbage(draws) {
    const packet = bytes(draws, draws.whole(draws.happens(0.1) ? 600 : 60));
    if (packet.length > 12 && draws.happens(0.5)) packet.set([0, 1, 0, 0, 0, 0, 0, draws.whole(2)], 4);
    return packet;
  },
  responses: ({ pick }) => query(pick(['steady.demo.local', 'x.example']), { flags: pick([0x8000, 0x8400, 0x8180, 0x8583]) }),
  edns(draws) {
    const { pick, whole, happens } = draws;
    const huge = Buffer.concat([Buffer.from([0, 12, 0x0f, 0x00]), Buffer.alloc(0x0f00)]);
    const options = pick([() => subnetOption(1, whole(64), whole(2), [10, 1, whole(256)]), () => bytes(draws, whole(40)), () => huge])();
    const packet = query('steady.demo.local', { edns: { size: whole(65_536), version: whole(2), flags: 0x8000, options } });
    if (happens(0.3)) return packet.subarray(0, whole(packet.length));
    return happens(0.1) ? Buffer.concat([packet, Buffer.alloc(1_000)]) : packet;
  },
};

async function floodDatagrams(settings: FloodSettings & { readonly flood: Exclude<Flood, 'connections'> }): Promise<void> {
  const { port, perSecond, seed, cells } = settings;
  const draws = drawsFrom(seed);
  const make = datagrams[settings.flood];
  const packets = Array.from({ length: 1_000 }, () => make(draws));
  const socket = createSocket('udp4').on('error', () => {});
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const begun = performance.now();
  let asked = 0;
  let done = 0;
  for (; Atomics.load(cells, floodCell.stop) === 0; await turn()) {
    const due = (perSecond * (performance.now() - begun)) / 1_000;
    // What waits for the kernel is no flood, only memory of ours.
    for (; asked < due && asked - done < 256; asked += 1) {
      socket.send(packets[asked % packets.length] as Buffer, (error) => {
        done += 1;
        Atomics.add(cells, error === null ? floodCell.sent : floodCell.failed, 1);
      });
    }
  }
  while (done < asked) await turn();
  socket.close();
}

/** One connection after another, from more than one address; each says something bad, waits a little, and goes in its own way. */
async function floodConnections({ port, perSecond, seed, cells }: FloodSettings): Promise<void> {
  const draws = drawsFrom(seed);
  const { whole, pick, happens } = draws;
  const packet = query('steady.demo.local');
  const framed = Buffer.concat([Buffer.from([0, packet.length]), packet]);
  const sayings: readonly (() => Buffer)[] = [
    () => Buffer.alloc(0),
    () => Buffer.from([0]),
    () => framed.subarray(0, whole(framed.length)),
    () => Buffer.concat([Buffer.from([0xff, 0xff]), bytes(draws, 200)]),
    () => Buffer.concat([framed, framed.subarray(0, 5)]),
    () => Buffer.concat([Buffer.from([0, 40]), bytes(draws, 40)]),
  ];
  const open = new Set<Socket>();
  const begun = performance.now();
  for (let opened = 0; Atomics.load(cells, floodCell.stop) === 0; await turn()) {
    for (; opened < (perSecond * (performance.now() - begun)) / 1_000 && open.size < 400; opened += 1) {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.0.${2 + whole(8)}` });
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => open.delete(socket));
      socket.on('connect', () => {
        Atomics.add(cells, floodCell.sent, 1);
        socket.write(pick(sayings)());
        if (happens(0.3)) socket.end();
      });
    }
    // The oldest go, so that new ones can come; half of them without a word.
    for (const socket of open) {
      if (open.size < 350) break;
      if (happens(0.5)) socket.resetAndDestroy();
      else socket.destroy();
      open.delete(socket);
    }
  }
  for (const socket of open) socket.destroy();
}

if (!isMainThread && parentPort !== null) {
  const settings = workerData as FloodSettings;
  const { flood } = settings;
  const playing = flood === 'connections' ? floodConnections(settings) : floodDatagrams({ ...settings, flood });
  parentPort.postMessage('begun');
  await playing;
}
