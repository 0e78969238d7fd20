/** The shared table beside the reference responder: both get the same packets and the same draws, and must say the same bytes. */
import assert from 'node:assert/strict';
import ipaddr from 'ipaddr.js';
import { countingDraw } from '../src/nodes/dns/draw.ts';
import { createResponder } from '../src/nodes/dns/responder.ts';
import { answer } from '../src/nodes/dns/table/answer.ts';
import { countingDraws, type TableDraws } from '../src/nodes/dns/table/draws.ts';
import { beginReading, createTableReader, endReading, type TableReader } from '../src/nodes/dns/table/reader.ts';
import { roomOf } from '../src/nodes/dns/table/room.ts';
import type { Pace, Steps } from '../src/nodes/dns/table/slices.ts';
import { createTableWriter, type TableWriter, type WriterOptions } from '../src/nodes/dns/table/writer.ts';
import type { AnswerTable } from '../src/nodes/dns/table.ts';

/** A source of chance that repeats itself. */
function chanceFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A pace that a test sets: zones that are replaced aside come as far as they are let. */
export interface SetPace {
  readonly pace: Pace;
  /** Does so many steps more, where any are left. */
  go(count: number): void;
}

export function setPace(): SetPace {
  let work: { readonly steps: Steps; readonly onDone: () => void } | undefined;
  return {
    pace(steps, onDone) {
      const mine = { steps, onDone };
      work = mine;
      return () => {
        if (work === mine) work = undefined;
      };
    },
    go(count) {
      for (let step = 0; step < count && work !== undefined; step += 1) {
        if (work.steps.next().done !== true) continue;
        const { onDone } = work;
        work = undefined;
        onDone();
      }
    },
  };
}

export interface Pair {
  readonly writer: TableWriter;
  readonly readers: readonly TableReader[];
  /** Asks both; fails where they differ, or where a byte is touched that is none of the reply's. */
  compare(packet: Uint8Array, transport: 'udp' | 'tcp', address?: string): void;
  /** What the table alone says. */
  ask(packet: Uint8Array, transport?: 'udp' | 'tcp'): Buffer | null;
}

/** What stands in memory around the packets; the table must neither read nor write it. */
const surroundings = [0x00, 0xff];
const roomBytes = { udp: 4096 + 600, tcp: 70_000 };

export function pairOver(source: AnswerTable, seed = 1, options: Pick<WriterOptions, 'pace'> = {}): Pair {
  const writer = createTableWriter(source, { workers: surroundings.length, ...options });
  const responder = createResponder(source);
  const draw = countingDraw(chanceFrom(seed));
  const sides = surroundings.map((filler, worker) => ({
    filler,
    reader: createTableReader({ control: writer.control, workers: writer.workers, worker }, writer.buffers()),
    draws: countingDraws(chanceFrom(seed)),
    room: Buffer.alloc(roomBytes.tcp, filler),
  }));
  return {
    writer,
    readers: sides.map(({ reader }) => reader),
    compare(packet, transport, address = '192.0.2.200') {
      const { reply } = responder.respond(packet, { address, port: 1024, transport }, draw);
      const peer = Uint8Array.from([7, ...ipaddr.parse(address).toByteArray()]);
      for (const { reader } of sides) Object.assign(reader, { peer, peerAt: 1, peerBytes: peer.length - 1 });
      for (const side of sides) checkSide(side, packet, transport, writer, reply);
    },
    ask(packet, transport = 'udp') {
      const [side] = sides as unknown as readonly [Side];
      const { length, room } = asked(side, packet, transport, writer);
      return length === 0 ? null : Buffer.from(room.subarray(0, length));
    },
  };
}

interface Side {
  readonly filler: number;
  readonly reader: TableReader;
  readonly draws: TableDraws;
  readonly room: Buffer;
}

function asked({ reader, draws, room, filler }: Side, packet: Uint8Array, transport: 'udp' | 'tcp', writer: TableWriter) {
  const view = room.subarray(0, roomBytes[transport]).fill(filler);
  view.set(packet);
  let isSent = false;
  beginReading(reader, () => {
    if (isSent) return undefined;
    isSent = true;
    return writer.buffers();
  });
  const length = answer(roomOf(view), packet.length, { transport }, reader, draws);
  endReading(reader);
  return { length, room: view };
}

function checkSide(side: Side, packet: Uint8Array, transport: 'udp' | 'tcp', writer: TableWriter, reply: Buffer | null): void {
  const { length, room } = asked(side, packet, transport, writer);
  const expected = Buffer.alloc(room.length, side.filler);
  expected.set(packet);
  if (reply !== null) expected.set(reply);
  assert.equal(length, reply?.length ?? 0, `reply to ${Buffer.from(packet).toString('hex')} over ${transport}`);
  if (Buffer.compare(room, expected) !== 0) {
    const show = (bytes: Buffer) => bytes.subarray(0, Math.max(length, packet.length) + 16).toString('hex');
    assert.equal(show(room), show(expected), `reply to ${Buffer.from(packet).toString('hex')} over ${transport}`);
    assert.fail('bytes were written behind the reply');
  }
}
