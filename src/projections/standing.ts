/** What an answer owes to the past. Only services whose domain asks for it have a standing. */
import type { Family } from './routing/family.ts';

export interface Standing {
  /** The addresses that were fit when any was. */
  readonly lastFit: Readonly<Record<Family, readonly string[]>>;
  /** The address that a failover service answers with first; null: none yet. */
  readonly holder: Readonly<Record<Family, string | null>>;
  /** When the answer may change without a fact; null: it will not. */
  readonly dueAt: number | null;
}

/** service -> standing. */
export type Standings = Map<string, Standing>;
