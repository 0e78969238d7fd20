import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { addressMissing, freePort } from '../../../../src/nodes/demo/ports.ts';

test('a port that is free can be listened on, on every one of the addresses', async () => {
  const addresses = ['127.0.0.1', '127.0.0.21'];
  const port = await freePort(addresses);
  assert.ok(port >= 20_000 && port < 32_000);
  for (const address of addresses) {
    const server = createServer().listen(port, address);
    await once(server, 'listening');
    server.close();
  }
});

test('an address that this machine does not have is told with what to do', async () => {
  // TEST-NET-1 (RFC 5737): nobody has it, and trying to bind it sends nothing.
  await assert.rejects(freePort(['127.0.0.1', '192.0.2.1']), { code: 'address-missing', message: /192\.0\.2\.1/ });
});

for (const { platform, remedy } of [
  { platform: 'darwin', remedy: 'sudo ifconfig lo0 alias 127.0.0.21 && sudo ifconfig lo0 alias 127.0.0.22' },
  { platform: 'linux', remedy: 'sudo ip address add 127.0.0.21/32 dev lo && sudo ip address add 127.0.0.22/32 dev lo' },
  { platform: 'freebsd', remedy: 'add them to the loopback interface' },
] as const) {
  test(`on ${platform} the remedy can be pasted`, () => {
    assert.equal(addressMissing(['127.0.0.21', '127.0.0.22'], platform).remedy, remedy);
  });
}
