/** Arbitrary packets for DNS: valid queries of every shape, and the same with bytes changed, cut off or added. */
import fc from 'fast-check';
import { query, subnetOption } from './unit/nodes/dns/demo.ts';

const anyLabel = fc.uint8Array({ minLength: 1, maxLength: 63 }).map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('.', '-'));

/** Names of a zone, names below them, names beside them, in any capitals. */
export function askedName(names: readonly string[]): fc.Arbitrary<string> {
  const known = fc.constantFrom(...names, 'example', '');
  const label = fc.oneof(
    { arbitrary: fc.constantFrom('a', 'b', 'www', '*', '_tcp', '\0', '\x01'), weight: 4 },
    { arbitrary: anyLabel, weight: 1 },
  );
  const below = fc.tuple(fc.array(label, { minLength: 0, maxLength: 3 }), known).map(([labels, name]) => [...labels, name].join('.'));
  return fc.tuple(fc.oneof(known, below), fc.boolean(), fc.nat()).map(([name, isMixed, bits]) => {
    if (!isMixed) return name;
    return [...name].map((letter, index) => (((bits >> (index % 30)) & 1) === 0 ? letter : letter.toUpperCase())).join('');
  });
}

const knownTypes = fc.constantFrom(1, 1, 28, 28, 2, 5, 6, 15, 16, 33, 43, 46, 47, 48, 59, 60, 64, 65, 255, 257);
const type = fc.oneof(
  { arbitrary: knownTypes, weight: 8 },
  { arbitrary: fc.constantFrom(0, 41, 128, 249, 250, 251, 252, 253, 254), weight: 1 },
  { arbitrary: fc.nat({ max: 65_535 }), weight: 1 },
);

const cookie = Buffer.from([0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
const option = fc.constantFrom(
  subnetOption(1, 24, 0, [192, 0, 2]),
  subnetOption(2, 56, 0, [0x20, 1, 0xd, 0xb8, 0, 0, 0]),
  subnetOption(2, 128, 0, [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
  subnetOption(2, 0, 0, []),
  subnetOption(0, 0, 0, []),
  subnetOption(0, 1, 0, [0]),
  subnetOption(1, 20, 0, [1, 2, 3]),
  subnetOption(1, 24, 1, [1, 2, 3]),
  subnetOption(3, 0, 0, []),
  cookie,
  Buffer.from([1]),
  Buffer.from([0, 12, 0, 3, 0, 0, 0]),
);
const edns = fc.record({
  size: fc.oneof(fc.constantFrom(0, 512, 700, 1232, 4096), fc.nat({ max: 65_535 })),
  version: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1),
  flags: fc.constantFrom(0, 0x8000, 0x8000, 0xffff),
  options: fc.oneof(
    fc.constant(Buffer.alloc(0)),
    fc.array(option, { maxLength: 3 }).map((options) => Buffer.concat(options)),
  ),
});

/** A query that is well formed but for what its EDNS options may be. */
function queryFor(name: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  return fc
    .record({
      name,
      type,
      class: fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 3, 255),
      id: fc.nat({ max: 65_535 }),
      flags: fc.constantFrom(0, 0x0100, 0x0110, 0x07ff),
      edns: fc.option(edns, { nil: undefined }),
    })
    .map(({ edns: opt, ...asked }) => query(asked.name, opt === undefined ? asked : { ...asked, edns: opt }));
}

/** The same with a few bytes changed, cut off or added. */
function mutated(packet: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const changes = fc.array(fc.tuple(fc.nat({ max: 80 }), fc.nat({ max: 255 })), { maxLength: 4 });
  return fc
    .tuple(packet, changes, fc.option(fc.nat(), { freq: 3 }), fc.uint8Array({ maxLength: 12 }))
    .map(([bytes, changed, cut, tail]) => {
      const all = Buffer.concat([bytes, tail]);
      for (const [at, value] of changed) all[at % all.length] = value;
      return cut === null ? all : all.subarray(0, cut % (all.length + 1));
    });
}

/** Whatever may come from a network. */
export function anyPacket(name: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const valid = queryFor(name);
  const noise = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  return fc.oneof({ arbitrary: valid, weight: 6 }, { arbitrary: mutated(valid), weight: 3 }, { arbitrary: noise, weight: 1 });
}
