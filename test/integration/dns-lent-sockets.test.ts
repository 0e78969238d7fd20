/** Sockets that threads borrow, as the addresses of a machine come and go. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { it } from 'node:test';
import { pino } from 'pino';
import { bestUdp } from '../../src/native/load-udp.ts';
import { openLentSockets } from '../../src/nodes/dns/workers/lent-sockets.ts';
import { openStage } from '../dns-stage.ts';
import { query } from '../unit/nodes/dns/demo.ts';

const { udp } = await bestUdp();

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.71');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

it('follow the addresses: new ones are opened, old ones left out until nobody serves them, missing ones told of once', async () => {
  const lines: string[] = [];
  let addresses = ['127.0.0.71', '192.0.2.1'];
  const sockets = await openLentSockets({
    ...{ udp, address: { host: '', port: await freePort() }, workers: 1 },
    logger: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
    addressesNow: () => addresses,
  });
  try {
    assert.deepEqual(sockets.addresses, ['127.0.0.71'], 'what this machine does not have is passed over');
    assert.equal(await sockets.follow(), false);
    assert.equal(await sockets.follow(), false);
    assert.equal(lines.filter((line) => line.includes('192.0.2.1')).length, 1);

    const before = sockets.loansFor(0);
    addresses = ['127.0.0.72'];
    assert.equal(await sockets.follow(), true);
    assert.deepEqual(sockets.addresses, ['127.0.0.72']);
    assert.notDeepEqual(sockets.loansFor(0), before);
    sockets.closeLeftOut();

    addresses = [];
    assert.equal(await sockets.follow(), false, 'the last address is kept');
    assert.deepEqual(sockets.addresses, ['127.0.0.72']);
  } finally {
    sockets.close();
  }
});

it('are opened on every address of the machine where none is named', async (t) => {
  const { server, close } = await openStage(2, { listenAddress: ':0' });
  t.after(close);
  assert.ok(server.addresses.includes('127.0.0.1'), `${server.addresses}`);
  for (const host of server.addresses.filter((address) => !address.includes('%'))) {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.send(query('steady.example.com'), server.port, host);
    const [, peer] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer, { address: string }];
    socket.close();
    assert.equal(peer.address, host, 'the reply comes from the address that was asked');
  }
});
