/**
 * The shared table against the reference responder, for as many packets as are asked for: worlds are drawn, packets are
 * drawn, and every reply must be the same bytes. The first difference ends it, with the packet made as short as it will
 * go. Each world has a seed of its own, one above that of the world before, so that it can be played again alone.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { answer as tableAnswer } from '../../../src/nodes/dns/table/answer.ts';
import { drawsFrom } from '../chance.ts';
import { type Answer, type Asker, askerOf, type Beside, beside, type Transport } from './beside.ts';
import { packetMaker } from './packets.ts';
import { makeWorld } from './world.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly packets: number;
  readonly packetsPerWorld?: number;
  /** What is judged. */
  readonly answer?: Answer;
  readonly onWorld?: (figures: FuzzFigures) => void;
}

export interface FuzzFigures {
  worlds: number;
  packets: number;
  changes: number;
}

export interface Difference {
  /** Of the world: the same seed and number of packets plays it again. */
  readonly seed: number;
  readonly packets: number;
  readonly transport: Transport;
  readonly client: string;
  readonly packet: string;
  /** A shorter packet that is answered otherwise as well. */
  readonly shortest: string;
  readonly fault: string;
  readonly world: object;
}

export class FoundDifference extends Error {
  readonly #difference: Difference;
  constructor(difference: Difference) {
    const { seed, packets, transport, client, packet, shortest, fault, world } = difference;
    super(
      [
        `a packet from ${client} over ${transport} is not answered as the reference answers it: ${fault}`,
        `packet    ${packet}`,
        `shortest  ${shortest}`,
        `world     ${JSON.stringify(world)}`,
        `again by  npm run torture -- fuzz --seed ${seed} --packets ${packets}`,
      ].join('\n'),
    );
    this.#difference = difference;
  }

  get difference(): Difference {
    return this.#difference;
  }
}

const packetsBetweenChanges = 1_000;

const askers = [
  ...['10.1.1.1', '10.1.2.3', '10.200.0.1', '192.0.2.200', '192.0.2.1', '255.255.255.255', '0.0.0.0', '127.0.0.1', '128.0.0.0'],
  ...['2001:db8:1::1', '2001:db8:1::8000:0:1', '2001:db8:2::1', '::1', 'ffff::1', '7fff:ffff::', '::'],
].map(askerOf);

/** Rejects with `FoundDifference`. */
export async function playFuzz({
  seed,
  packets,
  packetsPerWorld = 40_000,
  answer = tableAnswer,
  onWorld,
}: FuzzOptions): Promise<FuzzFigures> {
  const figures: FuzzFigures = { worlds: 0, packets: 0, changes: 0 };
  while (figures.packets < packets) {
    playWorld(seed + figures.worlds, Math.min(packetsPerWorld, packets - figures.packets), answer, figures);
    figures.worlds += 1;
    onWorld?.(figures);
    // What a world has promised to itself is done before the next one, and lets go of it.
    await turn();
  }
  return figures;
}

function playWorld(seed: number, packets: number, answer: Answer, figures: FuzzFigures): void {
  const draws = drawsFrom(seed);
  const world = makeWorld(draws, 2);
  const pair = beside(world.source, world.writer, seed, answer);
  const maker = packetMaker(draws, world.names);
  for (let count = 1; count <= packets; count += 1) {
    if (count % packetsBetweenChanges === 0) {
      world.change();
      figures.changes += 1;
    }
    const length = maker.make();
    const transport = draws.happens(0.1) ? 'tcp' : 'udp';
    const asker = draws.pick(askers);
    const fault = pair.compare(maker.bytes, length, transport, asker);
    figures.packets += 1;
    if (fault === undefined) continue;
    const packet = Buffer.from(maker.bytes.subarray(0, length));
    throw new FoundDifference({
      ...{ seed, packets: count, transport, client: asker.text, packet: packet.toString('hex'), fault, world: world.tell() },
      shortest: shortest(packet, pair, transport, asker).toString('hex'),
    });
  }
}

/** Pieces are taken out and bytes set to zero for as long as both still disagree. */
function shortest(packet: Buffer, pair: Beside, transport: Transport, asker: Asker): Buffer {
  const differs = (bytes: Buffer) => pair.compare(bytes, bytes.length, transport, asker) !== undefined;
  let best = packet;
  let goesOn = true;
  while (goesOn) {
    goesOn = false;
    for (let length = best.length >> 1; length > 0; length >>= 1) {
      for (let from = best.length - length; from >= 0; from -= length) {
        const shorter = Buffer.concat([best.subarray(0, from), best.subarray(from + length)]);
        if (!differs(shorter)) continue;
        best = shorter;
        goesOn = true;
      }
    }
    for (let place = 0; place < best.length; place += 1) {
      if (best[place] === 0) continue;
      const plainer = Buffer.from(best);
      plainer[place] = 0;
      if (!differs(plainer)) continue;
      best = plainer;
      goesOn = true;
    }
  }
  return best;
}
