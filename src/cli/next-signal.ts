/** Waits for somebody to end this process: Ctrl-C, a service supervisor, `kill`. */

const signals = ['SIGINT', 'SIGTERM'] as const;
export type EndSignal = (typeof signals)[number];

/** The next one from now on; until then, it does not end the process. */
export function nextSignal(): Promise<EndSignal> {
  return new Promise((resolve) => {
    const listeners = signals.map((signal) => {
      const heard = () => {
        for (const { other, listener } of listeners) process.off(other, listener);
        resolve(signal);
      };
      return { other: signal, listener: heard };
    });
    for (const { other, listener } of listeners) process.on(other, listener);
  });
}
