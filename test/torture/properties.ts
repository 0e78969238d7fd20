/** The property tests, each tried many times as often as in an everyday run: what is rare is found here, and not by somebody else's change. */
import { fileURLToPath } from 'node:url';

const script = new URL('../../scripts/foreground.mjs', import.meta.url).href;
type RunNode = (args: readonly string[], options: object) => { readonly ended: Promise<number> };

/** For each time, as a bound against what hangs. */
const minutes = 5;

export async function tryProperties(times: number): Promise<object> {
  const { runNode } = (await import(script)) as { readonly runNode: RunNode };
  const { ended } = runNode(['scripts/run-tests.mjs', '--folders', 'test/property', '--minutes', String(minutes * times)], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { ...process.env, OPENGSLB_PROPERTY_TIMES: String(times) },
  });
  const code = await ended;
  if (code !== 0) throw new Error(`the property tests ended with ${code}; what failed stands above, with its seed and path`);
  return { times };
}
