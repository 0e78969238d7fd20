/**
 * The questions and orders of the REST API that the command line uses, by name, each with the part of the answer that
 * is relied on. What a newer node says beyond that is passed on and not looked at.
 */
import { z } from 'zod';
import { assertNever } from '../../projections/assert-never.ts';
import type { NodeClient } from './client.ts';

const moment = z.string();
const count = z.number();
const tier = z.string().nullable();

const families = z.record(
  z.string(),
  z.looseObject({ tier, spokes: z.array(z.looseObject({ addresses: z.array(z.string()), share: z.number() })) }),
);
export type Families = z.output<typeof families>;

const versionShape = z.looseObject({ version: z.string(), node_version: z.string(), platform: z.string() });
const readyShape = z.looseObject({ ready: z.boolean(), message: z.string().optional() });

const dnssecShape = z.looseObject({ enabled: z.boolean(), message: z.string().optional() });

const serviceShape = z.looseObject({
  name: z.string(),
  algorithm: z.string(),
  ttl: z.number(),
  tiers: z.record(z.string(), tier),
  candidates: z.record(z.string(), count),
  servers: count,
});
const servicesShape = z.looseObject({ services: z.array(serviceShape) });
export type ServiceSummary = z.output<typeof serviceShape>;

const verdict = z.looseObject({
  status: z.string(),
  authority: z.string(),
  since: moment,
  reason: z.string(),
  because: z.array(z.number()),
});

const candidateShape = z.looseObject({
  address: z.string(),
  family: z.string(),
  tier,
  answers: z.boolean(),
  sentence: z.string(),
  servers: z.array(z.looseObject({ address: z.string(), port: z.number(), region: z.string(), verdict })).min(1),
});
const clientShape = z.looseObject({
  network: z.string(),
  sentence: z.string(),
  families: z.record(
    z.string(),
    z.looseObject({
      region: z.string().nullable(),
      spokes: z.array(z.looseObject({ addresses: z.array(z.string()), share: z.number() })),
      scope: z.number(),
      scope_network: z.string(),
      drawn: z.array(z.string()).optional(),
    }),
  ),
});
export type AnswersClient = z.output<typeof clientShape>;
const answersShape = z.looseObject({
  name: z.string(),
  algorithm: z.string(),
  ttl: z.number(),
  families,
  candidates: z.array(candidateShape),
  client: clientShape.optional(),
});
export type ServiceAnswers = z.output<typeof answersShape>;
export type AnswersCandidate = z.output<typeof candidateShape>;

const serverShape = z.looseObject({
  service: z.string(),
  address: z.string(),
  port: z.number(),
  region: z.string(),
  weight: z.number(),
  source: z.string(),
  verdict,
});
const serversShape = z.looseObject({ servers: z.array(serverShape) });
export type ShownServer = z.output<typeof serverShape>;

const overrideShape = z.looseObject({
  service: z.string(),
  address: z.string(),
  port: z.number().nullable(),
  action: z.string(),
  reason: z.string(),
  source: z.string(),
  authority: z.string(),
  created_at: moment,
  expires_at: moment.nullable(),
  position: z.number(),
});
const overridesShape = z.looseObject({ overrides: z.array(overrideShape) });
export type ShownOverride = z.output<typeof overrideShape>;

/** What would happen: answers to a dry run. */
const dryRunShape = z.looseObject({
  facts: z.array(z.looseObject({ type: z.string() })),
  changes: z.array(z.looseObject({ service: z.string(), before: families.nullable(), after: families.nullable() })),
});
export type DryRun = z.output<typeof dryRunShape>;

const eventShape = z.looseObject({
  position: z.number(),
  at: z.number(),
  node: z.string(),
  type: z.string(),
  v: z.number(),
  data: z.record(z.string(), z.unknown()),
});
export type ShownEvent = z.output<typeof eventShape>;
const eventsShape = z.looseObject({ events: z.array(eventShape), next: count, oldest: count.nullable(), last: count });
export type EventsPage = z.output<typeof eventsShape>;

export const versionOf = (client: NodeClient) => client.ask({ path: '/version', shape: versionShape });

export const readinessOf = (client: NodeClient) => client.ask({ path: '/ready', shape: readyShape, alsoStatus: 503 });

export const dnssecOf = (client: NodeClient) => client.ask({ path: '/dnssec/status', shape: dnssecShape });

export const servicesOf = async (client: NodeClient) => (await client.ask({ path: '/services', shape: servicesShape })).services;

/** For whom an answer is explained, and by which draw. */
export interface AnswersQuery {
  readonly client?: string | undefined;
  readonly draw?: number | undefined;
}

export const answersOf = (client: NodeClient, service: string, query: AnswersQuery = {}) =>
  client.ask({ path: `/services/${encodeURIComponent(service)}/answers`, query: { ...query }, shape: answersShape });

const pathOfServers = (service: string) => `/services/${encodeURIComponent(service)}/servers`;

export const serversOf = async (client: NodeClient, service: string) =>
  (await client.ask({ path: pathOfServers(service), shape: serversShape })).servers;

export const overridesOf = async (client: NodeClient) => (await client.ask({ path: '/overrides', shape: overridesShape })).overrides;

const agentShape = z.looseObject({
  agent_id: z.string(),
  fingerprint: z.string().nullable(),
  region: z.string(),
  status: z.string(),
  unauthenticated: z.boolean(),
  not_after: moment.nullable(),
  heartbeat_age_seconds: z.number().nullable(),
  stale_after_seconds: z.number().nullable(),
  services: z.array(z.string()),
  backend_count: count,
  address: z.string(),
  boot: count,
  sequence: count,
  position: count,
  revoked_reason: z.string().optional(),
});
export type ShownAgent = z.output<typeof agentShape>;

const oneAgentShape = agentShape.extend({
  signals: z.string().nullable(),
  backends: z.array(
    z.looseObject({
      service: z.string(),
      address: z.string(),
      port: z.number(),
      weight: z.number(),
      healthy: z.boolean(),
      draining: z.string().nullable(),
      held: z.boolean(),
      effective_status: z.string().nullable(),
    }),
  ),
});
export type OneAgent = z.output<typeof oneAgentShape>;

export const agentsOf = async (client: NodeClient) =>
  (await client.ask({ path: '/overwatch/agents', shape: z.looseObject({ agents: z.array(agentShape) }) })).agents;

const pathOfAgent = (agent: string) => `/overwatch/agents/${encodeURIComponent(agent)}`;

export const agentOf = (client: NodeClient, agent: string) => client.ask({ path: pathOfAgent(agent), shape: oneAgentShape });

export const revokeAgent = (client: NodeClient, agent: string, reason: string, { key, force }: OrderOptions) =>
  client.ask({
    ...{ method: 'POST', path: `${pathOfAgent(agent)}/revoke`, body: { reason }, key },
    ...{ query: { force: yes(force) }, shape: z.looseObject({ success: z.boolean() }) },
  });

export const tryRevokeAgent = (client: NodeClient, agent: string, reason: string, force: boolean) =>
  client.ask({
    ...{ method: 'POST', path: `${pathOfAgent(agent)}/revoke`, body: { reason }, shape: dryRunShape },
    query: { force: yes(force), dry_run: true },
  });

export interface EventsQuery {
  /** Undefined: the oldest that the log still holds. */
  readonly from?: number | undefined;
  readonly limit?: number;
  readonly type?: string | undefined;
  readonly service?: string | undefined;
}

export const eventsOf = (client: NodeClient, query: EventsQuery) =>
  client.ask({ path: '/events', query: { ...query }, shape: eventsShape });

const gossipKeysShape = z.looseObject({ keys: z.array(z.looseObject({ fingerprint: z.string(), primary: z.boolean() })) });
const changedKeysShape = gossipKeysShape.extend({ fingerprint: z.string(), changed: z.boolean() });

export const gossipKeysOf = async (client: NodeClient) => (await client.ask({ path: '/gossip/keys', shape: gossipKeysShape })).keys;

export const changeGossipKey = (client: NodeClient, action: 'install' | 'use' | 'remove', gossipKey: string, key: string) =>
  client.ask({ method: 'POST', path: '/gossip/keys', body: { action, key: gossipKey }, key, shape: changedKeysShape });

const mappingShape = z.looseObject({ cidr: z.string(), region: z.string(), source: z.string(), comment: z.string().optional() });
const mappingsShape = z.looseObject({ mappings: z.array(mappingShape) });
const locatedShape = z.looseObject({
  ...{ ip: z.string(), region: z.string().nullable(), match_type: z.string() },
  ...{ matched_cidr: z.string().optional(), comment: z.string().optional() },
});
export type ShownMapping = z.output<typeof mappingShape>;

export interface MappingWish {
  readonly cidr: string;
  readonly region: string;
  readonly comment?: string;
}

const pathOfMappings = '/geo/mappings';
const pathOfMapping = (cidr: string) => `${pathOfMappings}/${encodeURIComponent(cidr)}`;

export const geoMappingsOf = async (client: NodeClient) => (await client.ask({ path: pathOfMappings, shape: mappingsShape })).mappings;

export const locatedBy = (client: NodeClient, ip: string) => client.ask({ path: '/geo/test', query: { ip }, shape: locatedShape });

const setMappingShape = mappingShape.extend({ repeated: z.boolean() });
export const setGeoMapping = (client: NodeClient, wish: MappingWish, key: string) =>
  client.ask({ method: 'PUT', path: pathOfMappings, body: wish, key, shape: setMappingShape });

export const trySetGeoMapping = (client: NodeClient, wish: MappingWish) =>
  client.ask({ method: 'PUT', path: pathOfMappings, query: { dry_run: true }, body: wish, shape: dryRunShape });

export const removeGeoMapping = (client: NodeClient, cidr: string, key: string) =>
  client.ask({ method: 'DELETE', path: pathOfMapping(cidr), key, shape: z.undefined() });

export const tryRemoveGeoMapping = (client: NodeClient, cidr: string) =>
  client.ask({ method: 'DELETE', path: pathOfMapping(cidr), query: { dry_run: true }, shape: dryRunShape });

/** Whom an order is about: a service, and an address with or without a port. */
export interface OrderTarget {
  readonly service: string;
  readonly target: string;
}

/** How an order is given. */
export interface OrderOptions {
  readonly key: string;
  readonly force?: boolean;
}

export interface OverrideWish {
  readonly action: string;
  readonly reason: string;
  readonly expiresIn?: string;
}

const ofTarget = ({ service, target }: OrderTarget) => `/overrides/${encodeURIComponent(service)}/${encodeURIComponent(target)}`;
const yes = (wanted: boolean | undefined) => (wanted ? true : undefined);
const wishBody = ({ action, reason, expiresIn }: OverrideWish) => ({
  action,
  reason,
  ...(expiresIn !== undefined && { expires_in: expiresIn }),
});

const setShape = overrideShape.extend({ repeated: z.boolean() });
export const setOverride = (client: NodeClient, target: OrderTarget, wish: OverrideWish, { key, force }: OrderOptions) =>
  client.ask({ method: 'PUT', path: ofTarget(target), query: { force: yes(force) }, body: wishBody(wish), key, shape: setShape });

export const trySetOverride = (client: NodeClient, target: OrderTarget, wish: OverrideWish, force: boolean) =>
  client.ask({
    ...{ method: 'PUT', path: ofTarget(target), body: wishBody(wish), shape: dryRunShape },
    query: { dry_run: true, force: yes(force) },
  });

const nothing = z.undefined();
export const clearOverride = (client: NodeClient, target: OrderTarget, reason: string | undefined, { key, force }: OrderOptions) =>
  client.ask({ method: 'DELETE', path: ofTarget(target), query: { reason, force: yes(force) }, key, shape: nothing });

export const tryClearOverride = (client: NodeClient, target: OrderTarget, reason: string | undefined, force: boolean) =>
  client.ask({ method: 'DELETE', path: ofTarget(target), query: { reason, force: yes(force), dry_run: true }, shape: dryRunShape });

/** A change of a server: what is not named stays, or is filled in by the node. */
export interface ServerWish {
  readonly region?: string;
  readonly weight?: number;
  readonly host?: string;
}

/** Undefined: it was removed. */
const orderedServer = serverShape.extend({ repeated: z.boolean() }).optional();
const pathOfServer = ({ service, target }: OrderTarget) => `${pathOfServers(service)}/${encodeURIComponent(target)}`;

/** What a change of servers is, apart from how it is given. */
export type ServerChange =
  | { readonly kind: 'add'; readonly service: string; readonly body: ServerWish & { readonly address: string; readonly port: number } }
  | { readonly kind: 'set'; readonly target: OrderTarget; readonly body: ServerWish }
  | { readonly kind: 'remove'; readonly target: OrderTarget };

function requestOf(change: ServerChange) {
  switch (change.kind) {
    case 'add':
      return { method: 'POST', path: pathOfServers(change.service), body: change.body } as const;
    case 'set':
      return { method: 'PATCH', path: pathOfServer(change.target), body: change.body } as const;
    case 'remove':
      return { method: 'DELETE', path: pathOfServer(change.target) } as const;
    default:
      return assertNever(change);
  }
}

export interface ServerOrder extends OrderOptions {
  readonly reason?: string;
}

export const changeServer = (client: NodeClient, change: ServerChange, { key, force, reason }: ServerOrder) =>
  client.ask({ ...requestOf(change), query: { reason, force: yes(force) }, key, shape: orderedServer });

export const tryChangeServer = (client: NodeClient, change: ServerChange, { force, reason }: Omit<ServerOrder, 'key'>) =>
  client.ask({ ...requestOf(change), query: { reason, force: yes(force), dry_run: true }, shape: dryRunShape });
