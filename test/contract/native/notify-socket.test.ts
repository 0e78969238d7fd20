/** What speaks to a supervisor: the socket and its silent form are used alike, and the socket's messages arrive whole. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type NotifySocket, openNotifyNobody } from '../../../src/native/notify-nobody.ts';
import { openNotifySocket } from '../../../src/native/notify-socket.ts';
import { openSupervisorSocket } from '../../supervisor-socket.ts';

const linuxOnly = { skip: process.platform !== 'linux' && 'only Linux has such supervisors' };
const message = 'READY=1\nSTATUS=größer als ASCII';

describe('what speaks to a supervisor', linuxOnly, () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'opengslb-notify-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const forms: Readonly<Record<string, { open(address: string): NotifySocket; arrives: boolean; address(): string }>> = {
    'by a path': { open: openNotifySocket, arrives: true, address: () => join(folder, 'notify') },
    'by an abstract name': { open: openNotifySocket, arrives: true, address: () => `@opengslb-notify-${process.pid}` },
    'to nobody': { open: openNotifyNobody, arrives: false, address: () => join(folder, 'nobody') },
  };

  for (const [name, { open, arrives, address }] of Object.entries(forms)) {
    test(`${name}: a message goes out whole or not at all, none after the end, which may come twice`, () => {
      const supervisor = openSupervisorSocket(address());
      try {
        const socket = open(address());
        socket.send(message);
        socket.send('WATCHDOG=1');
        assert.deepEqual(supervisor.received(), arrives ? [message, 'WATCHDOG=1'] : []);
        socket.close();
        socket.close();
        socket.send('READY=1');
        assert.equal(supervisor.received().length, arrives ? 2 : 0);
      } finally {
        supervisor.close();
      }
    });
  }

  test('the socket says why nothing can be sent', () => {
    const gone = join(folder, 'gone');
    const socket = openNotifySocket(gone);
    assert.throws(() => socket.send('READY=1'), {
      message: `nothing can be sent to ${gone}: no such file or directory (ENOENT)`,
    });
    socket.close();
  });

  test('an address that is none is refused before anything is opened', () => {
    assert.throws(() => openNotifySocket('vsock:2:1234'), /neither an absolute path nor an abstract name/);
    assert.throws(() => openNotifySocket(`/${'long'.repeat(30)}`), /longer than the name of a socket may be/);
  });

  test('a supervisor that does not read costs the message, and the sender does not wait', () => {
    const supervisor = openSupervisorSocket(join(folder, 'full'));
    const socket = openNotifySocket(join(folder, 'full'));
    const fill = () => {
      for (let sent = 0; sent < 100_000; sent += 1) socket.send('x'.repeat(1_000));
    };
    assert.throws(fill, /resource temporarily unavailable \(EAGAIN\)/);
    socket.close();
    supervisor.close();
  });
});
