/** What the demos share on the command line: the program that they start, how they look, how they are interrupted. */
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CastServer } from '../nodes/demo/cast.ts';
import { canRedraw, type DemoScreen, liveScreen, plainScreen } from './demo-screen.ts';

/** The file that is `opengslb`: beside this one, in whichever language both are. */
export const thisProgram = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));

/** Ctrl-C and its like end the demo in order. A second one changes nothing: the end is on its way, and bounded. */
export function interruption(): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const abort = () => controller.abort();
  for (const name of signals) process.on(name, abort);
  return {
    signal: controller.signal,
    release: () => {
      for (const name of signals) process.off(name, abort);
    },
  };
}

export const noScreen: DemoScreen = { show: () => {}, note: () => {}, close: () => {} };

export function chooseScreen(now: () => number, cast: readonly CastServer[]): DemoScreen {
  const { stdout } = process;
  return canRedraw(stdout) ? liveScreen(stdout, now, cast) : plainScreen((line) => stdout.write(`${line}\n`), now, cast);
}
