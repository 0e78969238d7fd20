/** What can be asked of a node, and the two kinds of decision: facts, or a refusal that says what to do. */
import type { Configuration, HealthCheck } from '../events/catalogue/configuration.ts';
import type { Beat } from '../events/catalogue/heartbeats.ts';
import type { KeyAlgorithm } from '../events/catalogue/keys.ts';
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

/** Lets an agent in whose proofs were checked, and binds its name to its certificate. */
export interface PinAgent {
  readonly kind: 'pinAgent';
  readonly agent: string;
  /** null: a legacy agent, which has none. */
  readonly fingerprint: string | null;
  /** DER in base64. */
  readonly certificate: string | null;
  readonly region: string;
  /** Those whose tokens it proved. */
  readonly services: readonly string[];
  /** Where it is met in the gossip. */
  readonly address: string;
  readonly legacy: boolean;
}

/** Another certificate for an agent, signed by the one that it has. */
export interface RotateAgent {
  readonly kind: 'rotateAgent';
  readonly agent: string;
  readonly fingerprint: string;
  readonly previous: string;
  readonly certificate: string;
}

export interface RevokeAgent {
  readonly kind: 'revokeAgent';
  readonly agent: string;
  readonly reason: string;
  readonly force: boolean;
}

/** A beat with news: claims, or one that gives claims of before their effect again. See `beatNeedsOrder`. */
export interface ReceiveClaims {
  readonly kind: 'receiveClaims';
  readonly beat: Beat;
}

/** The agent said that it goes. */
export interface AgentLeft {
  readonly kind: 'agentLeft';
  readonly agent: string;
  readonly boot: number;
  readonly sequence: number;
}

/** Takes out the servers of an agent that has been silent for `stale.remove_after`. */
export interface ForgetAgent {
  readonly kind: 'forgetAgent';
  readonly agent: string;
}

/** Notes which keys the gossip of this node has, after somebody changed them. Fingerprints, never keys. */
export interface RecordGossipKey {
  readonly kind: 'recordGossipKey';
  readonly action: 'installed' | 'used' | 'removed';
  readonly fingerprint: string;
  /** The one that seals first. */
  readonly keys: readonly string[];
}

/** The public part of a key that was made for an order. Its private part is on the disk. */
export interface MadeKey {
  readonly keyTag: number;
  readonly algorithm: KeyAlgorithm;
  /** Base64. */
  readonly publicKey: string;
}

/** Gives zones that have none a key to sign with. */
export interface AddFirstKeys {
  readonly kind: 'addFirstKeys';
  readonly made: readonly (MadeKey & { readonly zone: string })[];
}

/** Begins a rotation with this key as the successor. */
export interface StartRotation {
  readonly kind: 'startRotation';
  readonly zone: string;
  readonly made: MadeKey;
}

/** Time was all that the successor waited for. */
export interface EnterKeyStage {
  readonly kind: 'enterKeyStage';
  readonly zone: string;
  readonly keyTag: number;
  readonly stage: 'announced' | 'active';
}

/** The parent shows the DS of the successor. */
export interface ConfirmDs {
  readonly kind: 'confirmDs';
  readonly zone: string;
  /** null: whichever is announced. */
  readonly keyTag: number | null;
  /** How long resolvers keep the parent's DS records. */
  readonly dsTtlSeconds: number;
  /** Who said so. */
  readonly evidence: string;
}

export interface RemoveRetiredKey {
  readonly kind: 'removeRetiredKey';
  readonly zone: string;
  readonly keyTag: number;
}

/** Calls a rotation off while the parent has not taken the new DS up. */
export interface AbortRotation {
  readonly kind: 'abortRotation';
  readonly zone: string;
  readonly reason: string;
  readonly force: boolean;
}

/** Forgets the keys of a zone that is served no more. */
export interface RemoveZoneKeys {
  readonly kind: 'removeZoneKeys';
  readonly zone: string;
  readonly reason: string;
}

/** A key that is offered from elsewhere, its private part checked and on the disk. */
export interface ImportKey extends MadeKey {
  readonly kind: 'importKey';
  readonly zone: string;
  /** The key that it is to take over from, as its origin says; null: none. */
  readonly successorOf: number | null;
  /** Whether its origin signs with it already. */
  readonly signs: boolean;
  /** Whether it takes over from the key before it at once, because its origin did, and nobody else waits. Default: it does not. */
  readonly takesOver?: boolean;
  readonly createdAt: number;
  /** The peer that offers it, or `file`. */
  readonly from: string;
}

/** Says in which region clients of a network are. */
export interface SetGeoMapping {
  readonly kind: 'setGeoMapping';
  /** Canonical. */
  readonly cidr: string;
  readonly region: string;
  readonly comment: string | null;
}

export interface RemoveGeoMapping {
  readonly kind: 'removeGeoMapping';
  readonly cidr: string;
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
  | TakeCheckpoint
  | PinAgent
  | RotateAgent
  | RevokeAgent
  | ReceiveClaims
  | AgentLeft
  | ForgetAgent
  | RecordGossipKey
  | AddFirstKeys
  | StartRotation
  | EnterKeyStage
  | ConfirmDs
  | RemoveRetiredKey
  | AbortRotation
  | RemoveZoneKeys
  | ImportKey
  | SetGeoMapping
  | RemoveGeoMapping;

/** A command, who gives it, and the key that makes repeating it harmless. */
export interface Order {
  readonly command: Command;
  readonly actor: Actor;
  readonly key?: string;
}

/** Why a command is refused. The list is closed: programs match on it. */
export const refusalReasons = [
  'agent-name-held',
  'agent-not-silent',
  'agent-revoked',
  'already-carried-out',
  'certificate-superseded',
  'check-inconsistent',
  'checkpoint-too-large',
  'configuration-inconsistent',
  'key-tag-held',
  'key-unrelated',
  'log-unavailable',
  'no-key',
  'no-rotation',
  'no-service-proven',
  'nothing-to-attest',
  'outranked',
  'request-key-reused',
  'rotation-announced',
  'rotation-in-progress',
  'rotation-past-ds',
  'server-exists',
  'stage-not-due',
  'static-mapping',
  'static-server',
  'too-many-agents',
  'too-many-mappings',
  'too-many-orders',
  'too-many-servers',
  'unknown-agent',
  'unknown-mapping',
  'unknown-override',
  'unknown-region',
  'unknown-server',
  'unknown-service',
  'unknown-zone',
  'would-empty-service',
  'zone-served',
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
