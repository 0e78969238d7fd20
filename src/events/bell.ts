/**
 * Wakes those who wait for something to happen, and tells them nothing else: they look for themselves. So nothing is
 * queued for anybody, however slow.
 */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring, or when `signal` is aborted. Waiting begins at once, not when it is awaited. */
  heard(signal: AbortSignal): Promise<void>;
}

export function createBell(): Bell {
  let waiting: (() => void)[] = [];
  return {
    ring() {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    heard(signal) {
      return new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          waiting = waiting.filter((other) => other !== wake);
          resolve();
        };
        waiting.push(wake);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
  };
}
