/** `npm run bench -- NAME [arguments]`: runs test/bench/NAME.ts. Without a name it lists what there is. */
import { basename, join } from 'node:path';
import { runNode } from './foreground.mjs';
import { filesBelow, install, root } from './ready.mjs';

install();
const benches = new Map(filesBelow(join(root, 'test', 'bench')).map((path) => [basename(path).replace(/(\.bench)?\.ts$/, ''), path]));
const [name, ...rest] = process.argv.slice(2);
const path = benches.get(name);
if (path !== undefined) process.exitCode = await runNode(['--import', 'tsx', path, ...rest], { cwd: root }).ended;
else {
  console.error(
    `bench: ${name === undefined ? 'name one of' : `there is no ${name}; there are`}: ${[...benches.keys()].join(', ') || '(none yet)'}`,
  );
  process.exitCode = 2;
}
