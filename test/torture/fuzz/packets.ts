/**
 * Packets for a fuzzer, made in place and as fast as they are answered: questions for names of a world and beside them,
 * and the same with bits turned, bytes cut off or doubled, pieces of other questions put in, options changed, pointers
 * where none belong, counts and opcodes that lie.
 */
import type { Draws } from '../chance.ts';

/** More than any query is read with. */
const packetBytesMax = 4_500;

export interface PacketMaker {
  /** Writes a packet to the beginning of `bytes`; its length. */
  make(): number;
  readonly bytes: Buffer;
}

const usualTypes = [1, 1, 1, 1, 1, 1, 1, 1, 28, 28, 28, 28, 2, 5, 6, 15, 16, 33, 43, 46, 47, 48, 59, 60, 64, 65, 255, 257] as const;
const oddTypes = [0, 10, 41, 99, 127, 128, 129, 249, 250, 251, 252, 253, 254, 256, 32_768, 65_535] as const;
const sizes = [0, 511, 512, 513, 700, 1231, 1232, 1233, 4096, 65_535] as const;
const usualFlags = [0, 0, 0x0100, 0x0100, 0x0110, 0x0130, 0x07ff] as const;
const belowLabels = ['a', 'b', 'www', '*', '_tcp', '\0', '\x01', '\xff', 'ab', 'zz', 'A-', 'x'.repeat(63)].map((label) =>
  Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
);
const networks: readonly (readonly number[])[] = [
  [1, 10, 1, 1, 1],
  [1, 10, 0, 0, 0],
  [1, 192, 0, 2, 255],
  [1, 255, 255, 255, 255],
  [1, 0, 0, 0, 0],
  [2, 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 1],
  [2, 0x20, 1, 0x0d, 0xb8, 0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
];

/** In wire form and lower case. */
export interface Names {
  /** Those of services. */
  readonly steered: readonly Buffer[];
  /** Those that exist. */
  readonly existing: readonly Buffer[];
  /** Others that could. */
  readonly others: readonly Buffer[];
}

export function packetMaker(draws: Draws, names: Names): PacketMaker {
  const bytes = Buffer.alloc(packetBytesMax + 64);
  /** Packets of before, whose pieces are put into new ones. */
  const kept = Array.from({ length: 8 }, () => Buffer.alloc(0));
  const { whole, happens, pick } = draws;
  let at = 0;

  const put16 = (value: number) => {
    bytes.writeUInt16BE(value & 0xffff, at);
    at += 2;
  };
  const anyName = () => {
    const drawn = draws.fraction();
    if (drawn < 0.45 && names.steered.length > 0) return pick(names.steered);
    return pick(drawn < 0.85 ? names.existing : names.others);
  };
  const putName = () => {
    const from = at;
    const depth = happens(0.75) ? 0 : whole(4);
    for (let label = 0; label < depth; label += 1) at += pick(belowLabels).copy(bytes, at);
    const name = anyName();
    // Beside a name: without its first labels, which leads up to the root.
    let start = 0;
    while (happens(0.05) && name[start] !== 0) start += 1 + (name[start] as number);
    at += name.copy(bytes, at, start);
    if (!happens(0.3)) return;
    for (let place = from; place < at; place += 1) {
      const byte = bytes[place] as number;
      if (byte >= 0x61 && byte <= 0x7a && happens(0.5)) bytes[place] = byte - 0x20;
    }
  };
  const putSubnet = () => {
    const [family = 1, ...address] = pick(networks);
    const bits = 8 * address.length;
    const prefix = happens(0.3) ? bits : whole(bits + 1);
    const octets = Math.ceil(prefix / 8);
    put16(8);
    put16(4 + octets);
    put16(happens(0.01) ? whole(4) : family);
    bytes[at++] = happens(0.01) ? whole(256) : prefix;
    bytes[at++] = happens(0.01) ? whole(256) : 0;
    for (let octet = 0; octet < octets; octet += 1) {
      const kept = Math.min(8, prefix - 8 * octet);
      bytes[at++] = happens(0.003) ? whole(256) : (address[octet] as number) & (0xff00 >> kept);
    }
  };
  const putOption = () => {
    if (happens(0.7)) return putSubnet();
    const length = happens(0.05) ? whole(3_900) : whole(12);
    put16(happens(0.5) ? 10 : whole(20));
    put16(happens(0.05) ? whole(65_536) : length);
    if (at + length > packetBytesMax) return;
    for (let octet = 0; octet < length; octet += 1) bytes[at++] = whole(256);
  };
  const putOpt = () => {
    bytes[at++] = 0;
    put16(41);
    put16(happens(0.9) ? pick(sizes) : whole(65_536));
    bytes[at++] = happens(0.02) ? whole(256) : 0;
    bytes[at++] = happens(0.02) ? whole(256) : 0;
    put16(happens(0.6) ? 0x8000 : happens(0.9) ? 0 : whole(65_536));
    const lengthAt = at;
    put16(0);
    for (let option = happens(0.5) ? 0 : happens(0.8) ? 1 : 2 + whole(2); option > 0 && at < packetBytesMax - 64; option -= 1) putOption();
    bytes.writeUInt16BE(happens(0.02) ? whole(65_536) : at - lengthAt - 2, lengthAt);
  };
  /** A record that is none of ours: a signature over the query, or the zone's version for a transfer of changes. */
  const putRecord = () => {
    const owner = pick(['root', 'root', 'pointer', 'name'] as const);
    if (owner === 'root') bytes[at++] = 0;
    else if (owner === 'pointer') put16(0xc00c);
    else at += anyName().copy(bytes, at);
    put16(happens(0.5) ? 250 : pick(usualTypes));
    put16(1);
    put16(0);
    put16(0);
    const length = whole(24);
    put16(happens(0.1) ? whole(65_536) : length);
    for (let octet = 0; octet < length; octet += 1) bytes[at++] = whole(256);
  };
  const putQuestion = () => {
    putName();
    put16(happens(0.85) ? pick(usualTypes) : happens(0.7) ? pick(oddTypes) : whole(65_536));
    put16(happens(0.95) ? 1 : happens(0.5) ? 255 : whole(65_536));
  };
  const putQuery = () => {
    at = 0;
    put16(whole(65_536));
    put16(happens(0.99) ? pick(usualFlags) : whole(0x8000));
    const hasOpt = happens(0.7);
    const questions = happens(0.98) ? 1 : whole(4);
    const authorities = happens(0.98) ? 0 : 1;
    const others = happens(0.95) ? 0 : whole(3);
    put16(questions);
    put16(0);
    put16(authorities);
    put16(others + (hasOpt ? 1 : 0));
    for (let question = 0; question < questions; question += 1) putQuestion();
    for (let record = 0; record < authorities; record += 1) putRecord();
    const optPlace = whole(others + 1);
    for (let record = 0; record <= others; record += 1) {
      if (hasOpt && record === optPlace) putOpt();
      if (record < others) putRecord();
    }
  };

  const mutations: readonly (() => void)[] = [
    () => {
      if (at > 0) bytes[whole(at)]! ^= 1 << whole(8);
    },
    () => {
      if (at > 0) bytes[whole(at)] = whole(256);
    },
    () => {
      // Most of what decides stands at the beginning.
      if (at > 12) bytes[2 + whole(10)] = happens(0.5) ? whole(256) : whole(3);
    },
    () => {
      at = whole(at + 1);
    },
    () => {
      at = Math.max(0, at - 1 - whole(4));
    },
    () => {
      for (let more = 1 + whole(12); more > 0; more -= 1) bytes[at++] = happens(0.5) ? 0 : whole(256);
    },
    // A pointer, to anywhere.
    () => {
      if (at < 16) return;
      const place = 12 + whole(at - 14);
      bytes[place] = 0xc0 | whole(64);
      bytes[place + 1] = happens(0.5) ? 12 : whole(256);
    },
    // A piece of another packet over this one.
    () => {
      const other = pick(kept);
      const from = whole(other.length + 1);
      const to = whole(at + 1);
      const length = whole(Math.min(other.length - from, 64) + 1);
      other.copy(bytes, to, from, from + length);
      at = Math.max(at, to + length);
    },
    // A piece taken out.
    () => {
      const from = whole(at + 1);
      const length = Math.min(whole(8), at - from);
      bytes.copyWithin(from, from + length, at);
      at -= length;
    },
    // A piece doubled.
    () => {
      const from = whole(at + 1);
      const length = Math.min(whole(32), at - from);
      bytes.copyWithin(from + length, from, at);
      at += length;
    },
  ];

  return {
    bytes,
    make() {
      if (happens(0.03)) {
        at = happens(0.1) ? packetBytesMax - whole(800) : whole(300);
        for (let place = 0; place < at; place += 1) bytes[place] = whole(256);
        if (at > 12 && happens(0.8)) bytes.set([0, 1, 0, 0, 0, 0, 0, whole(2)], 4);
        if (at > 12) bytes[2]! &= 0x07;
        return at;
      }
      putQuery();
      if (happens(0.25)) for (let count = 1 + whole(3); count > 0; count -= 1) if (at < packetBytesMax - 100) pick(mutations)();
      if (happens(0.05)) kept[whole(kept.length)] = Buffer.from(bytes.subarray(0, Math.min(at, 300)));
      return at;
    },
  };
}
