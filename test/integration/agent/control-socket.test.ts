import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { askAgent } from '../../../src/nodes/agent/ask-agent.ts';
import type { AgentStatus, ControlReply, ControlRequest } from '../../../src/nodes/agent/control-messages.ts';
import { type ControlSocket, openControlSocket } from '../../../src/nodes/agent/control-socket.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-control-'));
});
after(() => rm(folder, { recursive: true }));

const status: AgentStatus = {
  agent: 'web-1',
  version: '1.2.3',
  boot: 3,
  backends: [{ service: 'a.example.com', address: '192.0.2.1', port: 80, weight: 100, healthy: true, error: null, draining: null }],
  drains: [],
  overwatches: [
    { address: '192.0.2.53:7946', name: 'o1', reached: true, failures: 0, sent: 5, acknowledged: 4, current: true, trouble: null },
  ],
};

async function withSocket(
  name: string,
  act: (path: string, asked: ControlRequest[]) => Promise<void>,
  reply: ControlReply = { ok: true, status },
): Promise<void> {
  const asked: ControlRequest[] = [];
  const socket = await openControlSocket(join(folder, name), (request) => {
    asked.push(request);
    return reply;
  });
  try {
    await act(socket.path, asked);
  } finally {
    await socket.close();
  }
}

/** Says this much and gives back all that is answered. */
async function say(path: string, bytes: string | Buffer): Promise<string> {
  const socket = connect(path);
  socket.on('error', () => {});
  socket.write(bytes);
  return text(socket);
}

test('a request is one line, and so is its reply', () =>
  withSocket('one', async (path, asked) => {
    assert.deepEqual(await askAgent(path, { command: 'status' }), status);
    await askAgent(path, { command: 'drain-on', service: 'A.example.com.', reason: 'kernel update' });
    assert.deepEqual(asked, [{ command: 'status' }, { command: 'drain-on', service: 'a.example.com', reason: 'kernel update' }]);
    assert.equal(await say(path, '{"command": "status"}\nand more'), `${JSON.stringify({ ok: true, status })}\n`);
  }));

test('nobody but its user may open it, from the first moment on, whatever the mask is', async () => {
  const mask = process.umask(0);
  try {
    await withSocket('mode', async (path) => {
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(process.umask(), 0, 'the mask is as it was');
    });
  } finally {
    process.umask(mask);
  }
  assert.equal(existsSync(join(folder, 'mode')), false, 'closing it takes it away');
});

test('a refusal comes with its code, sentence and remedy', () =>
  withSocket(
    'refusal',
    (path) =>
      assert.rejects(askAgent(path, { command: 'drain-off', service: null }), {
        kind: 'refused',
        code: 'not-draining',
        message: 'it is not',
        remedy: 'nothing',
      }),
    { ok: false, code: 'not-draining', error: 'it is not', remedy: 'nothing' },
  ));

for (const [name, bytes] of [
  ['no JSON', 'drain on\n'],
  ['an unknown command', '{"command": "stop"}\n'],
  ['a field too many', '{"command": "status", "x": 1}\n'],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x0a])],
  ['more than a request may have', `{"command": "status", "x": "${'x'.repeat(100_000)}"}\n`],
  ['more than that, and no end of the line', 'x'.repeat(100_000)],
] as const) {
  test(`${name}: refused in a sentence, and the next one is answered`, () =>
    withSocket('malformed', async (path, asked) => {
      const reply = await say(path, bytes);
      // Whoever still sends when the answer comes may be cut off before reading it.
      if (reply !== '' || typeof bytes !== 'string' || bytes.length < 10_000) {
        assert.deepEqual(
          { ...JSON.parse(reply), error: '' },
          {
            ok: false,
            code: 'malformed-request',
            error: '',
            remedy: 'ask with the version of opengslb that the agent is',
          },
        );
      }
      assert.deepEqual(asked, []);
      await askAgent(path, { command: 'status' });
    }));
}

test('who connects and says nothing keeps nobody from being answered, and none beyond the limit stay connected', () =>
  withSocket('silent', async (path) => {
    const silent: Socket[] = [];
    for (let count = 0; count < 15; count++) {
      const socket = connect(path);
      socket.on('error', () => {});
      await once(socket, 'connect');
      silent.push(socket);
    }
    assert.deepEqual(await askAgent(path, { command: 'status' }), status);
    const last = connect(path);
    await once(last, 'connect');
    await assert.rejects(askAgent(path, { command: 'status' }), { kind: 'unreachable' });
    for (const socket of [...silent, last]) socket.destroy();
  }));

test('closing ends whoever is connected', async () => {
  const socket = await openControlSocket(join(folder, 'closing'), () => ({ ok: true, status }));
  const client = connect(socket.path);
  await once(client, 'connect');
  await socket.close();
  client.resume();
  await once(client, 'close');
});

test('a second agent in the same place is refused, and the first goes on', () =>
  withSocket('twice', async (path) => {
    await assert.rejects(
      openControlSocket(path, () => ({ ok: true, status })),
      {
        code: 'control-socket-in-use',
        message: `an agent runs already: it listens on ${path}`,
        remedy: /agent\.state_dir/,
      },
    );
    assert.deepEqual(await askAgent(path, { command: 'status' }), status);
  }));

test('what an agent that was killed left behind gives way', async () => {
  const path = join(folder, 'stale');
  const child = spawn(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
  assert(existsSync(path), 'the killed process left its socket');
  await assert.rejects(askAgent(path, { command: 'status' }), { kind: 'unreachable', message: /is gone/ });
  await withSocket('stale', async () => void assert.deepEqual(await askAgent(path, { command: 'status' }), status));
});

test('what is no socket stays where it is', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'precious');
  symlinkSync(file, join(folder, 'link'));
  for (const path of [file, join(folder, 'link'), folder, join(folder, 'no/such/folder'), join(folder, 'x'.repeat(100))])
    await assert.rejects(
      openControlSocket(path, () => ({ ok: true, status })),
      { code: 'control-socket-unusable', remedy: /control_socket/ },
    );
  assert.equal(statSync(file).size, 8);
});

test('the one who asks is told why there is no answer', async () => {
  await assert.rejects(askAgent(join(folder, 'nothing'), { command: 'status' }), { kind: 'unreachable', message: /^no agent listens on/ });
  const impostor = createServer((socket) => socket.end('hello\n')).listen(join(folder, 'impostor'));
  await once(impostor, 'listening');
  await assert.rejects(askAgent(join(folder, 'impostor'), { command: 'status' }), {
    kind: 'unreachable',
    message: /does not answer as an agent/,
  });
  impostor.close();
});

test('a socket of the agent opens again after it was closed', async () => {
  const open = (): Promise<ControlSocket> => openControlSocket(join(folder, 'again'), () => ({ ok: true, status }));
  await (await open()).close();
  await (await open()).close();
});
