/** What welcomed agents say: the truth table of `beats.ts`, a row a case, with real seals, on a state that facts were folded into. */
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import type { Order } from '../../../../../src/commands/command.ts';
import { decide } from '../../../../../src/commands/decide.ts';
import type { Event, Fact } from '../../../../../src/events/event.ts';
import { virtualClock } from '../../../../../src/nodes/clock.ts';
import type { Outcome } from '../../../../../src/nodes/engine.ts';
import { type Decoded, decode, encodeSealed, sealFits } from '../../../../../src/nodes/identity/agent-wire.ts';
import type { Mark } from '../../../../../src/nodes/identity/high-water.ts';
import { makeCertificate } from '../../../../../src/nodes/identity/make-certificate.ts';
import { pairKey } from '../../../../../src/nodes/identity/proofs.ts';
import { type Beats, createBeats } from '../../../../../src/nodes/overwatch/agents/beats.ts';
import { createCorrespondence } from '../../../../../src/nodes/overwatch/agents/correspondence.ts';
import { createJoinedBeats } from '../../../../../src/nodes/overwatch/agents/joined-beats.ts';
import { agentLimits } from '../../../../../src/nodes/overwatch/agents/limits.ts';
import { createOrderLanes } from '../../../../../src/nodes/overwatch/agents/order-lanes.ts';
import { createRejectionLog } from '../../../../../src/nodes/overwatch/agents/rejection-log.ts';
import { createSessions } from '../../../../../src/nodes/overwatch/agents/sessions.ts';
import { agentDrainOn } from '../../../../../src/projections/agent-drains.ts';
import { advance, evolve } from '../../../../../src/projections/evolve.ts';
import { serversIn } from '../../../../../src/projections/registry.ts';
import { initialState, type State } from '../../../../../src/projections/state.ts';
import { a, app, applied, believing, inForce, oneDomain, unchecked } from '../../../../given.ts';

const start = 1_800_000_000_000;
const from = { address: '192.0.2.9', port: 7946 };
const agent = makeCertificate({ role: 'agent', id: 'web-1', now: start });
const overwatch = makeCertificate({ role: 'overwatch', id: 'ow', now: start });
const key = pairKey(agent.privateKey, overwatch.publicKey, [agent.fingerprint, overwatch.fingerprint]);

let state: State;
let beats: Beats;
let observed: Fact[];
let sent: Decoded[];
let disk: 'writes' | 'refuses';

function fold(facts: readonly Fact[]): Event[] {
  return facts.map((fact) => {
    const event = { ...fact, position: state.position + 1, at: Math.max(state.at, start), node: 'ow', v: 1 } as Event;
    evolve(state, event);
    return event;
  });
}

async function execute(order: Order): Promise<Outcome> {
  if (disk === 'refuses') return { refused: 'log-unavailable', error: 'the disk is full', remedy: 'make room' };
  const ruling = decide(order, state);
  assert('facts' in ruling, JSON.stringify(ruling));
  return { events: fold(ruling.facts), repeated: false };
}

/** What waits for others need not wait here. */
const atOnce = (_at: number, wake: () => void) => {
  queueMicrotask(wake);
  return () => {};
};

beforeEach(() => {
  const clock = virtualClock(start);
  state = initialState();
  [observed, sent, disk] = [[], [], 'writes'];
  const observe = (fact: Fact) => {
    observed.push(fact);
    fold([fact]);
  };
  const certificate = Buffer.from(agent.der).toString('base64');
  const pin = { agent: 'web-1', fingerprint: agent.fingerprint, certificate, region: 'eu', services: [app], legacy: false };
  fold([...inForce(oneDomain([], {}, believing)), { type: 'agent.pinned', data: { ...pin, address: '192.0.2.9:7946' } }]);
  beats = createBeats({
    ...{ state, clock, observe, overwatch: 'ow' },
    sessions: createSessions(state, overwatch),
    lanes: createOrderLanes(execute),
    joined: createJoinedBeats({ now: clock.now, wakeAt: atOnce }, observe),
    rejections: createRejectionLog({ clock, isPinned: () => true, tell: (fact) => observed.push(fact) }),
    correspondence: createCorrespondence(() => ({ send: (_to, bytes) => sent.push(decode(bytes)) })),
  });
});

const claims = (more: { readonly healthy?: boolean; readonly draining?: string } = {}) => ({
  missedThreshold: 3,
  predictive: null,
  backends: [{ service: app, address: a, port: 80, weight: 100, healthy: more.healthy ?? true, draining: more.draining ?? null }],
});

/** Has it heard, and lets what follows happen. */
async function say(mark: Mark, said: ReturnType<typeof claims> | null, by: { readonly name?: string; readonly key?: Uint8Array } = {}) {
  const message = { type: 'beat', agent: by.name ?? 'web-1', ...mark, intervalMs: 1_000, signals: null, claims: said } as const;
  const decoded = decode(encodeSealed(message, by.key ?? key));
  assert('message' in decoded && decoded.message.type === 'beat');
  beats.hear({ message: decoded.message, seal: decoded.seal }, from);
  await new Promise((resolve) => setImmediate(resolve));
}

const told = () =>
  sent.flatMap((one) => ('message' in one ? [one.message.type === 'refused' ? one.message.reason : one.message.type] : []));
const facts = () => observed.map(({ type, data }) => (type === 'agent.rejected' ? data.reason : type));
const one: Mark = { boot: 1, sequence: 1 };
const two: Mark = { boot: 1, sequence: 2 };

describe('a beat', () => {
  test('of an agent that is not pinned is refused, and it is told', async () => {
    await say(one, claims(), { name: 'nobody' });
    assert.deepEqual([facts(), told()], [['agent-unknown'], ['agent-unknown']]);
  });

  test('of one that was revoked is refused, and it is told', async () => {
    fold([{ type: 'agent.revoked', data: { agent: 'web-1', fingerprint: agent.fingerprint, reason: 'x' } }]);
    await say(one, claims());
    assert.deepEqual([facts(), told()], [['revoked'], ['revoked']]);
  });

  test('that is not newer is refused before its seal is looked at, without a word', async () => {
    await say(two, claims());
    await say(one, claims(), { key: new Uint8Array(32) });
    await say({ boot: 0, sequence: 9 }, claims(), { key: new Uint8Array(32) });
    assert.deepEqual([facts(), told()], [['replayed', 'too-old-boot'], ['ack']]);
  });

  test('that is not sealed raises no mark, and its agent is told to come again', async () => {
    await say({ boot: 9, sequence: 9 }, claims(), { key: new Uint8Array(32) });
    await say(one, claims());
    assert.deepEqual([facts(), told()], [['wrong-mac'], ['agent-unknown', 'ack']]);
  });

  test('with news is an order, and acknowledged under the key when it is in the log', async () => {
    await say(one, claims());
    assert.equal(serversIn(state.registry), 1);
    const [ack] = sent;
    assert(ack !== undefined && 'message' in ack && ack.message.type === 'ack');
    assert.deepEqual([ack.message.boot, ack.message.sequence, ack.message.ttlSeconds, sealFits(ack, key)], [1, 1, 60, true]);
    assert.deepEqual(observed, []);
  });

  test('without news is seen, and not acknowledged', async () => {
    await say(one, claims());
    await say(two, null);
    assert.deepEqual([facts(), told()], [['heartbeat.received'], ['ack']]);
    assert.equal(state.trust.get('web-1')?.sequence, 2);
  });

  test('of a stale agent ends its silence before anything else happens', async () => {
    await say(one, claims());
    advance(state, start + 3_000);
    assert.equal(state.liveness.get('web-1')?.staleSince, start + 3_000);
    void say(two, null);
    assert.equal(state.liveness.get('web-1')?.staleSince, null);
  });

  test('without news, of one whose claims nobody knows, has it introduce itself again', async () => {
    await say(one, null);
    assert.deepEqual([facts(), told()], [['heartbeat.received'], ['agent-unknown']]);
  });

  test('of one that claims a service that it has not proven has it introduce itself again, once for a reload that brings the token', async () => {
    fold([applied(oneDomain([], {}, unchecked))]);
    const { services: _its, ...pin } = state.trust.get('web-1') ?? assert.fail();
    const { agent: name, fingerprint, certificate, region, address, legacy } = pin;
    fold([{ type: 'agent.pinned', data: { agent: name, fingerprint, certificate, region, address, legacy, services: ['b.example.com'] } }]);
    await say(one, claims());
    assert.deepEqual(told(), ['ack'], 'it has no token yet');
    fold([applied(oneDomain([], {}, believing))]);
    await say(two, null);
    await say({ boot: 1, sequence: 3 }, null);
    assert.deepEqual(told(), ['ack', 'agent-unknown']);
  });

  test('of strangers is answered only so often, as each answer is a connection', async () => {
    for (let sequence = 1; sequence < agentLimits.hintsAtOnce + 200; sequence += 1) {
      const message = { type: 'beat', agent: 'nobody', boot: 1, sequence, intervalMs: 1_000, signals: null, claims: null } as const;
      const decoded = decode(encodeSealed(message, key));
      assert('message' in decoded && decoded.message.type === 'beat');
      beats.hear({ message: decoded.message, seal: decoded.seal }, from);
    }
    assert.equal(sent.length, agentLimits.hintsAtOnce);
  });

  test('that is told to a disk which refuses is seen all the same, with what follows from it, and not acknowledged', async () => {
    await say(one, claims());
    disk = 'refuses';
    await say(two, claims({ draining: 'kernel upgrade' }));
    assert.equal(agentDrainOn(state.agentDrains, app, a, 80)?.reason, 'kernel upgrade');
    assert.deepEqual([facts(), told()], [['heartbeat.received', 'drain.started'], ['ack']]);
    disk = 'writes';
    await say({ boot: 1, sequence: 3 }, claims({ draining: 'kernel upgrade' }));
    assert.deepEqual(told(), ['ack', 'ack']);
  });
});
