/** A web server as small as can be, for docker-compose.yml: answers `/health` with ok, and everything else with its name. */
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const server = createServer((request, response) => response.end(request.url === '/health' ? 'ok\n' : `${hostname()}\n`));
server.listen(8080);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
