/**
 * Free ports on the demo's addresses. They are taken from below the range that the kernel gives to outgoing
 * connections, so that a server that was killed finds its port free when it comes back.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { DemoError } from './demo-error.ts';

const portMin = 20_000;
const portMax = 32_000;
const triesMax = 50;

/** A port that is free on every one of the addresses, for TCP and for UDP. */
export async function freePort(addresses: readonly string[]): Promise<number> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const port = randomInt(portMin, portMax);
    const trials = addresses.flatMap((address) => [bindTcp(address, port), bindUdp(address, port)]);
    const codes = await Promise.all(trials);
    if (codes.includes('EADDRNOTAVAIL')) throw addressMissing(addresses);
    if (codes.every((code) => code === undefined)) return port;
  }
  throw new DemoError(
    'no-free-port',
    `none of ${triesMax} ports between ${portMin} and ${portMax} was free on ${addresses.join(', ')}`,
    'end what listens there, or ask again',
  );
}

/** How an address is given to the loopback interface, by platform; Linux has all of 127.0.0.0/8 from the start. */
const addressCommands: Readonly<Partial<Record<NodeJS.Platform, (address: string) => string>>> = {
  darwin: (address) => `sudo ifconfig lo0 alias ${address}`,
  linux: (address) => `sudo ip address add ${address}/32 dev lo`,
};

export function addressMissing(addresses: readonly string[], platform: NodeJS.Platform = process.platform): DemoError {
  const command = addressCommands[platform];
  const remedy = command === undefined ? 'add them to the loopback interface' : addresses.map(command).join(' && ');
  return new DemoError('address-missing', `this machine does not have all of the addresses ${addresses.join(', ')}`, remedy);
}

/** The code of what went wrong, if anything. */
function bindTcp(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    server.listen(port, address, () => server.close(() => resolve(undefined)));
  });
}

function bindUdp(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? 'unknown');
    });
    socket.bind(port, address, () => socket.close(() => resolve(undefined)));
  });
}
