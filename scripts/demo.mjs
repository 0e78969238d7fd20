/** `npm run demo`: installs and builds what is due, then runs `opengslb demo` with the arguments given. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runNode } from './foreground.mjs';
import { build, install, root } from './ready.mjs';

install();
build();
const program = join(root, 'dist', 'cli', 'main.js');
if (existsSync(program)) process.exitCode = await runNode([program, 'demo', ...process.argv.slice(2)]).ended;
else {
  console.error('opengslb: dist/cli/main.js is missing after the build; remove dist and try again');
  process.exitCode = 1;
}
