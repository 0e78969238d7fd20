/**
 * `npm run demo`: installs and builds what is due, then shows both demos one after the other; with arguments it runs
 * `opengslb demo` with these alone, so that `npm run demo -- agents` shows the second one only.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runNode } from './foreground.mjs';
import { build, install, root } from './ready.mjs';

install();
build();
const program = join(root, 'dist', 'cli', 'main.js');
const words = process.argv.slice(2);
const demos = words.length > 0 ? [words] : [[], ['agents']];
if (existsSync(program)) {
  for (const demo of demos) {
    process.exitCode = await runNode([program, 'demo', ...demo]).ended;
    // Whoever stopped the first one, or saw it fail, has not asked for another.
    if (process.exitCode !== 0) break;
    if (demo !== demos.at(-1)) console.log();
  }
} else {
  console.error('opengslb: dist/cli/main.js is missing after the build; remove dist and try again');
  process.exitCode = 1;
}
