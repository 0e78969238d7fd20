/**
 * UDP sockets as plain descriptors of the kernel, for threads that block in it. Several on one port share its datagrams
 * (SO_REUSEPORT): the kernel keeps a peer with one socket. What waits in a socket outlives the thread that read it.
 */
import { familyOf, kernelAddress, kernelFamily } from './kernel-address.ts';
import type { UdpFamily, UdpSocket, UdpSocketOptions } from './udp-batch.ts';
import { bind, callFailed, close, datagramClosedOnExec, getsockname, getsockopt, options, setsockopt, socket } from './udp-linux-calls.ts';

export async function openSockets(asked: UdpSocketOptions, count: number): Promise<readonly UdpSocket[]> {
  if (!(Number.isInteger(count) && count >= 1)) throw new RangeError(`one port has 1 socket or more, not ${count}`);
  if (count === 1) return [openSocket(asked, false)];
  // Any program of this user that shares the port with itself would share it with us: only a socket that shares with
  // nobody finds out whether the port is free.
  const first = openSocket(asked, false);
  first.close();
  const opened: UdpSocket[] = [];
  try {
    for (let number = 0; number < count; number++) opened.push(openSocket({ ...asked, port: first.port }, true));
  } catch (error) {
    for (const { close } of opened) close();
    throw error;
  }
  return opened;
}

function openSocket(asked: UdpSocketOptions, isShared: boolean): UdpSocket {
  const { host, receiveBufferBytes } = asked;
  const family = familyOf(host);
  const address = kernelAddress(host, asked.port);
  const descriptor = socket(kernelFamily[family], datagramClosedOnExec, 0);
  if (descriptor < 0) throw callFailed('socket', asked);
  try {
    if (family === 6) setOption(descriptor, 'ipv6Only', 1);
    if (isShared) setOption(descriptor, 'reusePort', 1);
    setOption(descriptor, 'receiveBuffer', receiveBufferBytes);
    if (bind(descriptor, address, address.length) < 0) throw callFailed('bind', asked);
    const port = portOf(descriptor, family);
    // The kernel counts its own bookkeeping in, and so doubles what it was asked for (socket(7)).
    const granted = Math.min(receiveBufferBytes, readOption(descriptor, 'receiveBuffer') / 2);
    let isOpen = true;
    const closeOnce = () => {
      if (isOpen) close(descriptor);
      isOpen = false;
    };
    return { family, host, port, receiveBufferBytes: granted, loan: { kind: 'linux', descriptor, family }, close: closeOnce };
  } catch (error) {
    close(descriptor);
    throw error;
  }
}

/** The wait of a blocking read; the kernel takes no wait of 0, which would be for ever. */
export function setReceiveTimeout(descriptor: number, timeoutMs: number): void {
  const time = BigInt64Array.of(BigInt(Math.floor(timeoutMs / 1000)), BigInt((timeoutMs % 1000) * 1000));
  const [level, option] = options.receiveTimeout;
  if (setsockopt(descriptor, level, option, time, time.byteLength) < 0) throw callFailed('setsockopt');
}

function setOption(descriptor: number, name: keyof typeof options, value: number): void {
  const [level, option] = options[name];
  if (setsockopt(descriptor, level, option, Int32Array.of(value), 4) < 0) throw callFailed('setsockopt');
}

function readOption(descriptor: number, name: keyof typeof options): number {
  const [level, option] = options[name];
  const value = new Int32Array(1);
  if (getsockopt(descriptor, level, option, value, Uint32Array.of(4)) < 0) throw callFailed('getsockopt');
  return value[0] ?? 0;
}

/** Asserts on the way that the kernel speaks of addresses as this program does. */
function portOf(descriptor: number, family: UdpFamily): number {
  const bytes = new Uint8Array(32);
  const length = Uint32Array.of(bytes.length);
  if (getsockname(descriptor, bytes, length) < 0) throw callFailed('getsockname');
  const view = new DataView(bytes.buffer);
  if (view.getUint16(0, true) !== kernelFamily[family]) throw new Error('the kernel writes addresses of sockets in another form');
  return view.getUint16(2);
}
