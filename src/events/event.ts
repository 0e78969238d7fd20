/**
 * The envelope that every fact travels in, and the union of all facts. The envelope is the same in the log, in NDJSON
 * and on the stream; (`node`, `position`) is an event's identity.
 */
import type { z } from 'zod';
import { agentLeft, agentPinned, agentRejected, agentRevoked, agentRotated } from './catalogue/agents.ts';
import { logCheckpoint } from './catalogue/checkpoint.ts';
import { configurationApplied } from './catalogue/configuration.ts';
import { geoMappingRemoved, geoMappingSet } from './catalogue/geo.ts';
import { gossipKeyRotated } from './catalogue/gossip-keys.ts';
import { validationRecorded } from './catalogue/health.ts';
import { drainEnded, drainStarted, heartbeatReceived } from './catalogue/heartbeats.ts';
import { keyGenerated, keyImported, keyRefused, keyRemoved, keyStageEntered } from './catalogue/keys.ts';
import { clockStepped, logGap, nodeAttested, nodeStalled, nodeStarted, nodeStopped } from './catalogue/node.ts';
import { overrideCleared, overrideSet } from './catalogue/overrides.ts';
import { serverDeregistered, serverRegistered, serverUpdated } from './catalogue/servers.ts';
import type { Actor, Request } from './envelope-parts.ts';

export { type Actor, actor, type Request, request } from './envelope-parts.ts';

/** Every kind of fact there is, in the order of the catalogue's subjects. */
export const catalogue = [
  nodeStarted,
  nodeStopped,
  nodeAttested,
  nodeStalled,
  clockStepped,
  logGap,
  logCheckpoint,
  configurationApplied,
  serverRegistered,
  serverUpdated,
  serverDeregistered,
  validationRecorded,
  overrideSet,
  overrideCleared,
  agentPinned,
  agentRotated,
  agentRevoked,
  agentRejected,
  agentLeft,
  heartbeatReceived,
  drainStarted,
  drainEnded,
  gossipKeyRotated,
  keyGenerated,
  keyStageEntered,
  keyImported,
  keyRemoved,
  keyRefused,
  geoMappingSet,
  geoMappingRemoved,
] as const;

type Definition = (typeof catalogue)[number];
export type EventType = Definition['type'];
export type DataOf<T extends EventType> = z.output<Extract<Definition, { type: T }>['data']>;

/** The envelope around data that has not been looked at. */
export interface Envelope<T extends string = string, D = unknown> {
  /** Place in this node's log: 1, 2, 3, ... with no gap (I1). */
  readonly position: number;
  /** When it was appended, in milliseconds; never goes back (I2). */
  readonly at: number;
  /** Whose log this is. */
  readonly node: string;
  readonly type: T;
  /** Schema version of `data`. */
  readonly v: number;
  readonly actor?: Actor;
  readonly request?: Request;
  /** Position of the event that led to this one. */
  readonly cause?: number;
  readonly data: D;
}

/** An event of one type, at the newest version of its data. */
export type EventOf<T extends EventType> = { [K in T]: Envelope<K, DataOf<K>> }[T];
/** Any event, at the newest version of its data. */
export type Event = EventOf<EventType>;

/** A fact before it has a place in a log: what commands decide and what observers see. */
export type FactOf<T extends EventType> = {
  [K in T]: {
    readonly type: K;
    readonly data: DataOf<K>;
    readonly actor?: Actor;
    readonly request?: Request;
    readonly cause?: number;
  };
}[T];
export type Fact = FactOf<EventType>;
