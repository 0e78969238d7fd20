/**
 * A look at MessagePack before anything is made of it: exactly one array, of the few kinds of value that our messages
 * have, not deep, and every length within what is there. The decoder sets memory aside for what a length claims, so none
 * that lies may reach it. It refuses maps and extensions.
 */

/** How many bytes follow the first one, for values of a fixed size. */
const fixedSizes: Readonly<Record<number, number>> = {
  192: 0, // nil
  194: 0, // false
  195: 0, // true
  202: 4, // floats
  203: 8,
  204: 1, // whole numbers from 0
  205: 2,
  206: 4,
  207: 8,
  208: 1, // whole numbers below 0
  209: 2,
  210: 4,
  211: 8,
};
/** How many bytes the length has, for bytes, text and arrays. */
const lengthSizes: Readonly<Record<number, number>> = { 196: 1, 197: 2, 198: 4, 217: 1, 218: 2, 219: 4, 220: 2, 221: 4 };

export function isPlausible(bytes: Uint8Array, nestingMax: number): boolean {
  const first = bytes[0] ?? 0;
  return isArray(first) && endOfValue(bytes, 0, nestingMax) === bytes.length;
}

const isArray = (head: number) => (head >= 0x90 && head <= 0x9f) || head === 220 || head === 221;

/** Where the value that begins at `at` ends; undefined where it is none that we know, or does not end. */
function endOfValue(bytes: Uint8Array, at: number, nesting: number): number | undefined {
  const head = bytes[at];
  if (head === undefined) return undefined;
  if (head < 0x80 || head >= 0xe0) return at + 1;
  if (head >= 0x90 && head <= 0x9f) return endOfArray(bytes, at + 1, head & 0x0f, nesting);
  if (head >= 0xa0 && head <= 0xbf) return within(bytes, at + 1 + (head & 0x1f));

  const fixed = fixedSizes[head];
  if (fixed !== undefined) return within(bytes, at + 1 + fixed);
  const lengthSize = lengthSizes[head];
  if (lengthSize === undefined || at + 1 + lengthSize > bytes.length) return undefined;
  const length = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readUIntBE(at + 1, lengthSize);
  const start = at + 1 + lengthSize;
  return isArray(head) ? endOfArray(bytes, start, length, nesting) : within(bytes, start + length);
}

function within(bytes: Uint8Array, end: number): number | undefined {
  return end <= bytes.length ? end : undefined;
}

function endOfArray(bytes: Uint8Array, start: number, length: number, nesting: number): number | undefined {
  // Each element has a byte at least.
  if (nesting === 0 || length > bytes.length - start) return undefined;
  let at = start;
  for (let index = 0; index < length; index += 1) {
    const end = endOfValue(bytes, at, nesting - 1);
    if (end === undefined) return undefined;
    at = end;
  }
  return at;
}
