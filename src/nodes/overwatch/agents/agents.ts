/**
 * The overwatch's side of agents, put together: a member of the gossip with a certificate of its own, which hears agents,
 * lets them in, looks for those that it knew, and forgets those that are gone. What they say becomes facts by way of the
 * engine; what follows from it is the folds' business.
 *
 *     gossip -> ears -+-> introductions -+-> order lanes -> engine
 *                     +-> beats ---------+-> joined beats -> engine
 *                     +-> legacy agents -+
 *                     +-> rejection log -> engine
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { RejectionReason } from '../../../events/catalogue/agents.ts';
import type { Configuration } from '../../../events/catalogue/configuration.ts';
import { durationMs } from '../../../events/duration.ts';
import type { State } from '../../../projections/state.ts';
import type { Engine } from '../../engine.ts';
import type { Gossip, GossipOptions, MemberNews, UserMessage } from '../../gossip/gossip.ts';
import { openKeptKeys, withKeptKeys } from '../../gossip/kept-keys.ts';
import { startGossip } from '../../gossip/start-gossip.ts';
import type { OverwatchSelf } from '../../identity/handshake-of-overwatch.ts';
import { writeMetadata } from '../../identity/member-metadata.ts';
import { openOverwatchIdentity } from '../../identity/overwatch-identity.ts';
import type { OwnIdentity } from '../../identity/own-certificate.ts';
import type { Logger } from '../../logger.ts';
import type { World } from '../../world.ts';
import { createBeats } from './beats.ts';
import { createCorrespondence } from './correspondence.ts';
import { createEars } from './ears.ts';
import { createForgetting } from './forgetting.ts';
import { createIntroductions, type IntroductionCounts } from './introductions.ts';
import { createJoinedBeats } from './joined-beats.ts';
import { type LastingGossip, openLastingGossip } from './lasting-gossip.ts';
import { createLegacyAgents } from './legacy-agents.ts';
import { createOrderLanes } from './order-lanes.ts';
import { createRejectionLog } from './rejection-log.ts';
import { createRejoining } from './rejoining.ts';
import { createSessions } from './sessions.ts';

export interface Agents {
  readonly gossip: Gossip;
  /** Of this node's own certificate: what agents pin. */
  readonly fingerprint: string;
  /** Whether an agent is a member of the gossip now. */
  isConnected(agent: string, address: string): boolean;
  readonly counts: AgentCounts;
  /**
   * Listens to agents from now on. Not before the log says that the node has started: what it hears shows that it is
   * there, and what fell due while it was not there would count as silence.
   */
  begin(): void;
  /** Leaves the gossip in order. */
  stop(): Promise<void>;
}

/** All since the start. */
export interface AgentCounts {
  readonly introductions: IntroductionCounts;
  readonly rejections: () => ReadonlyMap<RejectionReason, number>;
  /** Messages of agents by type; those of the original begin with `legacy_`. */
  readonly received: () => readonly (readonly [type: string, count: number])[];
  readonly sent: () => ReadonlyMap<string, number>;
  /** Signs of life without news that went into the log, changes, and acknowledgements of those. */
  readonly beats: () => { readonly quiet: number; readonly changes: number; readonly acknowledged: number };
  readonly droppedOrders: () => number;
  readonly droppedMessages: () => number;
  /** Members that joined, and that left or failed. */
  readonly membership: { joins: number; leaves: number };
}

export interface AgentsOptions {
  readonly engine: Engine;
  readonly world: World;
  /** With its secrets; it has a section `overwatch.gossip`. */
  readonly configuration: Configuration;
  /** What stands behind the digests in the configuration in force. */
  readonly secrets: () => ReadonlyMap<string, string>;
  /** The node's own folder. */
  readonly folder: string;
  readonly version: string;
  readonly logger: Logger;
  /** How the gossip is started. Default: in a thread of its own. */
  readonly start?: typeof startGossip;
}

/** A member that hears nothing yet. Rejects where there is no key, the port is taken, or the certificate cannot be had. */
export async function openAgents(options: AgentsOptions): Promise<Agents> {
  const { engine, world, logger } = options;
  const { state } = engine;
  const { clock, chance } = world;
  const identity = ownIdentity(options);
  const self = selfOf(options, identity);
  const sessions = createSessions(state, identity.certificate);
  const lanes = createOrderLanes(engine.execute);
  const joined = createJoinedBeats(clock, engine.observe);
  const correspondence = createCorrespondence(() => gossip?.current());
  const isPinned = (agent: string) => state.trust.has(agent);
  const rejections = createRejectionLog({ clock, isPinned, tell: engine.observe });
  const common = { state, clock, lanes, joined, rejections, correspondence, sessions };
  const introductions = createIntroductions({ ...common, self });
  const beats = createBeats({ ...common, observe: engine.observe, overwatch: world.log.node });
  const legacy = createLegacyAgents({ ...common, accepts: () => acceptsLegacy(state) });
  const ears = createEars({ introductions, beats, legacy, rejections });
  const membership = { joins: 0, leaves: 0 };
  let begun = false;
  const hears = {
    messages: (batch: readonly UserMessage[]) => {
      if (begun) ears.hear(batch);
    },
    members: (news: readonly MemberNews[]) => {
      correspondence.heard(news);
      if (begun) legacy.heard(news);
      for (const { change } of news) {
        if (change === 'joined') membership.joins += 1;
        else if (change === 'left' || change === 'failed') membership.leaves += 1;
      }
    },
  };
  let gossip: LastingGossip | undefined;
  const parts = { start: startWithKeys(options), clock, logger, lost: correspondence.forgetAll };
  gossip = await openLastingGossip({ ...gossipOptions(options), hears }, parts);
  const { current, close } = gossip;

  const join: Gossip['join'] = (addresses) => current().join(addresses);
  const rejoining = createRejoining({ state, clock, chance, isThere: correspondence.isThere, join });
  const forgetting = createForgetting({ state, clock, lanes });

  return {
    get gossip() {
      return current();
    },
    fingerprint: identity.certificate.fingerprint,
    isConnected: correspondence.isThere,
    counts: {
      introductions: introductions.counts,
      rejections: rejections.counts,
      received: () => [...ears.counts, ...[...legacy.counts].map(([type, count]) => [`legacy_${type}`, count] as const)],
      sent: () => correspondence.counts,
      beats: () => ({ quiet: joined.told, ...beats.counts }),
      droppedOrders: () => lanes.dropped,
      droppedMessages: () => ears.dropped,
      membership,
    },
    begin() {
      begun = true;
      rejoining.start();
      forgetting.start();
    },
    async stop() {
      begun = false;
      ears.stop();
      rejoining.stop();
      forgetting.stop();
      joined.stop();
      rejections.stop();
      lanes.stop();
      await close();
    },
  };
}

/** With the keys beside the other secrets, as they were last changed. */
function startWithKeys({ configuration, folder, logger, start = startGossip }: AgentsOptions): typeof startGossip {
  const kept = openKeptKeys(join(folder, 'secrets', 'gossip.keys'), configuration.overwatch.gossip?.encryption_key ?? '');
  if (kept.warning !== undefined) logger.warn(kept.warning);
  return withKeptKeys(kept, start);
}

/** The certificate beside the other secrets, replaced in time by one that it signs for. */
function ownIdentity({ folder, world, logger }: AgentsOptions): OwnIdentity {
  return openOverwatchIdentity({ secrets: join(folder, 'secrets'), node: world.log.node, now: world.clock.now(), logger });
}

/** With the tokens in force: a reload may have changed them. */
function selfOf({ engine, world, secrets }: AgentsOptions, { certificate, rotation }: OwnIdentity): () => OverwatchSelf {
  const nonceKey = randomBytes(32);
  let tokens: ReadonlyMap<string, string> = new Map();
  let madeBy: readonly unknown[] = [];
  return () => {
    const inForce = engine.state.configuration;
    const behind = secrets();
    if (madeBy[0] !== inForce || madeBy[1] !== behind) {
      const digests = Object.entries(inForce?.configuration.overwatch.agent_tokens ?? {});
      tokens = new Map(digests.map(([service, digest]) => [service, behind.get(digest) ?? digest]));
      madeBy = [inForce, behind];
    }
    const replaceLostCertificate = inForce?.configuration.overwatch.agents?.replace_lost_certificate ?? 'when-stale';
    return { overwatch: world.log.node, certificate, rotation, tokens, nonceKey, replaceLostCertificate };
  };
}

function acceptsLegacy({ configuration }: State): boolean {
  return configuration?.configuration.overwatch.gossip?.legacy_agents === 'accept';
}

function gossipOptions({ configuration, world, version }: AgentsOptions): Omit<GossipOptions, 'hears'> {
  const { gossip = { legacy_agents: 'refuse' }, identity } = configuration.overwatch;
  const { bind_address: bind = '0.0.0.0:7946', advertise_address: advertise, encryption_key: key = '', preset } = gossip;
  const { probe_interval: probe, probe_timeout: timeout, gossip_interval: interval } = gossip;
  return {
    ...{ name: world.log.node, bind, key },
    meta: writeMetadata({ role: 'overwatch', region: identity.region, version }, world.clock.now()),
    timing: {
      ...(probe !== undefined && { probeIntervalMs: durationMs(probe) }),
      ...(timeout !== undefined && { probeTimeoutMs: durationMs(timeout) }),
      ...(interval !== undefined && { gossipIntervalMs: durationMs(interval) }),
    },
    ...(advertise !== undefined && { advertise }),
    ...(preset !== undefined && { preset }),
  };
}
