/** All folds side by side. A state is named by (position, at): the same facts, folded to the same moment, give the same one (I3). */
import type { ConfigurationInForce } from './configuration.ts';
import { type Deadlines, noDeadlines } from './deadlines.ts';
import type { Health } from './health.ts';
import type { Overrides } from './overrides.ts';
import type { Registry } from './registry.ts';
import type { Requests } from './requests.ts';
import type { Standings } from './standing.ts';

/** The last fact that restated everything. */
interface LastCheckpoint {
  readonly position: number;
  readonly at: number;
}

export interface State {
  /** Position of the last event folded in; 0: none. */
  position: number;
  /** The moment that the state stands at. */
  at: number;
  /** From here back to the one before, and so on, without a search. */
  checkpoint: LastCheckpoint | undefined;
  configuration: ConfigurationInForce | undefined;
  readonly registry: Registry;
  readonly health: Health;
  readonly overrides: Overrides;
  readonly requests: Requests;
  readonly standings: Standings;
  /** When the answer of each service may last have changed: the serial of its zone. */
  readonly changedAt: Map<string, number>;
  /** Derived from the folds above. */
  readonly deadlines: Deadlines;
}

export function initialState(): State {
  return {
    position: 0,
    at: 0,
    checkpoint: undefined,
    configuration: undefined,
    registry: new Map(),
    health: new Map(),
    overrides: new Map(),
    requests: new Map(),
    standings: new Map(),
    changedAt: new Map(),
    deadlines: noDeadlines(),
  };
}
