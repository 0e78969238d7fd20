/**
 * When each overwatch node is tried, so that an agent finds its way to all of them, in whatever order they start, and
 * back to each that was away. It never gives up. Pure: `now` and the draw are arguments.
 *
 *     the node                          next attempt
 *     was never tried                   at once
 *     did not answer, n times running   after half to all of first * 2^(n-1), at most `mostMs`
 *     is tried, and nothing is heard    after `attemptMs`, as if it had not answered
 *     was reached                       none
 *     was reached and is lost           after up to `firstMs`: a thousand agents that lose it together do not come back together
 */

export interface ReconnectOptions {
  readonly addresses: readonly string[];
  /** The longest wait after the first attempt. Default 1,000. */
  readonly firstMs?: number;
  /** The longest wait of all. Raising it spares a node that is away for long, lowering it finds it sooner. Default 30,000. */
  readonly mostMs?: number;
  /** How long an attempt may take. Default 15,000. */
  readonly attemptMs?: number;
}

/** How one node stands. */
export interface NodeAttempts {
  readonly address: string;
  readonly isReached: boolean;
  /** Attempts since it was last reached that failed. */
  readonly failures: number;
}

export interface Reconnect {
  /** The nodes that are due, which count as being tried from now on. `draw`: from 0 (inclusive) to 1 (exclusive). */
  take(now: number, draw: () => number): readonly string[];
  reached(address: string): void;
  /** An attempt failed; of a node that is not being tried it is no news. */
  failed(address: string, now: number, draw: number): void;
  /** A node that was reached is away; of another it is no news. */
  lost(address: string, now: number, draw: number): void;
  /** When something is to be done next; undefined: never, all are reached. */
  wakeAt(): number | undefined;
  nodes(): readonly NodeAttempts[];
}

type Standing =
  | { readonly is: 'waiting'; readonly until: number }
  | { readonly is: 'tried'; readonly until: number }
  | { readonly is: 'reached' };

interface Node {
  standing: Standing;
  failures: number;
}

export function createReconnect({ addresses, firstMs = 1_000, mostMs = 30_000, attemptMs = 15_000 }: ReconnectOptions): Reconnect {
  const nodes = new Map<string, Node>(addresses.map((address) => [address, { standing: { is: 'waiting', until: 0 }, failures: 0 }]));

  const backOff = (node: Node, now: number, draw: number) => {
    node.failures += 1;
    // Beyond thirty doublings every wait is the longest one; the exponent must not run away.
    const longest = Math.min(mostMs, firstMs * 2 ** Math.min(node.failures - 1, 30));
    node.standing = { is: 'waiting', until: now + Math.round((longest / 2) * (1 + draw)) };
  };

  return {
    take(now, draw) {
      const due: string[] = [];
      for (const [address, node] of nodes) {
        if (node.standing.is === 'tried' && node.standing.until <= now) backOff(node, now, draw());
        if (node.standing.is !== 'waiting' || node.standing.until > now) continue;
        node.standing = { is: 'tried', until: now + attemptMs };
        due.push(address);
      }
      return due;
    },
    reached(address) {
      const node = nodes.get(address);
      if (node === undefined) return;
      node.standing = { is: 'reached' };
      node.failures = 0;
    },
    failed(address, now, draw) {
      const node = nodes.get(address);
      if (node?.standing.is === 'tried') backOff(node, now, draw);
    },
    lost(address, now, draw) {
      const node = nodes.get(address);
      if (node?.standing.is === 'reached') node.standing = { is: 'waiting', until: now + Math.round(firstMs * draw) };
    },
    wakeAt() {
      const moments = [...nodes.values()].flatMap(({ standing }) => (standing.is === 'reached' ? [] : [standing.until]));
      return moments.length === 0 ? undefined : Math.min(...moments);
    },
    nodes() {
      return [...nodes].map(([address, { standing, failures }]) => ({ address, isReached: standing.is === 'reached', failures }));
    },
  };
}
