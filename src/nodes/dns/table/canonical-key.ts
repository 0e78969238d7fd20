/**
 * The place of a name among the names of its zone (RFC 4034 section 6.1) as bytes that compare as the names do: labels
 * below the apex from the top down, a zero between them. Bytes 0 and 1 within a label become two, so that nothing in a
 * label sorts before the end of it.
 */
import type { Name } from '../names.ts';

export function canonicalKey(name: Name, apex: Name): Uint8Array {
  const end = name.length - apex.length;
  const starts: number[] = [];
  for (let at = 0; at < end; at += 1 + name.charCodeAt(at)) starts.push(at);
  const key = new Uint8Array(2 * end);
  let written = 0;
  for (let label = starts.length - 1; label >= 0; label -= 1) {
    if (written > 0) key[written++] = 0;
    const start = starts[label] as number;
    for (let at = start + 1; at <= start + name.charCodeAt(start); at += 1) {
      const byte = name.charCodeAt(at);
      if (byte <= 1) key[written++] = 1;
      key[written++] = byte <= 1 ? byte + 1 : byte;
    }
  }
  return key.subarray(0, written);
}
