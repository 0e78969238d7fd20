/**
 * One of the demo's web servers, a program of its own: answers `/` with its name and `/health` with 200, and says to
 * its parent when it listens. Arguments: name, address, port.
 */
import { createServer } from 'node:http';

const [name = '', address = '', port = ''] = process.argv.slice(2);

const pages: Readonly<Record<string, string>> = { '/': `${name}\n`, '/health': 'ok\n' };

const server = createServer((request, response) => {
  const page = pages[request.url ?? ''];
  response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/plain' });
  response.end(page ?? 'there is / and /health\n');
});

server.listen(Number(port), address, () => process.send?.('listening'));
