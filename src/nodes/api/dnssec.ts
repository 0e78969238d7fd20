/**
 * The keys that zones are signed with, under the paths of the original: their DS for the parent, how far a rotation is, and
 * what an operator may do about it. Public parts only: no answer ever holds a private key.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isRefusal } from '../../commands/command.ts';
import { domainName } from '../../events/catalogue/scalars.ts';
import { keysOf } from '../../projections/keys.ts';
import type { Round } from '../dns/key-sync/key-sync.ts';
import { keySyncLimits } from '../dns/key-sync/limits.ts';
import type { Keys } from '../dns/keys/keys.ts';
import { keyLimits } from '../dns/keys/limits.ts';
import { identityOf } from './door.ts';
import { ApiError, refusalError } from './errors.ts';
import { carryOut, orderHeaders, orderOf, reasonText } from './orders.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, flag, noQuery, reads, reloads, time, timeText } from './shapes.ts';
import { dsShape, keyShape, shownDs, shownKey, shownZone, zoneShape, zonesOf } from './shown-key.ts';

const enabled = z.boolean().describe('Whether answers are signed, whatever the configuration asks for.');
const message = z.string().optional().describe('Why they are not.');
const zone = domainName.describe('A zone that is signed.');
const ofOneZone = z.strictObject({ zone: zone.optional().describe('Left out: every zone.') });

const dsAnswer = z.strictObject({ enabled, message, ds_records: z.array(dsShape), generated_at: time });
const keysAnswer = z.strictObject({ enabled, message, keys: z.array(keyShape), generated_at: time });
const syncShape = z.strictObject({
  running: z.boolean().describe('Whether there are peers that are asked.'),
  poll_interval: z.string(),
  fingerprint: z.string().nullable().describe("Of this node's certificate, for the peers that name it; null: it shares keys with nobody."),
  port: z.int().nullable().describe('Where peers ask this node; null: they cannot.'),
  peers: z.array(
    z.strictObject({
      peer: z.string().describe('Its URL.'),
      fingerprint: z.string().nullable(),
      last_sync: time.nullable().describe('When it was last asked.'),
      last_success: time.nullable().describe('When it last answered all that it was asked.'),
      last_error: z.string().nullable().describe('Why the newest attempt failed; null: it did not.'),
      refused_keys: z.int().describe('How often it had a key that has nothing to do with the one here, since the start.'),
    }),
  ),
});
const statusAnswer = z.strictObject({
  ...{ enabled, message, zones: z.array(zoneShape), keys: z.array(keyShape), sync: syncShape.optional(), generated_at: time },
});
const done = z.strictObject({ success: z.literal(true), message: z.string(), repeated: z.boolean() });
const changeAnswer = z.strictObject({ ...zoneShape.shape, keys: z.array(keyShape), repeated: z.boolean() });

const zoneBody = z.strictObject({ zone });
const dsSeenBody = z.strictObject({
  zone,
  key_tag: z.int().min(0).max(65_535).optional().describe('Of the key whose DS it is. Left out: whichever is announced.'),
  ds_ttl_seconds: z
    .int()
    .min(0)
    .max(604_800)
    .default(keyLimits.dsTtlSecondsDefault)
    .describe('The TTL that the parent gives its DS records: for so long resolvers may keep the old ones.'),
});
const reasonBody = z.strictObject({ zone, reason: reasonText });
const forceQuery = z.strictObject({ force: flag.describe('Even where the parent may have taken the new DS up already.') });

export function dnssecRoutes(api: Api, context: RouteContext): void {
  readRoutes(api, context);
  changeRoutes(api, context);
}

function readRoutes(api: Api, context: RouteContext): void {
  const { state } = context.engine;
  const { generatedAt } = context;
  const wanted = (name: string | undefined) => (name === undefined ? [...state.keys.keys()] : [knownZone(context, name)]);
  const shown = (zones: readonly string[]) => zones.flatMap((name) => keysOf(state, name).map((key) => shownKey(context, key)));

  const dsSchema = { querystring: ofOneZone, response: answering(dsAnswer) };
  api.get('/dnssec/ds', { config: reads, schema: dsSchema }, ({ query }) => ({
    ...enabledOf(context),
    ds_records: wanted(query.zone).flatMap((name) => shownDs(keysOf(state, name))),
    generated_at: generatedAt(),
  }));

  const keysSchema = { querystring: ofOneZone, response: answering(keysAnswer) };
  api.get('/dnssec/keys', { config: reads, schema: keysSchema }, ({ query }) => ({
    ...{ ...enabledOf(context), keys: shown(wanted(query.zone)), generated_at: generatedAt() },
  }));

  const statusSchema = { querystring: noQuery, response: answering(statusAnswer) };
  api.get('/dnssec/status', { config: reads, schema: statusSchema }, () => {
    const sync = state.configuration?.configuration.overwatch.dnssec.key_sync;
    return {
      ...enabledOf(context),
      zones: zonesOf(state).map((name) => shownZone(context, name)),
      keys: shown([...state.keys.keys()]),
      ...(sync !== undefined && { sync: shownSync(context, sync.poll_interval) }),
      generated_at: generatedAt(),
    };
  });
}

function changeRoutes(api: Api, context: RouteContext): void {
  const { engine } = context;
  const after = (name: string, repeated: boolean) => ({
    ...shownZone(context, name),
    ...{ keys: keysOf(engine.state, name).map((key) => shownKey(context, key)), repeated },
  });

  const rotateSchema = { querystring: noQuery, headers: orderHeaders, body: zoneBody, response: answering(changeAnswer) };
  api.post('/dnssec/rotate', { config: reloads, schema: rotateSchema }, async (request) => {
    const outcome = await keysHere(context).rotate(request.body.zone, identityOf(request).actor, request.headers['idempotency-key']);
    if (isRefusal(outcome)) throw refusalError(outcome);
    return after(request.body.zone, outcome.repeated);
  });

  const dsSeenSchema = { querystring: noQuery, headers: orderHeaders, body: dsSeenBody, response: answering(changeAnswer) };
  api.post('/dnssec/ds-seen', { config: reloads, schema: dsSeenSchema }, async (request) => {
    const { zone: name, key_tag: keyTag = null, ds_ttl_seconds: dsTtlSeconds } = request.body;
    const { actor } = identityOf(request);
    const evidence = `${actor.name} says that the parent shows its DS`.slice(0, 2_000);
    const command = { kind: 'confirmDs', zone: name, keyTag, dsTtlSeconds, evidence } as const;
    const { repeated } = await carryOut(engine, orderOf(actor, request.headers['idempotency-key'], command));
    return after(name, repeated);
  });

  const abortSchema = { querystring: forceQuery, headers: orderHeaders, body: reasonBody, response: answering(changeAnswer) };
  api.post('/dnssec/abort', { config: reloads, schema: abortSchema }, async (request) => {
    const command = { kind: 'abortRotation', ...request.body, force: request.query.force } as const;
    const { repeated } = await carryOut(engine, orderOf(identityOf(request).actor, request.headers['idempotency-key'], command));
    return after(request.body.zone, repeated);
  });

  const removeSchema = { querystring: noQuery, headers: orderHeaders, body: reasonBody, response: answering(done) };
  api.post('/dnssec/remove', { config: reloads, schema: removeSchema }, async (request) => {
    const command = { kind: 'removeZoneKeys', ...request.body } as const;
    const { repeated } = await carryOut(engine, orderOf(identityOf(request).actor, request.headers['idempotency-key'], command));
    return { success: true as const, message: `the keys of ${request.body.zone} are gone, and its private keys with them`, repeated };
  });

  api.post('/dnssec/sync', { config: reloads, schema: { querystring: noQuery, response: answering(done) } }, async () => {
    const { keySync } = context;
    if (keySync === undefined || keySync.peers().length === 0)
      throw new ApiError('no-peers', 'this node shares its keys with nobody', 'name its peers in overwatch.dnssec.key_sync.peers');
    const limit = new AbortController();
    const round = await Promise.race([keySync.syncNow(), afterwards(keySyncLimits.askedNowMsMax, limit.signal)]);
    limit.abort();
    return { success: true as const, message: roundWords(round), repeated: false };
  });
}

/** Resolves to nothing, so that who asked is told to look again. */
async function afterwards(ms: number, signal: AbortSignal): Promise<undefined> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
  return undefined;
}

function roundWords(round: Round | undefined): string {
  if (round === undefined) return 'peers are being asked; GET /api/v1/dnssec/status says what came of it';
  const { asked, taken, failures } = round;
  const words = `${asked} ${asked === 1 ? 'peer was' : 'peers were'} asked, and ${taken} ${taken === 1 ? 'key was' : 'keys were'} taken over`;
  return failures.length === 0 ? words : `${words}; nothing was learned from ${failures.join('; ')}`;
}

function shownSync({ keySync }: RouteContext, interval: string): z.output<typeof syncShape> {
  const peers = keySync?.peers() ?? [];
  return {
    ...{ running: peers.length > 0, poll_interval: interval, fingerprint: keySync?.fingerprint() ?? null, port: keySync?.port ?? null },
    peers: peers.map(({ url, fingerprint = null, lastSync, lastSuccess, lastError, refusedKeys }) => ({
      ...{ peer: url, fingerprint, last_sync: orNull(lastSync), last_success: orNull(lastSuccess), last_error: lastError },
      refused_keys: refusedKeys,
    })),
  };
}

const orNull = (at: number | null) => (at === null ? null : timeText(at));

function keysHere({ keys }: RouteContext): Keys {
  if (keys !== undefined) return keys;
  throw new ApiError('not-available', 'this node keeps no keys: its DNS answers are not signed', 'start it as an overwatch with DNSSEC');
}

function knownZone(context: RouteContext, name: string): string {
  const { state } = context.engine;
  if (state.keys.has(name) || zonesOf(state).includes(name)) return name;
  const remedy = 'GET /api/v1/dnssec/status lists the zones that are signed';
  throw new ApiError('unknown-zone', `${name} is no zone that this node signs`, remedy);
}

/**
 *     keys are kept   the configuration says   zones without a key   enabled   message
 *     no              anything                 -                     no        this node signs nothing
 *     yes             off                      -                     no        it is switched off
 *     yes             on                       some                  yes       which of them wait
 *     yes             on                       none                  yes       -
 */
function enabledOf({ engine, keys }: RouteContext): { readonly enabled: boolean; readonly message?: string } {
  if (keys === undefined) return { enabled: false, message: 'DNS answers are not signed: this version has no DNSSEC' };
  if (engine.state.configuration?.configuration.overwatch.dnssec.enabled !== true)
    return { enabled: false, message: 'DNS answers are not signed: overwatch.dnssec.enabled is false' };
  const waiting = keys.waiting();
  if (waiting.length === 0) return { enabled: true };
  const names = `${waiting.slice(0, 5).join(', ')}${waiting.length > 5 ? `, and ${waiting.length - 5} more` : ''}`;
  return { enabled: true, message: `without a key yet: ${names}` };
}
