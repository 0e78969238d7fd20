/** Letting agents in: real helloes against a state that facts are folded into, with an engine that answers when it is told to. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, test } from 'node:test';
import type { Order } from '../../../../../src/commands/command.ts';
import { decide } from '../../../../../src/commands/decide.ts';
import type { Event, Fact } from '../../../../../src/events/event.ts';
import { virtualClock } from '../../../../../src/nodes/clock.ts';
import type { Outcome } from '../../../../../src/nodes/engine.ts';
import type { AgentMessage, MessageOf } from '../../../../../src/nodes/identity/agent-messages.ts';
import { decode } from '../../../../../src/nodes/identity/agent-wire.ts';
import { introduce } from '../../../../../src/nodes/identity/handshake-of-agent.ts';
import { type OverwatchSelf, present } from '../../../../../src/nodes/identity/handshake-of-overwatch.ts';
import type { Mark } from '../../../../../src/nodes/identity/high-water.ts';
import { makeCertificate } from '../../../../../src/nodes/identity/make-certificate.ts';
import { createCorrespondence } from '../../../../../src/nodes/overwatch/agents/correspondence.ts';
import { createIntroductions, type Introductions } from '../../../../../src/nodes/overwatch/agents/introductions.ts';
import { createOrderLanes, type OrderLanes } from '../../../../../src/nodes/overwatch/agents/order-lanes.ts';
import { createRejectionLog } from '../../../../../src/nodes/overwatch/agents/rejection-log.ts';
import { createSessions, letIn, type Session, type Sessions } from '../../../../../src/nodes/overwatch/agents/sessions.ts';
import { evolve } from '../../../../../src/projections/evolve.ts';
import { initialState, type State } from '../../../../../src/projections/state.ts';
import { app, believing, inForce, oneDomain } from '../../../../given.ts';

const start = 1_800_000_000_000;
const from = { address: '192.0.2.9', port: 7946 };
const agent = makeCertificate({ role: 'agent', id: 'web-1', now: start });
const own = makeCertificate({ role: 'overwatch', id: 'ow', now: start });
const token = 'a token, long enough';
const self: OverwatchSelf = {
  ...{ overwatch: 'ow', certificate: own, rotation: null, tokens: new Map([[app, token]]) },
  ...{ nonceKey: randomBytes(32), replaceLostCertificate: 'when-stale' },
};

let state: State;
let sessions: Sessions;
let lanes: OrderLanes;
let introductions: Introductions;
let sent: AgentMessage[];
let executed: string[];
/** Lets the engine do what it holds; undefined: it does everything at once. */
let release: (() => void) | undefined;
let held: Promise<void> | undefined;

function fold(facts: readonly Fact[]): Event[] {
  return facts.map((fact) => {
    const event = { ...fact, position: state.position + 1, at: start, node: 'ow', v: 1 } as Event;
    evolve(state, event);
    return event;
  });
}

async function execute(order: Order): Promise<Outcome> {
  executed.push(order.command.kind);
  await held;
  const ruling = decide(order, state);
  return 'facts' in ruling ? { events: fold(ruling.facts), repeated: false } : (ruling as Outcome);
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  const clock = virtualClock(start);
  state = initialState();
  [sent, executed, held, release] = [[], [], undefined, undefined];
  fold(inForce(oneDomain([], {}, believing)));
  sessions = createSessions(state, own);
  lanes = createOrderLanes(execute);
  introductions = createIntroductions({
    ...{ clock, self: () => self, sessions, lanes },
    rejections: createRejectionLog({ clock, isPinned: () => true, tell: () => {} }),
    correspondence: createCorrespondence(() => ({
      send(_to, bytes) {
        const decoded = decode(bytes);
        assert('message' in decoded);
        sent.push(decoded.message);
      },
    })),
  });
});

/** The bytes of a new hello. */
function hello(mark: Mark, certificate = agent): Uint8Array {
  const agentNonce = new Uint8Array(randomBytes(16));
  const presented = present(self, { type: 'greet', agent: 'web-1', agentNonce }, start);
  const me = { agent: 'web-1', region: 'eu', version: '1', certificate, rotation: null, tokens: new Map([[app, token]]) };
  const introduced = introduce(me, presented, { agentNonce, mark, pinned: undefined, now: start });
  assert('bytes' in introduced);
  return introduced.bytes;
}

async function say(bytes: Uint8Array): Promise<string | undefined> {
  const decoded = decode(bytes);
  assert('message' in decoded && decoded.message.type === 'hello');
  sent = [];
  introductions.hello({ message: decoded.message, seal: decoded.seal }, from);
  await settle();
  const [answer] = sent;
  return answer?.type === 'refused' ? answer.reason : answer?.type;
}

describe('a hello', () => {
  test('is welcomed though beats that were sent after it came before it, and never twice', async () => {
    assert.equal(await say(hello({ boot: 5, sequence: 1 })), 'welcome');
    letIn(sessions.of('web-1') as Session, { boot: 5, sequence: 40 });
    const again = hello({ boot: 5, sequence: 39 });
    assert.equal(await say(again), 'welcome');
    assert.equal(await say(again), 'replayed');
    assert.equal(await say(hello({ boot: 5, sequence: 38 })), 'replayed');
    assert.equal(await say(hello({ boot: 4, sequence: 99 })), 'too-old-boot');
    assert.deepEqual(sessions.of('web-1')?.mark, { boot: 5, sequence: 40 }, 'beats go on after the newest of them');
  });

  test('of the next start is welcomed, whatever the last one came to', async () => {
    await say(hello({ boot: 5, sequence: 9 }));
    assert.equal(await say(hello({ boot: 6, sequence: 1 })), 'welcome');
  });

  test('under a revoked certificate is refused, and under a new one is not', async () => {
    await say(hello({ boot: 5, sequence: 1 }));
    fold([{ type: 'agent.revoked', data: { agent: 'web-1', fingerprint: agent.fingerprint, reason: 'stolen' } }]);
    assert.equal(sessions.of('web-1'), undefined);
    assert.equal(await say(hello({ boot: 6, sequence: 1 })), 'revoked');
    const next = makeCertificate({ role: 'agent', id: 'web-1', now: start });
    assert.equal(await say(hello({ boot: 1, sequence: 1 }, next)), 'welcome');
    assert.equal(await say(hello({ boot: 7, sequence: 1 })), 'superseded-certificate');
  });

  test('keeps its place in the engine while claims of its agent come and go', async () => {
    held = new Promise((resolve) => {
      release = resolve;
    });
    const claims = { kind: 'forgetAgent', agent: 'web-1' } as const;
    const actor = { kind: 'agent', name: 'web-1' } as const;
    const dropped: number[] = [];
    lanes.give('web-1', { command: claims, actor }, () => {});
    assert.equal(await say(hello({ boot: 5, sequence: 1 })), undefined);
    for (let count = 0; count < 3; count += 1) lanes.give('web-1', { command: claims, actor }, () => dropped.push(count));
    release?.();
    await settle();
    assert.deepEqual([executed, sent.map(({ type }) => type)], [['forgetAgent', 'pinAgent', 'forgetAgent'], ['welcome']]);
    assert.deepEqual(dropped, [2]);
  });
});

test('too many greetings are passed over, and counted', () => {
  const greeting = (): MessageOf<'greet'> => ({ type: 'greet', agent: 'web-1', agentNonce: new Uint8Array(randomBytes(16)) });
  for (let count = 0; count < 1_100; count += 1) introductions.greeting(greeting(), from);
  assert.deepEqual([sent.length, introductions.counts.passedOver], [1_000, 100]);
});
