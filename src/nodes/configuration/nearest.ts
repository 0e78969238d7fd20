/**
 * Which of the known words somebody meant who wrote another one: the nearest by edits (a letter added, left out,
 * changed, or two neighbours swapped), if it is near enough to be no guess.
 */

const charactersMax = 64;

export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > charactersMax) return undefined;
  const lower = word.toLowerCase();
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const edits = distance(lower, candidate.toLowerCase());
    if (edits < fewest && edits <= editsAllowed(word, candidate)) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

/** About one letter in three, but one in two or three: `prt` is `port`, `Q` is nothing that is known. */
function editsAllowed(word: string, candidate: string): number {
  const shorter = Math.min(word.length, candidate.length);
  return shorter < 2 ? 0 : Math.max(1, Math.floor(shorter / 3));
}

/** Optimal string alignment: Levenshtein's distance in which a swap of neighbours is one edit. */
function distance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let edits = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) edits = Math.min(edits, at(beforeLast, column - 2) + 1);
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return at(last, right.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
