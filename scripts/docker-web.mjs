/** A web server as small as can be, for docker-compose.yml: answers `/health` with ok, and everything else with `NAME`, else the host's. `ADDRESS` and `PORT` say where, else 8080 everywhere. */
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const name = process.env.NAME ?? hostname();
const server = createServer((request, response) => response.end(request.url === '/health' ? 'ok\n' : `${name}\n`));
server.listen(Number(process.env.PORT ?? 8080), process.env.ADDRESS);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
