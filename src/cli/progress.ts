/** One line on a terminal that says how far a long task is; nothing where nobody looks, and nothing in the first second. */

export interface Progress {
  /** Shows the text, at most ten times a second. */
  show(text: () => string): void;
  /** Takes the line away. */
  clear(): void;
}

const quietMs = 1000;
const betweenMs = 100;

export function progress(): Progress {
  let next = Date.now() + quietMs;
  let shown = false;
  return {
    show(text) {
      if (!process.stderr.isTTY || Date.now() < next) return;
      next = Date.now() + betweenMs;
      shown = true;
      process.stderr.write(`\r\x1b[2K${text()}`);
    },
    clear() {
      if (shown) process.stderr.write('\r\x1b[2K');
      shown = false;
    },
  };
}
