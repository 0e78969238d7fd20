/** The other end of `$NOTIFY_SOCKET`: a real Unix datagram socket, as a service supervisor has one, and what came in on it. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import koffi from 'koffi';

const [addressFamilyUnix, datagram, noWait] = [1, 2, 0x40];

const library = koffi.load(null);
const socket = library.func('int socket(int family, int type, int protocol)');
const bind = library.func('int bind(int fd, const void *address, uint32_t length)');
const receive = library.func('intptr_t recv(int fd, _Out_ void *data, size_t length, int flags)');
const closeDescriptor = library.func('int close(int fd)');

export interface SupervisorSocket {
  /** Every datagram so far, oldest first. */
  received(): readonly string[];
  close(): void;
}

/** `address` as in `$NOTIFY_SOCKET`: a path, or `@` and an abstract name. */
export function openSupervisorSocket(address: string): SupervisorSocket {
  const isAbstract = address.startsWith('@');
  const descriptor = socket(addressFamilyUnix, datagram, 0) as number;
  const family = Buffer.from(Uint16Array.of(addressFamilyUnix).buffer);
  const name = Buffer.concat([family, Buffer.from(isAbstract ? `\0${address.slice(1)}` : `${address}\0`)]);
  assert.equal(bind(descriptor, name, name.length), 0, `bind ${address}: error ${koffi.errno()}`);
  const messages: string[] = [];
  const buffer = Buffer.alloc(4096);
  let isOpen = true;
  return {
    received() {
      for (;;) {
        const length = isOpen ? Number(receive(descriptor, buffer, buffer.length, noWait)) : -1;
        if (length < 0) return messages;
        messages.push(buffer.toString('utf8', 0, length));
      }
    },
    close() {
      if (isOpen) closeDescriptor(descriptor);
      isOpen = false;
      if (!isAbstract) rmSync(address, { force: true });
    },
  };
}
