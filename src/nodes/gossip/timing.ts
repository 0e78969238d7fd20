/**
 * How fast a cluster gossips: three presets instead of a dozen decisions, and the formulas that follow from them. All
 * members of a cluster should share one preset: a member that probes slowly among quick ones is suspected for no fault of
 * its own. The logarithms are why no fold may ever use this file; here nothing depends on their last bit.
 */

export interface Timing {
  /** Milliseconds between two probes by one member. Higher: failures are found later. Lower: more packets, more false suspicion. */
  readonly probeIntervalMs: number;
  /** Milliseconds to wait for the direct answer before asking others. Should be above the 99th percentile of the round trip. */
  readonly probeTimeoutMs: number;
  /** How many others are asked to probe for us. Higher: fewer false suspicions behind one bad path. */
  readonly indirectChecks: number;
  /** Factor of the shortest suspicion. Higher: more time to refute, and dead members answer for longer. */
  readonly suspicionMult: number;
  /** The longest suspicion in shortest ones, used while nobody confirms. */
  readonly suspicionMaxTimeoutMult: number;
  /** Milliseconds between two rounds of rumours; 0 switches them off. Lower: news spreads faster, by more packets. */
  readonly gossipIntervalMs: number;
  /** To how many members each round goes. */
  readonly gossipNodes: number;
  /** Milliseconds for which the dead still get rumours, so that a member wrongly buried hears of it; then they are forgotten. */
  readonly gossipToTheDeadMs: number;
  /** Factor of how often one rumour is sent. Higher: survives more loss. */
  readonly retransmitMult: number;
  /** Milliseconds between two exchanges of everything with one member; grows with the cluster; 0 switches them off. */
  readonly pushPullIntervalMs: number;
  /** Milliseconds that a TCP exchange may take, connecting included. */
  readonly tcpTimeoutMs: number;
  /** The health score stays below this. 1 switches it off. */
  readonly awarenessMax: number;
  /** Whether a probe that got no answer over UDP tries TCP as well. */
  readonly tcpPings: boolean;
}

export type TimingPreset = 'lan' | 'wan' | 'local';

const lan: Timing = {
  probeIntervalMs: 1_000,
  probeTimeoutMs: 500,
  indirectChecks: 3,
  suspicionMult: 4,
  suspicionMaxTimeoutMult: 6,
  gossipIntervalMs: 200,
  gossipNodes: 3,
  gossipToTheDeadMs: 30_000,
  retransmitMult: 4,
  pushPullIntervalMs: 30_000,
  tcpTimeoutMs: 10_000,
  awarenessMax: 8,
  tcpPings: true,
};

/** `lan`: one data centre. `wan`: between data centres. `local`: one machine, for tests and demonstrations. */
export const timingPresets: Readonly<Record<TimingPreset, Timing>> = {
  lan,
  wan: {
    ...lan,
    probeIntervalMs: 5_000,
    probeTimeoutMs: 3_000,
    suspicionMult: 6,
    gossipIntervalMs: 500,
    gossipNodes: 4,
    gossipToTheDeadMs: 60_000,
    pushPullIntervalMs: 60_000,
    tcpTimeoutMs: 30_000,
  },
  local: {
    ...lan,
    probeTimeoutMs: 200,
    indirectChecks: 1,
    suspicionMult: 3,
    gossipIntervalMs: 100,
    gossipToTheDeadMs: 15_000,
    retransmitMult: 2,
    pushPullIntervalMs: 15_000,
    tcpTimeoutMs: 1_000,
  },
};

/** How often one rumour is sent in a list of `count` members: 4, 8, 12 times for up to 9, 99, 999 with a factor of 4. */
export function retransmitLimit(retransmitMult: number, count: number): number {
  return retransmitMult * Math.ceil(Math.log10(count + 1));
}

/** A small cluster exchanges everything every `pushPullIntervalMs`; from 33 members on, each doubling adds that much again. */
export function pushPullEveryMs(intervalMs: number, count: number): number {
  const smallCluster = 32;
  if (count <= smallCluster) return intervalMs;
  return intervalMs * (Math.ceil(Math.log2(count) - Math.log2(smallCluster)) + 1);
}

export interface SuspicionLimits {
  readonly minMs: number;
  readonly maxMs: number;
  /** How many others must confirm until only `minMs` is left; 0: nobody has to. */
  readonly confirmationsWanted: number;
}

/**
 * How long a member is suspected in a list of `count`:
 *
 *     the list                     shortest                                  longest               confirmations wanted
 *     too small for confirmers     mult * interval                           is not used           0
 *     others                       mult * max(1, log10(count)) * interval    shortest * max mult   mult - 2
 */
export function suspicionLimits(timing: Timing, count: number): SuspicionLimits {
  const scale = Math.floor(Math.max(1, Math.log10(Math.max(1, count))) * 1_000) / 1_000;
  const minMs = timing.suspicionMult * scale * timing.probeIntervalMs;
  const wanted = Math.max(0, timing.suspicionMult - 2);
  return { minMs, maxMs: timing.suspicionMaxTimeoutMult * minMs, confirmationsWanted: count - 2 < wanted ? 0 : wanted };
}

/** What is left of the longest suspicion once `confirmations` others agree: falls with the logarithm, down to the shortest. */
export function suspicionMs({ minMs, maxMs, confirmationsWanted }: SuspicionLimits, confirmations: number): number {
  if (confirmationsWanted < 1) return minMs;
  const share = Math.log(confirmations + 1) / Math.log(confirmationsWanted + 1);
  return Math.max(minMs, Math.floor(maxMs - share * (maxMs - minMs)));
}
