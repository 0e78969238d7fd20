/**
 * Everything that the folds hold, as one fact, and back. The table has a section for each field of the state but for
 * those that follow from the rest; a field without one does not compile, so nothing can be forgotten here that a log
 * without its beginning would miss. Facts are never changed and folds are, so what folding changes in place is copied
 * on the way in and on the way out.
 */
import type { DataOf, EventOf } from '../events/event.ts';
import { backendKey, type StandingClaims } from './claims.ts';
import { configurationInForce } from './configuration.ts';
import { endpointText, entryOf } from './endpoint.ts';
import type { BackendHealth } from './health.ts';
import type { ZoneKey } from './keys.ts';
import { type Override, overrideKey } from './overrides.ts';
import { setPendingDeadlines } from './pending-deadlines.ts';
import { nothingKept } from './record-ttls.ts';
import { allServers, registryOf, type Server } from './registry.ts';
import type { State } from './state.ts';

type Data = DataOf<'log.checkpoint'>;
/** What the event itself says (position and moment), and what is derived, has no section. */
type Restated = Omit<State, 'position' | 'at' | 'checkpoint' | 'deadlines'>;

interface Section<Fold, Restatement> {
  restate(fold: Fold): Restatement;
  restore(restatement: Restatement): Fold;
}

const sections: { readonly [Field in keyof Restated]: Section<Restated[Field], Data[Field]> } = {
  configuration: {
    restate(inForce) {
      if (inForce === undefined) return null;
      const { position, at, digest, configuration } = inForce;
      return { position, at, digest, configuration };
    },
    restore: (restated) => (restated === null ? undefined : configurationInForce(restated)),
  },
  keptUntil: { restate: (kept) => ({ ...kept }), restore: (kept) => kept ?? nothingKept },
  registry: {
    restate: (registry) => allServers(registry).map(restatedServer),
    restore: (servers) => registryOf(servers.map(restoredServer)),
  },
  health: {
    restate: (health) => flat(health).map(copiedHealth),
    restore: (backends) =>
      byService(backends, ({ last: { service, address, port } }) => [service, endpointText(address, port)], copiedHealth),
  },
  overrides: {
    restate: (overrides) =>
      flat(overrides).map(({ actor, agent, ...rest }) => ({
        ...rest,
        ...(actor !== undefined && { actor }),
        ...(agent !== undefined && { agent }),
      })),
    restore: (overrides) =>
      byService(
        overrides,
        (override) => [override.service, overrideKey(override)],
        ({ actor, agent, ...rest }): Override => ({ ...rest, actor, agent }),
      ),
  },
  requests: {
    restate: (requests) => Array.from(requests, ([key, request]) => ({ key, ...request })),
    restore: (requests) => new Map(requests.map(({ key, ...request }) => [key, request])),
  },
  standings: {
    restate: (standings) =>
      Array.from(standings, ([service, { lastFit, holder, dueAt }]) => {
        return { service, lastFit: { A: [...lastFit.A], AAAA: [...lastFit.AAAA] }, holder, dueAt };
      }),
    restore: (standings) => new Map(standings.map(({ service, ...standing }) => [service, standing])),
  },
  changedAt: {
    restate: (changedAt) => Array.from(changedAt, ([service, at]) => ({ service, at })),
    restore: (moments) => new Map(moments.map(({ service, at }) => [service, at])),
  },
  livedAt: { restate: (livedAt) => livedAt, restore: (livedAt) => livedAt ?? 0 },
  trust: {
    restate: (trust) => Array.from(trust.values(), (pin) => ({ ...pin, services: [...pin.services], past: [...pin.past] })),
    restore: (pins) => new Map(pins?.map((pin) => [pin.agent, { ...pin }])),
  },
  liveness: {
    restate: (livenesses) => Array.from(livenesses, ([agent, liveness]) => ({ agent, ...liveness })),
    restore: (livenesses) => new Map(livenesses?.map(({ agent, ...liveness }) => [agent, liveness])),
  },
  claims: {
    restate: (claims) =>
      Array.from(claims, ([agent, { backends, predictive, ...rest }]) => {
        return { agent, ...rest, ...(predictive !== undefined && { predictive }), backends: [...backends.values()] };
      }),
    restore: (claims) => new Map(claims?.map(({ agent, ...restated }) => [agent, restoredClaims(restated)])),
  },
  agentDrains: {
    restate: (drains) =>
      [...drains].flatMap(([service, ofService]) => Array.from(ofService, ([endpoint, drain]) => ({ service, endpoint, ...drain }))),
    restore: (drains) =>
      byService(
        drains ?? [],
        ({ service, endpoint }) => [service, endpoint],
        ({ service: _its, endpoint: _own, ...drain }) => drain,
      ),
  },
  bleeds: {
    restate: (bleeds) => Array.from(bleeds, ([agent, bleed]) => ({ agent, ...bleed, bad: [...bleed.bad] })),
    restore: (bleeds) => new Map(bleeds?.map(({ agent, ...bleed }) => [agent, bleed])),
  },
  keys: {
    restate: (keys) => [...keys.values()].flat().map((key) => ({ ...key })),
    restore: (keys) => {
      const byZone = new Map<string, ZoneKey[]>();
      for (const key of keys ?? []) entryOf(byZone, key.zone, () => []).push(key);
      return byZone;
    },
  },
  geoMappings: {
    restate: (mappings) => mappings.map((mapping) => ({ ...mapping })),
    restore: (mappings) => mappings ?? [],
  },
};

function restoredClaims({ predictive, backends, ...rest }: Omit<NonNullable<Data['claims']>[number], 'agent'>): StandingClaims {
  return { ...rest, predictive, backends: new Map(backends.map((backend) => [backendKey(backend), backend])) };
}

function restatedServer({ host, healthCheck, agent, ...server }: Server): Data['registry'][number] {
  return {
    ...server,
    ...(host !== undefined && { host }),
    ...(healthCheck !== undefined && { health_check: healthCheck }),
    ...(agent !== undefined && { agent }),
  };
}

function restoredServer({ host, health_check: healthCheck, agent, ...server }: Data['registry'][number]): Server {
  return { ...server, host, healthCheck, agent };
}

function copiedHealth(health: BackendHealth): BackendHealth & Data['health'][number] {
  return { ...health, decidedBy: [...health.decidedBy], against: [...health.against] };
}

/** The entries of maps in a map, in their order. */
function flat<V>(maps: ReadonlyMap<string, ReadonlyMap<string, V>>): V[] {
  return [...maps.values()].flatMap((map) => [...map.values()]);
}

/** Maps in a map, filled in the order of the list. */
function byService<E, V>(
  entries: readonly E[],
  keysOf: (entry: E) => readonly [service: string, key: string],
  restored: (entry: E) => V,
): Map<string, Map<string, V>> {
  const maps = new Map<string, Map<string, V>>();
  for (const entry of entries) {
    const [service, key] = keysOf(entry);
    entryOf(maps, service, () => new Map<string, V>()).set(key, restored(entry));
  }
  return maps;
}

/** The state as a fact. Folding it in leaves every answer, deadline and explanation as it was. */
export function checkpointOf(state: State): Data {
  const restated = Object.entries(sections).map(([field, { restate }]) => [field, restate(state[field as keyof Restated] as never)]);
  return { previous: state.checkpoint ?? null, ...Object.fromEntries(restated) };
}

/** Whatever the state held, it holds what was restated and nothing else. */
export function evolveCheckpoint(state: State, { data, position, at }: EventOf<'log.checkpoint'>): void {
  for (const [name, { restore }] of Object.entries(sections)) {
    const field = name as keyof Restated;
    const restored = restore(data[field] as never);
    if (state[field] instanceof Map) refill(state[field] as Map<unknown, unknown>, restored as Map<unknown, unknown>);
    else Object.assign(state, { [field]: restored });
  }
  state.checkpoint = { position, at };
  setPendingDeadlines(state);
}

function refill<K, V>(map: Map<K, V>, entries: ReadonlyMap<K, V>): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
