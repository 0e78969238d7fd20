/**
 * What the shared table costs without any network: a question's share of JavaScript, a change's time, how long new zones
 * keep the loop, what everything weighs, and which way of copying is quicker.
 *
 *     npm run bench -- dns table [names] [signed]
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { signMany } from '../../../src/nodes/dns/dnssec/sign-many.ts';
import { answer } from '../../../src/nodes/dns/table/answer.ts';
import { countingDraws } from '../../../src/nodes/dns/table/draws.ts';
import { createTableReader } from '../../../src/nodes/dns/table/reader.ts';
import { copyInto, type Room, roomOf } from '../../../src/nodes/dns/table/room.ts';
import { createTableWriter, type TableWriter } from '../../../src/nodes/dns/table/writer.ts';
import { createAnswerTable } from '../../../src/nodes/dns/table.ts';
import { toBeSigned } from '../../../src/nodes/dns/zone-contents.ts';
import { zoneSet } from '../../../src/nodes/dns/zones.ts';
import type { ServiceAnswer } from '../../../src/projections/answers.ts';
import { signedZones } from '../../dnssec-keys.ts';
import { configure, query, serviceAnswer } from '../../unit/nodes/dns/demo.ts';

const names = Number(process.argv[2] ?? 100_000);
const isSigned = process.argv[3] === 'signed';
const questions = 1_000_000;
const service = (index: number) => `svc-${index}.example.com`;
const addresses = (index: number, from = 0) =>
  [1, 2, 3].map((last) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${((index & 63) << 2) + last + from}`);
const answerOf = (index: number, from = 0): ServiceAnswer =>
  serviceAnswer(service(index), { A: addresses(index, from).map((each) => each.replace(/\d+$/, (last) => `${Number(last) % 256}`)) });

const client = { transport: 'udp' } as const;
const line = (what: string, value: string) => console.log(`  ${what.padEnd(58)}${value.padStart(16)}`);

function timed<T>(task: () => T): { readonly result: T; readonly ms: number } {
  // The CPU's time and not the clock's, so that other work on the machine counts less.
  const began = process.cpuUsage();
  const result = task();
  const { user, system } = process.cpuUsage(began);
  return { result, ms: (user + system) / 1000 };
}

/** A batch of packets as a socket would have it: each in a place of its own, the query written anew before each answer. */
function measure(what: string, writer: TableWriter, packets: readonly Buffer[]): void {
  const reader = createTableReader({ control: writer.control, workers: writer.workers, worker: 0 }, writer.buffers());
  const draws = countingDraws(Math.random);
  const slots = Array.from({ length: 64 }, () => roomOf(new Uint8Array(4096)));
  const copy = () => {
    for (let index = 0; index < questions; index += 1) slots[index & 63]!.bytes.set(packets[index % packets.length]!);
  };
  const answered = () => {
    for (let index = 0; index < questions; index += 1) {
      const packet = packets[index % packets.length]!;
      const slot = slots[index & 63]!;
      slot.bytes.set(packet);
      answer(slot, packet.length, client, reader, draws);
    }
  };
  answered();
  const rounds = [0, 1, 2, 3, 4].map(() => {
    const floor = timed(copy).ms;
    return ((timed(answered).ms - floor) * 1000) / questions;
  });
  const heapBefore = process.memoryUsage().heapUsed;
  answered();
  const grown = process.memoryUsage().heapUsed - heapBefore;
  line(what, `${rounds.sort((a, b) => a - b)[2]!.toFixed(3)} µs`);
  if (grown > questions) line('', `${(grown / questions).toFixed(1)} bytes each!`);
}

const [source0, target0] = [roomOf(new Uint8Array(new SharedArrayBuffer(1 << 17))), roomOf(new Uint8Array(4096))];
type Copy = (from: Room, start: number, bytes: number, to: Room) => void;
const copies: Readonly<Record<string, Copy>> = {
  loop: (from, start, bytes, to) => {
    for (let index = 0; index < bytes; index += 1) to.bytes[41 + index] = from.bytes[start + index]!;
  },
  view: (from, start, bytes, to) => to.bytes.set(from.bytes.subarray(start, start + bytes), 41),
  copyInto: (from, start, bytes, to) => copyInto(to, 41, from, start, bytes),
};

function copying(): void {
  for (const bytes of [16, 130, 500, 1000]) {
    const times = Object.entries(copies).map(([name, copy]) => {
      const rounds = 500_000;
      const run = () => {
        for (let round = 0; round < rounds; round += 1) copy(source0, (round * 8) & 0xffff, bytes, target0);
      };
      const best = Math.min(...[0, 1, 2, 3].map(() => timed(run).ms));
      return `${name} ${((best * 1e6) / rounds).toFixed(0)} ns`;
    });
    line(`copy ${bytes} bytes`, times.join(', '));
  }
}

/** What is held, after all that is not: it needs `--expose-gc` to be exact. */
function held(what: string): void {
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  const [objects, bytes, resident] = [heapUsed, external + arrayBuffers, rss].map((each) => (each / 2 ** 20).toFixed(0));
  line(`held with ${what}`, `${objects} MiB of objects, ${bytes} of bytes, ${resident} resident`);
}

copying();
held('nothing yet');
const zone = { name: 'example.com', nameservers: [{ name: 'ns1.example.com', address: '192.0.2.53' }] };
const domains = Array.from({ length: names }, (_, index) => service(index));
const built = timed(() => zoneSet(configure({ zones: [zone] }, domains), '192.0.2.53:53'));
line('zones from the configuration', `${built.ms.toFixed(0)} ms`);
held('zones');
const signed = isSigned ? signedZones(['example.com']) : undefined;
const source = createAnswerTable(built.result, 0, signed);
const filled = timed(() =>
  source.publish(
    domains.map((_, index) => answerOf(index)),
    1_700_000_000_000,
  ),
);
line('answers into the reference table', `${filled.ms.toFixed(0)} ms`);
held('answers');
if (signed !== undefined) {
  await signMany(signed.signatures, toBeSigned(source));
  held(`${signed.signatures.kept.signatures} signatures of ${(signed.signatures.kept.bytes / 2 ** 20).toFixed(0)} MiB`);
}
const made = timed(() => createTableWriter(source, { workers: 2 }));
const writer = made.result;
const size = writer.size();
line(`${size.names} names${isSigned ? ', signed' : ''}: laid out`, `${made.ms.toFixed(0)} ms`);
line(
  'bytes of the table a name, used and in all',
  `${(size.usedBytes / size.names).toFixed(0)}, ${(size.bufferBytes / size.names).toFixed(0)}`,
);
held('the table');

const spread = (index: number) => (index * 7_919) % names;
const some = Array.from({ length: 50_000 }, (_, index) => spread(index));
measure(
  'A, 10 names',
  writer,
  Array.from({ length: 10 }, (_, index) => query(service(index))),
);
measure(
  'A, all names',
  writer,
  some.map((index) => query(service(index))),
);
measure(
  'A with EDNS',
  writer,
  some.map((index) => query(service(index), { edns: {} })),
);
measure(
  'A with EDNS and DO',
  writer,
  some.map((index) => query(service(index), { edns: { flags: 0x8000 } })),
);
measure(
  'NODATA',
  writer,
  some.map((index) => query(service(index), { type: 28 })),
);
measure(
  'NXDOMAIN',
  writer,
  some.map((index) => query(`x${service(index)}`)),
);
measure(
  'NXDOMAIN with DO',
  writer,
  some.map((index) => query(`x${service(index)}`, { edns: { flags: 0x8000 } })),
);
measure('REFUSED', writer, [query('www.example.net')]);

const changes = isSigned ? 300 : 3000;
const all = timed(() => {
  for (let change = 0; change < changes; change += 1) writer.publish([answerOf(spread(change), 100 + (change & 1))], 1_700_000_001_000);
});
line('one service changed', `${((all.ms * 1000) / changes).toFixed(0)} µs`);
line('retired blocks that wait', `${writer.size().retiredBlocks}`);

const loop = monitorEventLoopDelay({ resolution: 1 });
const others = zoneSet(configure({ zones: [zone] }, domains), '192.0.2.53:53');
loop.enable();
const replaceBegan = performance.now();
await writer.replaceZonesAside(others, 1_700_000_002_000);
line('all zones replaced aside', `${(performance.now() - replaceBegan).toFixed(0)} ms`);
loop.disable();
line('the loop stood still at most, and p99', `${(loop.max / 1e6).toFixed(0)} ms, ${(loop.percentile(99) / 1e6).toFixed(0)} ms`);
held('everything, replaced');
