/**
 * Looks for a text in a body that arrives in pieces, without keeping the body. UTF-8 is compared byte by byte, which is
 * the same as comparing characters; only what a match could still begin in is carried over to the next piece.
 */

export type SearchResult = 'found' | 'unknown-yet' | 'not-in-limit';

/** Searches the first `bytesMax` bytes. Each call takes the next piece of the body. */
export function searchBody(text: string, bytesMax: number): (piece: Uint8Array) => SearchResult {
  const wanted = Buffer.from(text, 'utf8');
  let carried = Buffer.alloc(0);
  let bytesLeft = bytesMax;
  return (piece) => {
    const window = Buffer.concat([carried, piece.subarray(0, bytesLeft)]);
    if (window.includes(wanted)) return 'found';
    bytesLeft -= Math.min(piece.length, bytesLeft);
    carried = window.subarray(Math.max(0, window.length - wanted.length + 1));
    return bytesLeft === 0 ? 'not-in-limit' : 'unknown-yet';
  };
}
