/** `npm run torture -- [--rounds N] [--seed S] [--disk-seconds N]`: the long campaigns of test/torture against the built program, from a fresh clone as well. */
import { join } from 'node:path';
import { runNode } from './foreground.mjs';
import { build, install, root } from './ready.mjs';

install();
build();
const main = join(root, 'test', 'torture', 'main.ts');
process.exitCode = await runNode(['--import', 'tsx', main, ...process.argv.slice(2)], { cwd: root }).ended;
