/** What every route works with, and the one type of server that they are registered on. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { EventLog } from '../../events/log.ts';
import type { Engine } from '../engine.ts';

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
  /** Of this program. */
  readonly version: string;
  readonly readiness: () => Readiness;
  /** The moment of an answer, RFC 3339. */
  readonly generatedAt: () => string;
}

export type Api = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered to whoever asks: it says nothing worth hiding, and load balancers must be able to ask. */
    readonly open?: boolean;
  }
  interface FastifyRequest {
    /** The address that asks; empty until the allow-list has let it in. */
    askingAddress: string;
  }
}
