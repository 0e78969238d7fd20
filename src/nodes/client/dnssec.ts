/** What the command line asks about the keys of zones, and the orders that it gives about them. */
import { z } from 'zod';
import type { NodeClient } from './client.ts';

const moment = z.string();
const keyTag = z.number();

const keyShape = z.looseObject({
  ...{ zone: z.string(), key_tag: keyTag, algorithm: z.number(), created_at: moment, age_seconds: z.number(), node_id: z.string() },
  ...{ can_sign: z.boolean(), stage: z.string(), since: moment, until: moment.nullable(), successor_of: keyTag.nullable() },
});
export type ShownKey = z.output<typeof keyShape>;

const zoneShape = z.looseObject({
  ...{ zone: z.string(), signed: z.boolean(), signs: keyTag.nullable(), successor: keyTag.nullable() },
  ...{ waits_for: z.string().nullable(), until: moment.nullable() },
  parent: z.looseObject({ verdict: z.string(), message: z.string(), at: moment }).nullable(),
  held_up_by: z.string().nullable(),
  /** A node of an older version does not say. */
  dnskey_ttl_seconds: z.number().optional(),
});
export type ShownZone = z.output<typeof zoneShape>;

const enabled = { enabled: z.boolean(), message: z.string().optional() };
const dsRecord = z.looseObject({ zone: z.string(), key_tag: keyTag, ds_record: z.string(), stage: z.string() });
const dsShape = z.looseObject({ ...enabled, ds_records: z.array(dsRecord) });
const keysShape = z.looseObject({ ...enabled, keys: z.array(keyShape) });
const syncShape = z.looseObject({ fingerprint: z.string().nullable() });
const statusShape = z.looseObject({ ...enabled, zones: z.array(zoneShape), keys: z.array(keyShape), sync: syncShape.optional() });
export type DnssecStatus = z.output<typeof statusShape>;
const changedShape = zoneShape.extend({ keys: z.array(keyShape), repeated: z.boolean() });
export type ChangedZone = z.output<typeof changedShape>;

export const dsOf = (client: NodeClient, zone: string | undefined) => client.ask({ path: '/dnssec/ds', query: { zone }, shape: dsShape });

export const zoneKeysOf = (client: NodeClient, zone: string | undefined) =>
  client.ask({ path: '/dnssec/keys', query: { zone }, shape: keysShape });

export const dnssecStatusOf = (client: NodeClient) => client.ask({ path: '/dnssec/status', shape: statusShape });

export const rotateZone = (client: NodeClient, zone: string, key: string) =>
  client.ask({ method: 'POST', path: '/dnssec/rotate', body: { zone }, key, shape: changedShape });

export interface DsSeen {
  readonly zone: string;
  readonly key_tag?: number;
  readonly ds_ttl_seconds?: number;
}

export const confirmDs = (client: NodeClient, body: DsSeen, key: string) =>
  client.ask({ method: 'POST', path: '/dnssec/ds-seen', body, key, shape: changedShape });

export const abortRotation = (client: NodeClient, body: { readonly zone: string; readonly reason: string }, key: string, force: boolean) =>
  client.ask({ method: 'POST', path: '/dnssec/abort', query: { force: force ? true : undefined }, body, key, shape: changedShape });

export const forgetZoneKeys = (client: NodeClient, body: { readonly zone: string; readonly reason: string }, key: string) =>
  client.ask({ method: 'POST', path: '/dnssec/remove', body, key, shape: z.looseObject({ message: z.string() }) });

export const syncKeys = (client: NodeClient) =>
  client.ask({ method: 'POST', path: '/dnssec/sync', shape: z.looseObject({ message: z.string() }) });
