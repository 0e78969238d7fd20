import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { type Answer, decode, encode } from 'dns-packet';
import { type VirtualClock, virtualClock } from '../../../../src/nodes/clock.ts';
import { type Client, createClient } from '../../../../src/nodes/demo/client.ts';
import { type ClientLog, createClientLog, isRequest, type RequestEnded } from '../../../../src/nodes/demo/client-log.ts';

const service = 'app.demo.local';
const start = 1_700_000_000_000;

interface Fixture {
  readonly client: Client;
  readonly clock: VirtualClock;
  readonly log: ClientLog;
  /** Moves to the client's next requests, one after another, each ended before the next begins. */
  readonly requests: (count: number) => Promise<readonly RequestEnded[]>;
}

/** DNS that answers these addresses, and web servers on some of them. */
async function withClient(
  { answer, webs }: { readonly answer: readonly string[]; readonly webs: Readonly<Record<string, RequestListener>> },
  run: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  const dns = createSocket('udp4');
  dns.on('message', (bytes, from) => {
    const { id = 0, questions = [] } = decode(bytes);
    const answers = answer.map((data): Answer => ({ type: 'A', class: 'IN', name: service, ttl: 3600, data }));
    dns.send(encode({ type: 'response', id, questions, answers }), from.port, from.address);
  });
  dns.bind(0, '127.0.0.1');
  await once(dns, 'listening');
  const servers: Server[] = [];
  let port = 0;
  for (const [address, listener] of Object.entries(webs)) {
    const server = createServer(listener);
    server.listen(port, address);
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    servers.push(server);
  }
  const clock = virtualClock(start);
  const log = createClientLog();
  const client = createClient({ service, port, dns: { address: '127.0.0.1', port: dns.address().port }, clock, log, witness: false });
  const requests = async (count: number) => {
    const ended: RequestEnded[] = [];
    while (ended.length < count) {
      const next = nextRequest(log);
      if (ended.length === 0 && log.entries.length === 0) client.start();
      else await clock.moveTo(clock.now() + 50);
      ended.push(await next);
    }
    return ended;
  };
  try {
    await run({ client, clock, log, requests });
  } finally {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    await client.stop();
    dns.close();
  }
}

function nextRequest(log: ClientLog): Promise<RequestEnded> {
  return new Promise((resolve) => {
    const callOff = log.follow((entry) => {
      if (entry.kind !== 'request') return;
      callOff();
      resolve(entry);
    });
  });
}

const page =
  (name: string): RequestListener =>
  (_request, response) =>
    void response.end(`${name}\n`);

test('requests go round the addresses of the answer, one every 50 ms', async () => {
  const webs = { '127.0.0.21': page('web1'), '127.0.0.22': page('web2') };
  await withClient({ answer: ['127.0.0.21', '127.0.0.22'], webs }, async ({ requests, log }) => {
    const ended = await requests(6);
    const [first, second] = [ended[0]?.server, ended[1]?.server];
    assert.deepEqual([first, second].sort(), ['web1', 'web2']);
    assert.deepEqual(
      ended.map(({ server }) => server),
      [first, second, first, second, first, second],
    );
    assert.deepEqual(
      ended.map(({ startedAt }) => startedAt - start),
      [0, 50, 100, 150, 200, 250],
    );
    assert.equal(log.entries.filter(({ kind }) => kind === 'answer').length, 1, 'the answer is still fresh');
  });
});

test('a connection is kept alive from one request to the next', async () => {
  const ports = new Set<number | undefined>();
  const web1: RequestListener = (request, response) => {
    ports.add(request.socket.remotePort);
    response.end('web1\n');
  };
  await withClient({ answer: ['127.0.0.21'], webs: { '127.0.0.21': web1 } }, async ({ requests }) => {
    await requests(5);
    assert.equal(ports.size, 1);
  });
});

test('a request that fails is logged and not tried elsewhere', async () => {
  await withClient({ answer: ['127.0.0.21', '127.0.0.22'], webs: { '127.0.0.21': page('web1') } }, async ({ requests }) => {
    const ended = await requests(4);
    const failed = ended.filter(({ error }) => error !== null);
    assert.equal(failed.length, 2);
    for (const { address, server, error } of failed) {
      assert.deepEqual([address, server], ['127.0.0.22', null]);
      assert.match(error ?? '', /ECONNREFUSED/);
    }
  });
});

test('a status other than 200 is a failure', async () => {
  const web1: RequestListener = (_request, response) => void response.writeHead(503).end('web1');
  await withClient({ answer: ['127.0.0.21'], webs: { '127.0.0.21': web1 } }, async ({ requests }) => {
    const [ended] = await requests(1);
    assert.deepEqual([ended?.server, ended?.error], [null, 'status 503']);
  });
});

test('a page without end is cut off', async () => {
  const web1: RequestListener = (_request, response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(1_024)));
    };
    response.on('drain', more);
    more();
  };
  await withClient({ answer: ['127.0.0.21'], webs: { '127.0.0.21': web1 } }, async ({ requests }) => {
    const [ended] = await requests(1);
    assert.match(ended?.error ?? '', /longer than any/);
  });
});

test('a server that hangs is given up after a second', async () => {
  const arrived = new EventTarget();
  const web1: RequestListener = () => void arrived.dispatchEvent(new Event('request'));
  await withClient({ answer: ['127.0.0.21'], webs: { '127.0.0.21': web1 } }, async ({ client, clock, log }) => {
    const next = nextRequest(log);
    const request = once(arrived, 'request');
    const asked = client.askDirectly('127.0.0.21');
    await request;
    await clock.moveTo(start + 999);
    assert.equal(log.entries.length, 0);
    await clock.moveTo(start + 1_000);
    const ended = await next;
    await asked;
    assert.deepEqual([ended.error, ended.at], ['no answer within 1000 ms', start + 1_000]);
  });
});

test('a direct request goes to the address whatever DNS says, and is told apart', async () => {
  const webs = { '127.0.0.21': page('web1'), '127.0.0.23': page('web3') };
  await withClient({ answer: ['127.0.0.21'], webs }, async ({ client, log }) => {
    await client.askDirectly('127.0.0.23');
    const [entry] = log.entries;
    assert.ok(entry?.kind === 'request');
    assert.deepEqual([entry.server, entry.direct], ['web3', true]);
    assert.equal(log.entries.filter(isRequest).length, 0);
  });
});
