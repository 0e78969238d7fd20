/** What every route works with, and the one type of server that they are registered on. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { EventLog } from '../../events/log.ts';
import type { Validator } from '../checks/validator.ts';
import type { KeySync } from '../dns/key-sync/key-sync.ts';
import type { Keys } from '../dns/keys/keys.ts';
import type { Engine } from '../engine.ts';
import type { Logger } from '../logger.ts';
import type { Agents } from '../overwatch/agents/agents.ts';
import type { Reload } from '../overwatch/reload.ts';
import type { Clock } from '../world.ts';
import type { Access, Identity } from './identity.ts';
import type { Route } from './route.ts';
import type { RecentChanges } from './stream-recent.ts';

/** Whether the node can do its work. */
export interface Readiness {
  /** DNS is answered. */
  readonly dns: boolean;
  /** Every server that is checked has been checked at least once, so that no answer is a guess. */
  readonly health: boolean;
}

export interface RouteContext {
  readonly engine: Engine;
  /** For reading only. */
  readonly log: EventLog;
  readonly logger: Logger;
  /** Every route there is, once all are registered. */
  readonly routes: readonly Route[];
  readonly clock: Clock;
  /** Undefined: this node checks nothing. */
  readonly checkNow: Validator['checkNow'] | undefined;
  /** Undefined: gossip is off, and no agent is heard. */
  readonly agents: Pick<Agents, 'isConnected' | 'gossip'> | undefined;
  /** Undefined: this node signs nothing. */
  readonly keys: Keys | undefined;
  /** Undefined: it shares no keys with others. */
  readonly keySync: KeySync | undefined;
  /** Undefined: this node was not started from a file. */
  readonly reload: Reload | undefined;
  /** Of this program. */
  readonly version: string;
  readonly readiness: () => Readiness;
  /** What the newest events changed; undefined where the node does not derive it. */
  readonly recentChanges: RecentChanges | undefined;
  /** The moment of an answer, RFC 3339. */
  readonly generatedAt: () => string;
}

export type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may ask. What says nothing worth hiding, and load balancers must be able to ask, is open. */
    readonly access?: Access;
  }
  interface FastifyRequest {
    /** Who asks; undefined where the route is open to whoever asks. */
    identity: Identity | undefined;
  }
}
