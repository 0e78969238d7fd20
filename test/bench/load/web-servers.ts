/** Web servers in a process of their own: `FROM COUNT PORT` opens one on each address; counts what they were asked. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { benchAddress } from './addresses.ts';

const [from = 0, count = 0, port = 0] = process.argv.slice(2).map(Number);
let asked = 0;
for (let index = from; index < from + count; index += 1) {
  const server = createServer((_request, response) => {
    asked += 1;
    response.end('ok');
  }).listen(port, benchAddress(index));
  await once(server, 'listening');
}
process.on('message', () => process.send?.(asked));
process.on('disconnect', () => process.exit());
process.send?.('listening');
