/**
 * Datagrams to a Unix socket, which Node cannot send: how a service tells its supervisor how it stands (sd_notify(3)).
 * One way only, and never waiting: a supervisor that does not read costs the message, not the service.
 */
import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';
import type { NotifySocket } from './notify-nobody.ts';

// Linux, on every processor that Node 20 is built for.
const addressFamilyUnix = 1;
const datagramClosedOnExec = 2 | 0o2000000;
const noWaitNoSignal = 0x40 | 0x4000;

/** `sun_path` of unix(7); a path ends with a NUL inside it, an abstract name may fill it. */
const nameBytesMax = 108;

/**
 * `address` as in `$NOTIFY_SOCKET`: an absolute path, or `@` and an abstract name. Throws with a sentence where it is
 * neither, or where the system gives no socket.
 */
export function openNotifySocket(address: string): NotifySocket {
  const peer = socketAddress(address);
  const library = koffi.load(null);
  const socket = library.func('int socket(int family, int type, int protocol)');
  const sendto = library.func('intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *peer, uint32_t peerLength)');
  const close = library.func('int close(int fd)');
  const descriptor = socket(addressFamilyUnix, datagramClosedOnExec, 0) as number;
  if (descriptor < 0) throw new Error(`no socket can be opened for ${address}: ${lastError()}`);
  let isOpen = true;
  return {
    send(message) {
      if (!isOpen) return;
      const data = Buffer.from(message);
      const sent = Number(sendto(descriptor, data, data.length, noWaitNoSignal, peer, peer.length));
      if (sent < 0) throw new Error(`nothing can be sent to ${address}: ${lastError()}`);
    },
    close() {
      if (isOpen) close(descriptor);
      isOpen = false;
    },
  };
}

/** `struct sockaddr_un`, as long as the name needs. */
function socketAddress(address: string): Buffer {
  const isAbstract = address.startsWith('@');
  if (!isAbstract && !address.startsWith('/')) throw new Error(`${address} is neither an absolute path nor an abstract name (@name)`);
  const name = Buffer.from(isAbstract ? `\0${address.slice(1)}` : `${address}\0`);
  if (name.length > nameBytesMax) throw new Error(`${address} is longer than the name of a socket may be`);
  const family = Buffer.alloc(2);
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] === 1) family.writeUInt16LE(addressFamilyUnix);
  else family.writeUInt16BE(addressFamilyUnix);
  return Buffer.concat([family, name]);
}

function lastError(): string {
  const code = koffi.errno();
  const [name, sentence] = getSystemErrorMap().get(-code) ?? [`error ${code}`, 'unknown to this program'];
  return `${sentence} (${name})`;
}
