/** All folds side by side. A state is named by (position, at): the same facts, folded to the same moment, give the same one (I3). */
import type { AgentDrains } from './agent-drains.ts';
import type { Claims } from './claims.ts';
import type { ConfigurationInForce } from './configuration.ts';
import { type Deadlines, noDeadlines } from './deadlines.ts';
import type { GeoMappings } from './geo-mappings.ts';
import type { Health } from './health.ts';
import type { Keys } from './keys.ts';
import type { Livenesses } from './liveness.ts';
import type { Overrides } from './overrides.ts';
import type { Bleeds } from './predictive.ts';
import { type KeptUntil, nothingKept } from './record-ttls.ts';
import type { Registry } from './registry.ts';
import type { Requests } from './requests.ts';
import type { Standings } from './standing.ts';
import type { Trust } from './trust.ts';

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
  /** When a fact last said that the node was there; what fell due between then and its next start, nobody was there to see. */
  livedAt: number;
  /** From here back to the one before, and so on, without a search. */
  checkpoint: LastCheckpoint | undefined;
  configuration: ConfigurationInForce | undefined;
  /** What resolvers may still keep of what was said under those before it. */
  keptUntil: KeptUntil;
  readonly registry: Registry;
  readonly health: Health;
  readonly overrides: Overrides;
  readonly trust: Trust;
  readonly liveness: Livenesses;
  readonly claims: Claims;
  readonly agentDrains: AgentDrains;
  readonly bleeds: Bleeds;
  readonly keys: Keys;
  geoMappings: GeoMappings;
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
    livedAt: 0,
    checkpoint: undefined,
    configuration: undefined,
    keptUntil: nothingKept,
    registry: new Map(),
    health: new Map(),
    overrides: new Map(),
    trust: new Map(),
    liveness: new Map(),
    claims: new Map(),
    agentDrains: new Map(),
    bleeds: new Map(),
    keys: new Map(),
    geoMappings: [],
    requests: new Map(),
    standings: new Map(),
    changedAt: new Map(),
    deadlines: noDeadlines(),
  };
}
