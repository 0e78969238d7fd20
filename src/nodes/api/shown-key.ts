/** How keys of zones are shown: public parts only, under the names of the original, with how far their rotation is. */
import { z } from 'zod';
import { keyStages } from '../../events/catalogue/keys.ts';
import { keyFlags, keysOf, stepOfZone, successorOf, type ZoneKey } from '../../projections/keys.ts';
import { dnskeyTtlSecondsOf } from '../../projections/record-ttls.ts';
import type { State } from '../../projections/state.ts';
import { dsRecordOf, dsText } from '../dns/keys/public-records.ts';
import type { RouteContext } from './route-context.ts';
import { time, timeText } from './shapes.ts';

const keyTag = z.int().describe('The checksum by which signatures and DS records name the key.');
const algorithm = z.int().describe('13: ECDSA P-256 with SHA-256. 14: ECDSA P-384 with SHA-384.');
const stage = z.enum(keyStages);

export const keyShape = z.strictObject({
  zone: z.string(),
  key_tag: keyTag,
  algorithm,
  flags: z.literal(keyFlags),
  public_key: z.string().describe('As the DNSKEY record has it, in base64.'),
  created_at: time,
  age_seconds: z.number(),
  node_id: z.string().describe('Who made it: this node, or the peer that it came from.'),
  can_sign: z.boolean().describe('Whether its private key is here.'),
  stage: stage.describe('How far it is; `active` signs.'),
  since: time,
  until: time.nullable().describe('When time lets the stage end; null: time does not.'),
  successor_of: z.int().nullable(),
});

export function shownKey({ log, keys, clock }: RouteContext, key: ZoneKey): z.output<typeof keyShape> {
  const { zone, keyTag: tag, createdAt, from, since, until } = key;
  return {
    ...{ zone, key_tag: tag, algorithm: key.algorithm, flags: keyFlags, public_key: key.publicKey },
    ...{ created_at: timeText(createdAt), age_seconds: Math.max(0, clock.now() - createdAt) / 1_000 },
    ...{ node_id: from === 'this node' ? log.node : from, can_sign: keys?.canSign(key) === true },
    ...{ stage: key.stage, since: timeText(since), until: until === null ? null : timeText(until), successor_of: key.successorOf },
  };
}

export const dsShape = z.strictObject({
  zone: z.string(),
  key_tag: keyTag,
  algorithm,
  digest_type: z.literal(2),
  digest: z.string(),
  ds_record: z.string().describe('As a parent takes it.'),
  created_at: time.describe('When its key was made.'),
  stage: stage.describe('`active`, or of a successor `announced` or `trusted`.'),
});

/** What the parent is to have: the DS of the key that signs, and of one that is to, once every resolver may know it. */
export function shownDs(keys: readonly ZoneKey[]): z.output<typeof dsShape>[] {
  const wanted = keys.filter(({ stage: at }) => at !== 'published' && at !== 'retiring');
  return wanted.map((key) => {
    const { keyTag: tag, digest } = dsRecordOf(key, 2);
    return {
      ...{ zone: key.zone, key_tag: tag, algorithm: key.algorithm, digest_type: 2, digest: digest.toUpperCase() },
      ...{ ds_record: dsText(key), created_at: timeText(key.createdAt), stage: key.stage },
    };
  });
}

export const zoneShape = z.strictObject({
  zone: z.string(),
  signed: z.boolean(),
  signs: z.int().nullable().describe('Tag of the key that signs the records; null: there is none yet.'),
  successor: z.int().nullable().describe('Tag of the key that is to take over; null: no rotation is going on, or it has taken over.'),
  dnskey_ttl_seconds: z.int().describe('TTL of its DNSKEY, as the configuration in force has it.'),
  waits_for: z
    .enum(['key', 'rotate', 'announced', 'ask-parent', 'active', 'remove'])
    .nullable()
    .describe('The next step; null: there is none.'),
  until: time.nullable().describe('When that is due; null: not by time.'),
  parent: z
    .strictObject({ verdict: z.enum(['shown', 'waits', 'failed']), message: z.string(), at: time })
    .nullable()
    .describe('The newest look at the parent of a zone whose new key is announced.'),
  held_up_by: z.string().nullable().describe('Which peer would be left behind by a step that is due; null: none.'),
});

export function shownZone({ engine, keys }: RouteContext, zone: string): z.output<typeof zoneShape> {
  const its = keysOf(engine.state, zone);
  const next = stepOfZone(engine.state, zone);
  const look = keys?.lastLook(zone);
  const signing = keys?.signingOf(zone);
  return {
    ...{ zone, signed: signing !== undefined, signs: signing?.dataKey.keyTag ?? null, successor: successorOf(its)?.keyTag ?? null },
    dnskey_ttl_seconds: engine.state.configuration === undefined ? 0 : dnskeyTtlSecondsOf(engine.state.configuration.configuration),
    waits_for: its.length === 0 ? 'key' : (next?.step ?? null),
    until: next === undefined || next.step === 'ask-parent' ? null : timeText(next.at),
    parent: look === undefined ? null : { verdict: look.verdict, message: look.found, at: timeText(look.at) },
    held_up_by: keys?.heldUpBy(zone) ?? null,
  };
}

/** The zones that are to be signed. */
export function zonesOf({ configuration }: State): readonly string[] {
  return configuration?.configuration.overwatch.dnssec.enabled ? [...configuration.zones] : [];
}
