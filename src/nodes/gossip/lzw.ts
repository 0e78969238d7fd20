/**
 * LZW with 8-bit literals, least significant bit first, as GIF and memberlist use it: codes 0 to 255 are bytes, 256
 * clears the dictionary, 257 ends, others grow with it from 9 to 12 bits. Reading never writes more than it is allowed
 * to, however little was sent.
 */
const clearCode = 256;
const endCode = 257;
const widthMin = 9;
const widthMax = 12;
const codes = 1 << widthMax;

export type Inflated = Uint8Array | 'malformed' | 'too-long';

/**
 * An entry of the dictionary is the expansion of the code before it and one more byte, and that is exactly what stands in
 * the output from where that expansion began. So an entry is a place and a length in the output, and nothing else is kept.
 */
export function inflate(input: Uint8Array, outputBytesMax: number): Inflated {
  const starts = new Int32Array(codes);
  const lengths = new Int32Array(codes);
  let output = new Uint8Array(Math.min(outputBytesMax, Math.max(256, 4 * input.length)));
  let written = 0;
  let [next, width] = [endCode, widthMin];
  /** Of the code before; a length of 0 where there is none, or none that an entry may build on. */
  let [lastStart, lastLength] = [0, 0];
  let [held, bits] = [0, 0];

  for (let at = 0; ; ) {
    for (; bits < width; bits += 8, at += 1) {
      const byte = input[at];
      if (byte === undefined) return 'malformed';
      held |= byte << bits;
    }
    const code = held & ((1 << width) - 1);
    held >>>= width;
    bits -= width;

    if (code === endCode) return output.subarray(0, written);
    if (code === clearCode) {
      [next, width, lastLength] = [endCode, widthMin, 0];
      continue;
    }
    if (code > next) return 'malformed';
    if (lastLength > 0) {
      starts[next] = lastStart;
      lengths[next] = lastLength + 1;
    }
    const length = code < clearCode ? 1 : (lengths[code] ?? 0);
    if (written + length > outputBytesMax) return 'too-long';
    if (written + length > output.length) output = grown(output, written + length, outputBytesMax);
    if (code < clearCode) output[written] = code;
    // Byte by byte and forwards: the entry that is being made right now ends with the first byte that is written here.
    else for (let from = starts[code] ?? 0, to = written; to < written + length; from += 1, to += 1) output[to] = output[from] ?? 0;

    [lastStart, lastLength] = [written, length];
    written += length;
    next += 1;
    if (next < 1 << width) continue;
    if (width < widthMax) width += 1;
    // A full dictionary stays as it is until it is cleared.
    else [next, lastLength] = [next - 1, 0];
  }
}

function grown(output: Uint8Array, needed: number, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(most, Math.max(needed, 2 * output.length)));
  larger.set(output);
  return larger;
}

/** Byte for byte what other members make of the same input. */
export function deflate(input: Uint8Array): Uint8Array {
  const output: number[] = [];
  let [held, bits, width, top] = [0, 0, widthMin, endCode];
  /** (code of the prefix) * 256 + (next byte) -> code. */
  let entries = new Map<number, number>();
  function put(code: number): void {
    held |= code << bits;
    for (bits += width; bits >= 8; bits -= 8, held >>>= 8) output.push(held & 0xff);
  }
  /** After each code that stands for data. Gives the code of a new entry, or undefined where the dictionary was cleared. */
  function advance(): number | undefined {
    top += 1;
    if (top === 1 << width) width += 1;
    if (top < codes - 1) return top;
    put(clearCode);
    [width, top, entries] = [widthMin, endCode, new Map()];
    return undefined;
  }

  put(clearCode);
  let prefix: number | undefined;
  for (const byte of input) {
    const key = (prefix ?? 0) * 256 + byte;
    const longer = prefix === undefined ? byte : entries.get(key);
    if (longer === undefined && prefix !== undefined) {
      put(prefix);
      const code = advance();
      if (code !== undefined) entries.set(key, code);
    }
    prefix = longer ?? byte;
  }
  if (prefix !== undefined) {
    put(prefix);
    advance();
  }
  put(endCode);
  if (bits > 0) output.push(held & 0xff);
  return Uint8Array.from(output);
}
