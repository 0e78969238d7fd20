import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type ControlParts, carryOutControl } from '../../../../src/nodes/agent/control-commands.ts';
import { type AgentStatus, controlRequest } from '../../../../src/nodes/agent/control-messages.ts';
import { controlPath, defaultStateFolder } from '../../../../src/nodes/agent/control-path.ts';
import { type Drain, openDrains, reasonText } from '../../../../src/nodes/agent/drains.ts';
import { openStateFolder } from '../../../../src/nodes/agent/state-folder.ts';
import { drainBeforeStop, stopDrainMs } from '../../../../src/nodes/agent/stop-drain.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import { identityLimits } from '../../../../src/nodes/identity/limits.ts';
import { configurationOf } from '../../../given.ts';

const root = mkdtempSync(join(tmpdir(), 'opengslb-drains-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

const [a, b] = ['a.example.com', 'b.example.com'];
const byFile: Drain = { by: 'file', service: null, reason: 'a file' };
const bySocket = (service: string | null, reason = 'by hand'): Drain => ({ by: 'socket', service, reason });

/** Drains in a folder of their own, and how often they told of a change. */
function fresh(...standing: readonly Drain[]) {
  folders += 1;
  const path = join(root, `folder-${folders}`);
  let changes = 0;
  const open = () => openDrains({ folder: openStateFolder(path), changed: () => (changes += 1) });
  const drains = open();
  for (const drain of standing) drains.begin(drain);
  changes = 0;
  return { path, drains, again: open, changes: () => changes };
}

describe('a backend drains while anybody drains it', () => {
  test('nobody does', () => {
    const { drains } = fresh();
    assert.deepEqual([drains.reasonOf(a), drains.list()], [null, []]);
  });

  test('one service: the others do not', () => {
    const { drains } = fresh(bySocket(a));
    assert.deepEqual([drains.reasonOf(a), drains.reasonOf(b)], ['by hand', null]);
  });

  test('all of them, until the last of all who asked has ended it; the reason of the first in order is told', () => {
    const { drains, changes } = fresh(bySocket(null), byFile, { by: 'stop', service: null, reason: 'the agent stops' });
    assert.equal(drains.reasonOf(a), 'the agent stops');
    drains.end('stop');
    assert.equal(drains.reasonOf(a), 'a file');
    drains.end('file');
    assert.equal(drains.reasonOf(b), 'by hand');
    drains.end('socket');
    assert.deepEqual([drains.reasonOf(a), drains.reasonOf(b), changes()], [null, null, 3]);
  });

  test('what changes nothing is not told, another reason is', () => {
    const { drains, changes } = fresh(byFile);
    drains.begin(byFile);
    assert.deepEqual([drains.end('socket'), changes()], [false, 0]);
    drains.begin({ ...byFile, reason: 'another' });
    assert.deepEqual([drains.reasonOf(a), drains.list().length, changes()], ['another', 1, 1]);
  });

  test('one service leaves a drain of its own, and stays in a drain of all', () => {
    const { drains } = fresh(bySocket(null, 'all of it'), bySocket(a, 'only a'));
    assert.equal(drains.end('socket', a), true);
    assert.equal(drains.reasonOf(a), 'all of it');
    assert.equal(drains.end('socket', a), false);
  });
});

describe('over a restart', () => {
  test('what the socket began holds until it is ended; a file and a stop are not remembered', () => {
    const { drains, again } = fresh(bySocket(a, 'kernel update'), bySocket(null), byFile, { by: 'stop', service: null, reason: 'x' });
    assert.deepEqual(again().list(), [bySocket(a, 'kernel update'), bySocket(null)]);
    drains.end('socket', a);
    assert.deepEqual(again().list(), [bySocket(null)]);
    drains.end('socket');
    assert.deepEqual(again().list(), []);
  });

  test('what cannot be kept is not begun', () => {
    const { drains, path, changes } = fresh();
    rmSync(path, { recursive: true });
    writeFileSync(path, '');
    assert.throws(() => drains.begin(bySocket(a)), { code: 'state-unavailable' });
    assert.deepEqual([drains.reasonOf(a), changes()], [null, 0]);
    drains.begin(byFile);
    assert.equal(drains.reasonOf(a), 'a file', 'what needs no disk works without');
  });

  test('what was damaged stops the start', () => {
    const { path, again } = fresh(bySocket(a));
    writeFileSync(join(path, 'drains.json'), readFileSync(join(path, 'drains.json'), 'utf8').slice(1));
    assert.throws(again, { code: 'state-damaged' });
  });
});

describe('requests over the control socket', () => {
  const status: AgentStatus = { agent: 'web-1', version: '1.2.3', boot: 1, backends: [], drains: [], overwatches: [] };
  const on = (service: string | null) => ({ command: 'drain-on', service, reason: 'by hand' }) as const;
  const off = (service: string | null) => ({ command: 'drain-off', service }) as const;
  const rows = [
    ['status', [], { command: 'status' }, 'done', []],
    ['drain-on of no service of this agent', [], on('c.example.com'), 'unknown-service', []],
    ['drain-on of one', [], on(a), 'done', [bySocket(a)]],
    ['drain-on of all', [bySocket(a)], on(null), 'done', [bySocket(a), bySocket(null)]],
    ['drain-off of no service of this agent', [], off('c.example.com'), 'unknown-service', []],
    ['drain-off of one that drains with all', [bySocket(null)], off(a), 'drained-as-a-whole', [bySocket(null)]],
    ['drain-off of one that drains by itself and with all', [bySocket(a), bySocket(null)], off(a), 'done', [bySocket(null)]],
    ['drain-off of one, another drains', [bySocket(b)], off(a), 'not-draining', [bySocket(b)]],
    ['drain-off of what a file drains', [byFile], off(null), 'not-draining', [byFile]],
    ['drain-off of all, one drains', [bySocket(a), byFile], off(null), 'done', [byFile]],
    ['drain-off of one', [bySocket(a), bySocket(b)], off(a), 'done', [bySocket(b)]],
  ] as const;
  for (const [name, standing, request, outcome, left] of rows) {
    test(`${name}: ${outcome}`, () => {
      const { drains } = fresh(...standing);
      const parts: ControlParts = { drains, services: new Set([a, b]), status: () => status };
      const reply = carryOutControl(request, parts);
      assert.equal(reply.ok ? 'done' : reply.code, outcome);
      if (!reply.ok) assert.match(`${reply.error} | ${reply.remedy}`, /^.{10,} \| .{10,}$/);
      assert.deepEqual(drains.list(), left);
    });
  }

  test('a drain that cannot be kept is refused, with the remedy of the folder', () => {
    const { drains, path } = fresh();
    rmSync(path, { recursive: true });
    writeFileSync(path, '');
    const reply = carryOutControl(on(a), { drains, services: new Set([a]), status: () => status });
    assert.deepEqual(
      [reply.ok, !reply.ok && reply.code, !reply.ok && reply.remedy],
      [false, 'state-unavailable', 'let this user write to agent.state_dir'],
    );
  });

  test('a reason is one short line that does nothing to a terminal', () => {
    const parsed = controlRequest.parse({ ...on(null), reason: `  red \u001b[31m\n${'x'.repeat(500)}` });
    assert(parsed.command === 'drain-on');
    assert.match(parsed.reason, /^red \\u\{1b\}\[31m\\u\{a\}x+$/);
    assert.equal(parsed.reason.length, 170);
    assert.equal(controlRequest.safeParse({ ...on(null), reason: ' ' }).success, false);
  });
});

describe('the drain before a stop', () => {
  for (const [setting, ttl, expected] of [
    [5_000, 300, 5_000],
    [0, 300, 0],
    [undefined, 30, 60_000],
    [undefined, undefined, 60_000],
    [undefined, 300, 600_000],
  ] as const) {
    test(`drain_timeout ${setting}, longest TTL ${ttl}: ${expected} ms`, () => assert.equal(stopDrainMs(setting, ttl), expected));
  }

  test('everything drains for the whole wait', async () => {
    const clock = virtualClock(0);
    const { drains } = fresh();
    let outcome: string | undefined;
    const waiting = drainBeforeStop({ clock, drains, waitMs: 60_000, signal: new AbortController().signal }).then((end) => (outcome = end));
    assert.equal(drains.reasonOf(a), 'the agent stops');
    await clock.moveTo(59_999);
    assert.equal(outcome, undefined);
    await clock.moveTo(60_000);
    assert.equal(await waiting, 'waited');
  });

  test('a second signal ends the wait', async () => {
    const { drains } = fresh();
    const second = new AbortController();
    const waiting = drainBeforeStop({ clock: virtualClock(0), drains, waitMs: 60_000, signal: second.signal });
    second.abort();
    assert.equal(await waiting, 'cut-short');
  });
});

test('without a word about it, the control socket is where the schema and the command line both look', () => {
  const { agent } = configurationOf({
    mode: 'agent',
    agent: {
      identity: { service_token: 'a token of enough length' },
      backends: [{ service: a, address: '192.0.2.1', port: 80 }],
      gossip: { encryption_key: Buffer.alloc(32).toString('base64'), overwatch_nodes: ['192.0.2.53:7946'] },
    },
  });
  assert(agent !== undefined);
  assert.equal(controlPath(agent), controlPath({ state_dir: defaultStateFolder }));
});

test('the longest reason fits into a message', () => {
  for (const text of ['x', 'ü', '軽', '🎈'].map((letter) => letter.repeat(1_000))) {
    const reason = reasonText(text);
    assert(Buffer.byteLength(reason) <= identityLimits.reasonBytesMax && reason.length >= 169, reason);
    assert.equal(Buffer.from(reason).toString(), reason, 'no half of a letter');
  }
});
