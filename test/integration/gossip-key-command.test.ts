/** `opengslb gossip-key` as people type it: against the API of a node, and against an agent's real control socket. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { carryOutControl } from '../../src/nodes/agent/control-commands.ts';
import { carryOutKeys, isKeyRequest } from '../../src/nodes/agent/control-keys.ts';
import type { AgentStatus } from '../../src/nodes/agent/control-messages.ts';
import { type ControlSocket, openControlSocket } from '../../src/nodes/agent/control-socket.ts';
import { openDrains } from '../../src/nodes/agent/drains.ts';
import { openStateFolder } from '../../src/nodes/agent/state-folder.ts';
import { a, oneDomain, unchecked } from '../given.ts';
import { makeKey, startTestMember, type TestMember } from '../gossip-members.ts';
import { type RunningApi, runApi } from './running-api.ts';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const key = makeKey();
let folder: string;
let member: TestMember;
let api: RunningApi;
let socket: ControlSocket;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-gossip-key-'));
  member = await startTestMember({ key, name: 'one', thread: false });
  const { gossip } = member;
  api = await runApi(undefined, { configuration: oneDomain([a], {}, unchecked), agents: { gossip, isConnected: () => false } });
  const drains = openDrains({ folder: openStateFolder(join(folder, 'state')), changed: () => {} });
  const status = (): AgentStatus => ({ agent: 'one', version: '1.2.3', boot: 1, backends: [], drains: [], overwatches: [] });
  socket = await openControlSocket(join(folder, 'agent.sock'), (request) =>
    isKeyRequest(request)
      ? carryOutKeys(request, gossip.keys, status)
      : carryOutControl(request, { drains, services: new Set(['app.example.com']), status }),
  );
});
after(async () => {
  await socket.close();
  await api.close();
  await member.gossip.close();
  await rm(folder, { recursive: true });
});

async function run(words: readonly string[], input = ''): Promise<{ code: unknown; out: string; err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, 'gossip-key', ...words], { env: { ...process.env, NO_COLOR: '1' } });
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code, out, err };
}

describe('opengslb gossip-key', { timeout: 120_000 }, () => {
  it('generates a key that can be installed', async () => {
    const { code, out } = await run(['generate']);
    assert.equal(code, 0);
    assert.ok('keys' in (await member.gossip.keys.install(out.trim())));
    await member.gossip.keys.remove(out.trim());
    const made = JSON.parse((await run(['generate', '--json'])).out) as { key: string };
    assert.equal(Buffer.from(made.key, 'base64').length, 32);
    assert.notEqual(made.key, out.trim());
  });

  for (const [where, flags] of [
    ['over the API', () => ['--api', `http://127.0.0.1:${api.port}`]],
    ['over the control socket of an agent', () => ['--agent', '--socket', join(folder, 'agent.sock')]],
  ] as const)
    it(`installs, uses and removes ${where}, and shows no key`, async () => {
      const next = makeKey();
      const shown: string[] = [];
      const change = async (action: string, of: string) => {
        const { code, out, err } = await run([action, '-', ...flags()], `${of}\n`);
        assert.equal(code, 0, err);
        shown.push(out, err);
      };
      const [before] = await member.gossip.keys.list();
      await change('install', next);
      await change('use', next);
      const [now, old] = await member.gossip.keys.list();
      assert.equal(old?.fingerprint, before?.fingerprint);
      const listed = await run(['list', ...flags()]);
      assert.match(listed.out, new RegExp(`${now?.fingerprint} +seals and opens\\n${old?.fingerprint} +opens`));
      await member.gossip.keys.use(key);
      await change('remove', next);
      assert.deepEqual(await member.gossip.keys.list(), [before]);
      assert.ok(!shown.join().includes(next) && !shown.join().includes(key));
      assert.ok(shown.join().includes(now?.fingerprint ?? 'none'));

      const refused = await run(['remove', '-', ...flags()], key);
      assert.equal(refused.code, 1);
      assert.match(refused.err, /seals with the key [0-9a-f]{16}\n +what to do: use another one before you remove it/);
    });

  it('looks at the key before it asks anybody', async () => {
    const { code, err } = await run(['install', 'abc', '--api', 'http://127.0.0.1:1']);
    assert.equal(code, 2);
    assert.match(err, /the gossip key is not base64 with its padding\n +what to do: make one with `opengslb gossip-key generate`/);
  });
});
