/**
 * `npm run bench -- NAME [arguments]`: runs test/bench/NAME.ts. Without a name it lists what there is. What stands in the
 * folders of test/bench belongs to benches and is none.
 */
import { basename, dirname, join } from 'node:path';
import { runNode } from './foreground.mjs';
import { build, filesBelow, install, root } from './ready.mjs';

install();
const folder = join(root, 'test', 'bench');
const files = filesBelow(folder).filter((path) => dirname(path) === folder);
const benches = new Map(files.map((path) => [basename(path, '.ts'), path]));
const [name, ...rest] = process.argv.slice(2);
const path = benches.get(name);
if (path !== undefined) {
  // Some benches start the program itself.
  build();
  process.exitCode = await runNode(['--import', 'tsx', path, ...rest], { cwd: root }).ended;
} else {
  console.error(
    `bench: ${name === undefined ? 'name one of' : `there is no ${name}; there are`}: ${[...benches.keys()].join(', ') || '(none yet)'}`,
  );
  process.exitCode = 2;
}
