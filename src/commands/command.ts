/** What can be asked of a node, and the two kinds of decision: facts, or a refusal that says what to do. */
import type { Configuration, HealthCheck } from '../events/catalogue/configuration.ts';
import type { Actor, Fact } from '../events/event.ts';
import type { Authority } from '../projections/overrides.ts';

/** The configuration that a node works by. Starting is the first time that one is applied. */
export interface ApplyConfiguration {
  readonly kind: 'applyConfiguration';
  /** With keyed digests where secrets stand. */
  readonly configuration: Configuration;
  /** Applies it even where a guard would refuse. A start does. */
  readonly force: boolean;
}

export interface SetOverride {
  readonly kind: 'setOverride';
  readonly service: string;
  readonly address: string;
  /** null: every port of the address in that service. */
  readonly port: number | null;
  readonly action: 'up' | 'down' | 'drain';
  readonly reason: string;
  readonly authority: Authority;
  /** From now; null: until it is cleared. */
  readonly expiresInMs: number | null;
  /** Sets it even where a guard would refuse. */
  readonly force: boolean;
}

export interface ClearOverride {
  readonly kind: 'clearOverride';
  readonly service: string;
  readonly address: string;
  /** null: the overrides on the address and on each of its ports. */
  readonly port: number | null;
  readonly reason: string | null;
  /** A person clears both authorities' overrides, a tool only tools'. */
  readonly authority: Authority;
  readonly force: boolean;
}

/** Adds a server to a service, until somebody deregisters it. */
export interface RegisterServer {
  readonly kind: 'registerServer';
  readonly service: string;
  readonly address: string;
  readonly port: number;
  /** One of the domain's; null: the one that it has. */
  readonly region: string | null;
  readonly weight: number;
  /** Host header and TLS server name of its checks. */
  readonly host?: string;
  /** Before the region's. Without headers: they would be secrets in a fact. */
  readonly healthCheck?: Omit<HealthCheck, 'headers'>;
  readonly force: boolean;
}

/** Changes what is named and leaves the rest; null takes away. */
export interface UpdateServer {
  readonly kind: 'updateServer';
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly region?: string;
  readonly weight?: number;
  readonly host?: string | null;
  readonly healthCheck?: Omit<HealthCheck, 'headers'> | null;
  readonly force: boolean;
}

export interface DeregisterServer {
  readonly kind: 'deregisterServer';
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly force: boolean;
}

export interface StartNode {
  readonly kind: 'startNode';
  readonly version: string;
}

export interface StopNode {
  readonly kind: 'stopNode';
  readonly reason: string;
}

/** States what is answered at this moment, so that replay can compare. */
export interface AttestAnswers {
  readonly kind: 'attestAnswers';
}

/** Restates everything that stands, so that what is before it can be dropped. */
export interface TakeCheckpoint {
  readonly kind: 'takeCheckpoint';
}

export type Command =
  | ApplyConfiguration
  | SetOverride
  | ClearOverride
  | RegisterServer
  | UpdateServer
  | DeregisterServer
  | StartNode
  | StopNode
  | AttestAnswers
  | TakeCheckpoint;

/** A command, who gives it, and the key that makes repeating it harmless. */
export interface Order {
  readonly command: Command;
  readonly actor: Actor;
  readonly key?: string;
}

/** Why a command is refused. The list is closed: programs match on it. */
export const refusalReasons = [
  'already-carried-out',
  'check-inconsistent',
  'checkpoint-too-large',
  'configuration-inconsistent',
  'log-unavailable',
  'nothing-to-attest',
  'outranked',
  'request-key-reused',
  'server-exists',
  'static-server',
  'too-many-orders',
  'too-many-servers',
  'unknown-override',
  'unknown-region',
  'unknown-server',
  'unknown-service',
  'would-empty-service',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

export interface Refusal {
  readonly refused: RefusalReason;
  /** A sentence: what is wrong. */
  readonly error: string;
  /** What to do. */
  readonly remedy: string;
}

/** The facts that a command makes true: none where everything is so already. */
export type Decision = readonly Fact[] | Refusal;

export function isRefusal(decision: object): decision is Refusal {
  return 'refused' in decision;
}
