/**
 * One seed: a cluster comes together, lives through trouble, is healed, and must then agree; then a member dies, and must be
 * found. Safety is asserted all along, liveness against the bound that the formulas of the protocol give.
 */
import assert from 'node:assert/strict';
import { suspicionLimits, type Timing, timingPresets } from '../../../src/nodes/gossip/timing.ts';
import { type Cluster, createCluster, type SimulatedMember } from './cluster.ts';

export interface Scenario {
  readonly seed: number;
  readonly count: number;
}

export interface ScenarioFigures {
  readonly seed: number;
  readonly count: number;
  readonly troubles: number;
  readonly joinedMs: number;
  readonly healedMs: number;
  /** From a death until the first and until everybody knew of it, with this loss. */
  readonly firstFoundMs: number;
  readonly allFoundMs: number;
  readonly loss: number;
  readonly datagrams: number;
  readonly refutes: number;
  readonly digest: string;
}

const timing: Timing = timingPresets.lan;
/** For how long there is trouble. In a large cluster each one is still talked about when the next comes, and a few are enough. */
const troubleMsOf = (count: number) => (count <= 50 ? 60_000 : 20_000);
const isRunning = ({ swim }: SimulatedMember) => swim !== undefined;

function isAliveTo(member: SimulatedMember): readonly string[] {
  return (member.swim?.members() ?? []).filter(({ state }) => state === 'alive').map(({ name }) => name);
}

/** Why the running members do not agree that exactly they are alive; undefined: they do. */
function disagreement(cluster: Cluster): string | undefined {
  const running = cluster.members.filter(isRunning).map(({ name }) => name);
  const truth = running.sort().join(' ');
  for (const member of cluster.members.filter(isRunning)) {
    const seen = isAliveTo(member);
    if (seen.join(' ') === truth) continue;
    const missing = running.filter((name) => !seen.includes(name));
    const extra = seen.filter((name) => !running.includes(name));
    return `to ${member.name}, ${missing.slice(0, 5).join(', ') || 'nobody'} is missing, and ${extra.slice(0, 5).join(', ') || 'nobody'} too many`;
  }
  return undefined;
}

/** Moves on until all agree, and says for how long; fails beyond the bound. */
function untilAgreed(cluster: Cluster, boundMs: number, what: string): number {
  const begun = cluster.events.now();
  const everyMs = cluster.members.length > 100 ? 5_000 : 1_000;
  for (;;) {
    const why = disagreement(cluster);
    const passed = cluster.events.now() - begun;
    if (why === undefined) return passed;
    assert.ok(passed < boundMs, `${what}: no agreement after ${passed} ms: ${why}`);
    cluster.events.moveTo(cluster.events.now() + everyMs);
    assertBounded(cluster);
  }
}

/** At most one rumour waits about each name that was ever heard, and no member knows anybody that never was. */
function assertBounded(cluster: Cluster): void {
  for (const { name, swim } of cluster.members) {
    if (swim === undefined) continue;
    assert.ok(swim.queueLength() <= cluster.members.length, `${name} has ${swim.queueLength()} rumours`);
    assert.ok(swim.awareness() >= 0 && swim.awareness() < timing.awarenessMax, name);
  }
}

type Trouble = (cluster: Cluster) => void;
const pickWhere = (cluster: Cluster, fits: (member: SimulatedMember) => boolean) => {
  const members = cluster.members.filter(fits);
  return members.length === 0 ? undefined : cluster.draws.pick(members);
};

/** Those whom a member that starts is told of: the first one, and one by chance. */
const contactsOf = (cluster: Cluster) =>
  [cluster.members[0] as SimulatedMember, cluster.draws.pick(cluster.members)].map(({ place }) => place);

const troubles: readonly Trouble[] = [
  function partition(cluster) {
    const share = cluster.draws.fraction();
    const sides = new Map(cluster.members.map(({ name }) => [name, cluster.draws.happens(share) ? 1 : 0]));
    cluster.network.sideOf = (name) => sides.get(name) ?? 0;
  },
  function heal(cluster) {
    cluster.network.sideOf = undefined;
  },
  function crash(cluster) {
    const member = pickWhere(cluster, isRunning);
    if (member !== undefined) cluster.crash(member);
  },
  function startAgain(cluster) {
    const member = pickWhere(cluster, (one) => !isRunning(one));
    if (member !== undefined) cluster.start(member, contactsOf(cluster));
  },
  function pause(cluster) {
    const member = pickWhere(cluster, (one) => isRunning(one) && !one.stopped);
    if (member === undefined) return;
    cluster.stop(member);
    cluster.events.plan(cluster.events.now() + 500 + cluster.draws.whole(15_000), () => cluster.resume(member));
  },
  function lose(cluster) {
    cluster.network.loss = cluster.draws.fraction() * 0.4;
    cluster.network.repeated = cluster.draws.fraction() * 0.2;
    cluster.network.delayMsMax = 1 + cluster.draws.whole(150);
  },
  function leave(cluster) {
    const member = pickWhere(cluster, (one) => isRunning(one) && !one.stopped);
    if (member === undefined) return;
    cluster.step(member, { type: 'leave', timeoutMs: 5_000 });
    const run = member.runs;
    cluster.events.plan(cluster.events.now() + 6_000, () => {
      if (member.runs === run) cluster.crash(member);
    });
  },
  function describe(cluster) {
    const member = pickWhere(cluster, (one) => isRunning(one) && !one.stopped);
    if (member !== undefined) cluster.step(member, { type: 'updateMeta', meta: Uint8Array.of(cluster.draws.whole(256)) });
  },
];

function makeTrouble(cluster: Cluster, forMs: number): number {
  const until = cluster.events.now() + forMs;
  let count = 0;
  while (cluster.events.now() < until) {
    cluster.draws.pick(troubles)(cluster);
    count++;
    cluster.events.moveTo(cluster.events.now() + 500 + cluster.draws.whole(6_000));
    assertBounded(cluster);
  }
  return count;
}

/** Ends all trouble. Whoever does not run stays so, unless that would be nearly everybody. */
function heal(cluster: Cluster): void {
  cluster.network.sideOf = undefined;
  cluster.network.loss = 0;
  cluster.network.repeated = 0;
  cluster.network.delayMsMax = 20;
  for (const member of cluster.members) cluster.resume(member);
  // Who said that it leaves never comes back in the same run.
  for (const member of cluster.members) {
    const ownState = member.swim?.members().find(({ name }) => name === member.name)?.state;
    if (ownState === 'left') cluster.crash(member);
  }
  const missing = cluster.members.filter((member) => !isRunning(member));
  const restarted = missing.filter((_, index) => index === 0 || cluster.draws.happens(0.5) || missing.length > cluster.members.length / 2);
  for (const member of restarted) cluster.start(member, contactsOf(cluster));
}

/**
 * By when a dead member is known to all:
 *
 *     members       suspicion     why
 *     up to 3       shortest      nobody confirms
 *     4 and 5       longest       there may be too few to confirm
 *     more          shortest      others notice by themselves, and confirm
 *
 * Before it, turns until somebody probes the dead one (that nobody does for 12 turns has a chance of e^-12), and an answer's time as
 * the worst health score stretches it. Lost packets cost further turns, and clocks differ by a few hundredths.
 */
function foundWithinMs(count: number, loss: number): number {
  const { maxMs, minMs } = suspicionLimits(timing, count);
  const turns = 12 + timing.awarenessMax;
  return 1.05 * (turns * timing.probeIntervalMs * (1 + 2 * loss) + (count === 4 || count === 5 ? maxMs : minMs));
}

/** With the network as bad as `loss`, one dies: how long until the first and until the last one knew. */
function findDead(cluster: Cluster, loss: number): { firstFoundMs: number; allFoundMs: number } {
  cluster.network.loss = loss;
  const victim = pickWhere(cluster, isRunning) as SimulatedMember;
  const others = new Set(cluster.members.filter((member) => isRunning(member) && member !== victim).map(({ name }) => name));
  const begun = cluster.events.now();
  let [first, last] = [Infinity, 0];
  cluster.onOutput = (member, output) => {
    if (output.type !== 'member' || output.member.name !== victim.name || output.change !== 'failed') return;
    first = Math.min(first, cluster.events.now() - begun);
    last = cluster.events.now() - begun;
    others.delete(member.name);
  };
  cluster.crash(victim);
  const boundMs = foundWithinMs(cluster.members.length, loss);
  while (others.size > 0 && cluster.events.now() - begun < boundMs) cluster.events.moveTo(cluster.events.now() + 250);
  assert.equal(
    others.size,
    0,
    `${[...others].slice(0, 5).join(', ')} did not find the dead ${victim.name} within ${Math.round(boundMs)} ms at a loss of ${loss}`,
  );
  return { firstFoundMs: first, allFoundMs: last };
}

/** In a healthy network nobody is taken for dead. */
function assertQuiet(cluster: Cluster, forMs: number): void {
  cluster.onOutput = (member, output) => {
    const isFalse =
      output.type === 'member' &&
      output.change === 'failed' &&
      cluster.members.some((one) => one.name === output.member.name && isRunning(one));
    assert.ok(!isFalse, `${member.name} takes a healthy member for dead: ${JSON.stringify(output)}`);
  };
  cluster.events.moveTo(cluster.events.now() + forMs);
  cluster.onOutput = () => {};
  assert.equal(disagreement(cluster), undefined);
}

export function playScenario({ seed, count }: Scenario): ScenarioFigures {
  const cluster = createCluster(seed, count, timing);
  const rejoinMs = 30 * timing.probeIntervalMs;
  for (const member of cluster.members) cluster.start(member, [(cluster.members[0] as SimulatedMember).place]);
  const joinedMs = untilAgreed(cluster, 2 * rejoinMs, 'joining');
  const troubleCount = makeTrouble(cluster, troubleMsOf(count));
  heal(cluster);
  // A found failure, several attempts to find the others, and an exchange with everybody.
  const healedMs = untilAgreed(cluster, foundWithinMs(count, 0) + 6 * rejoinMs, 'healing');
  assertQuiet(cluster, 30_000);
  const loss = cluster.draws.pick([0, 0.05, 0.1]);
  const { firstFoundMs, allFoundMs } = findDead(cluster, loss);
  const refutes = cluster.members.reduce((sum, { swim }) => sum + (swim?.counters().refutes ?? 0), 0);
  const { datagrams } = cluster;
  return {
    seed,
    count,
    troubles: troubleCount,
    joinedMs,
    healedMs,
    firstFoundMs,
    allFoundMs,
    loss,
    datagrams,
    refutes,
    digest: cluster.digest(),
  };
}
