/** `drain on|off` and `agent status` as people type them, against an agent's drains and its real control socket. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { carryOutControl } from '../../../src/nodes/agent/control-commands.ts';
import { carryOutKeys, isKeyRequest } from '../../../src/nodes/agent/control-keys.ts';
import type { AgentStatus } from '../../../src/nodes/agent/control-messages.ts';
import { controlPathIn } from '../../../src/nodes/agent/control-path.ts';
import { type Answer, type ControlSocket, openControlSocket } from '../../../src/nodes/agent/control-socket.ts';
import { type Drains, openDrains } from '../../../src/nodes/agent/drains.ts';
import { openStateFolder } from '../../../src/nodes/agent/state-folder.ts';

const program = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const service = 'app.example.com';
const trouble = '192.0.2.54:7946 cannot be reached: nothing listens there; is it running, and is the port right?';
let folder: string;
let configFile: string;
let drains: Drains;
let socket: ControlSocket;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-host-drain-'));
  configFile = join(folder, 'agent.yaml');
  // The key is in no variable of whoever drains, and need not be.
  await writeFile(
    configFile,
    `mode: agent\nagent:\n  state_dir: ${folder}/state\n  gossip: { encryption_key: "\${NO_SUCH_KEY}", overwatch_nodes: [] }\n`,
    { mode: 0o600 },
  );
  drains = openDrains({ folder: openStateFolder(join(folder, 'state')), changed: () => {} });
  const answer: Answer = (request) =>
    isKeyRequest(request)
      ? carryOutKeys(request, undefined, status)
      : carryOutControl(request, { drains, services: new Set([service]), status });
  socket = await openControlSocket(controlPathIn(configFile, {}), answer);
});
after(async () => {
  await socket.close();
  await rm(folder, { recursive: true });
});

function status(): AgentStatus {
  const backend = { service, address: '192.0.2.1', port: 80, weight: 100, healthy: true, error: null };
  return {
    ...{ agent: 'web-1', version: '1.2.3', boot: 4, drains: [...drains.list()] },
    backends: [{ ...backend, draining: drains.reasonOf(service) }],
    overwatches: [
      { address: '192.0.2.53:7946', name: 'o1', reached: true, failures: 0, sent: 9, acknowledged: 8, current: true, trouble: null },
      { address: '192.0.2.54:7946', name: null, reached: false, failures: 3, sent: 0, acknowledged: 0, current: false, trouble },
      { address: '192.0.2.55:7946', name: null, reached: false, failures: 2, sent: 7, acknowledged: 6, current: true, trouble: null },
    ],
  };
}

async function run(...args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

test('a host is drained, shows it, and is let in again', async () => {
  const on = await run('drain', 'on', '--reason', 'kernel update', '--config', configFile);
  assert.equal(on.code, 0, on.stderr);
  assert.match(on.stdout, /^every service of this host is draining\n/);
  assert.deepEqual(drains.list(), [{ by: 'socket', service: null, reason: 'kernel update' }]);

  const shown = await run('agent', 'status', '--config', configFile);
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^web-1: opengslb 1\.2\.3, start 4\nevery service drains \(command\): kernel update\n/);
  assert.match(shown.stdout, /app\.example\.com +192\.0\.2\.1:80 +draining +100 +kernel update/);
  assert.match(shown.stdout, /192\.0\.2\.53:7946 +o1 +reached +9 +8 +knows all/);
  assert(shown.stdout.includes(`\n${trouble}\n`), 'it says why one is not reached');
  assert.match(shown.stdout, /\n192\.0\.2\.55:7946 answers no greeting: is it an overwatch\?\n$/);
  assert.match(shown.stdout, /192\.0\.2\.55:7946 +- +not reached +7 +6 +knew all/);
  assert.match(shown.stdout, /192\.0\.2\.54:7946 +- +not reached +0 +0 +not yet told all/);

  const off = await run('drain', 'off', '--config', configFile, '--json');
  assert.equal(off.code, 0, off.stderr);
  assert.deepEqual(JSON.parse(off.stdout), JSON.parse(JSON.stringify(status())));
  assert.deepEqual(drains.list(), []);
});

test('one service is drained, by the socket itself and without a reason of its own', async () => {
  const { code, stdout, stderr } = await run('drain', 'on', service, '--socket', socket.path);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^app\.example\.com is draining\n/);
  assert.deepEqual(drains.list(), [{ by: 'socket', service, reason: 'drained on the host' }]);
  assert.equal((await run('drain', 'off', service, '--socket', socket.path)).code, 0);
});

for (const [name, args, code, words] of [
  ['a refusal is 1', ['drain', 'off'], 1, /this agent is not draining\n {2}what to do: nothing is to be done/],
  [
    'a service of another host is 1',
    ['drain', 'on', '192.0.2.7'],
    1,
    /this agent has no backend of 192\.0\.2\.7\n.*name one of app\.example\.com/,
  ],
  ['no agent is 3', ['agent', 'status', '--socket', '/nonexistent'], 3, /no agent listens on \/nonexistent\n/],
  ['no name of a service is 2', ['drain', 'on', 'not a name'], 2, /Expected a DNS name/],
  ['an empty reason is 2', ['drain', 'on', '--reason', ' '], 2, /Expected a reason/],
  [
    'a server is the other form, which needs a reason',
    ['drain', service, '192.0.2.1', '--api', 'http://127.0.0.1:1'],
    2,
    /a reason is missing/,
  ],
  [
    'a service that is called on has a final dot',
    ['drain', 'on.', '192.0.2.1', '--reason', 'x', '--api', 'http://127.0.0.1:1'],
    3,
    /127\.0\.0\.1:1/,
  ],
  ['the other form speaks to nodes', ['drain', service, '192.0.2.1', '--reason', 'x', '--api', 'http://127.0.0.1:1'], 3, /127\.0\.0\.1:1/],
] as const) {
  test(`exit codes: ${name}`, async () => {
    const usesSocket = !args.some((word) => word === '--socket' || word === '--api');
    const finished = await run(...args, ...(usesSocket ? ['--socket', socket.path] : []));
    assert.match(finished.stderr, words);
    assert.equal(finished.code, code);
    assert.deepEqual(drains.list(), []);
  });
}

test('the configuration says where the socket is, whatever else is missing in it', async () => {
  const write = async (lines: string) => {
    await writeFile(configFile, lines, { mode: 0o600 });
    return () => controlPathIn(configFile, { SET: '/run/set' });
  };
  assert.equal((await write('agent: { control_socket: /run/a.sock, state_dir: /var/b }\n'))(), '/run/a.sock');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the configuration
  assert.equal((await write('agent: { state_dir: "${SET}/b" }\n'))(), '/run/set/b/agent.sock');
  assert.equal((await write('mode: agent\n'))(), '/var/lib/opengslb/agent/agent.sock');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the configuration
  assert.throws(await write('agent: { control_socket: "${MISSING}" }\n'), /agent\.control_socket.*MISSING/);
  assert.throws(await write('agent: [\n'), { name: 'ConfigurationError' });
});
