/**
 * What people and tools demanded. Both authorities' words on a server are kept side by side, so that clearing one shows
 * the other again; which of them decides is `verdict.ts`'s business.
 */
import type { Actor, DataOf, EventOf } from '../events/event.ts';
import { type Deadlines, setDeadline } from './deadlines.ts';
import { entryOf, targetText } from './endpoint.ts';

export type Authority = DataOf<'override.set'>['authority'];

export interface Override extends DataOf<'override.set'> {
  readonly at: number;
  readonly position: number;
  readonly actor: Actor | undefined;
  /** The agent that spoke for its target when it was set; undefined: none, or several. */
  readonly agent: string | undefined;
}

/** service -> `authority target` -> override. */
export type Overrides = Map<string, Map<string, Override>>;

/** The key of an override among those of its service. */
export function overrideKey({ authority, address, port }: Pick<Override, 'authority' | 'address' | 'port'>): string {
  return keyOf(authority, address, port);
}

function keyOf(authority: Authority, address: string, port: number | null): string {
  return `${authority} ${targetText(address, port)}`;
}

export function evolveOverrides(
  overrides: Overrides,
  deadlines: Deadlines,
  event: EventOf<'override.set' | 'override.cleared'>,
  agent: string | undefined,
): void {
  const { service, authority, address, port } = event.data;
  const key = keyOf(authority, address, port);
  const until = event.type === 'override.set' ? event.data.until : null;
  if (event.type === 'override.cleared' || isOver(until, event.at)) {
    remove(overrides, service, key);
    setDeadline(deadlines, 'override-expires', `${service} ${key}`, null);
  } else {
    const { at, position, actor } = event;
    entryOf(overrides, service, () => new Map<string, Override>()).set(key, { ...event.data, at, position, actor, agent });
    setDeadline(deadlines, 'override-expires', `${service} ${key}`, until);
  }
}

/** An override that is over when it is set never was: else it would last until time next passes, which is not a fact. */
function isOver(until: number | null, at: number): boolean {
  return until !== null && until <= at;
}

/** The deadline `override-expires` fired: the service whose override ended. */
export function expireOverride(overrides: Overrides, deadlineKey: string): string {
  const space = deadlineKey.indexOf(' ');
  const service = deadlineKey.slice(0, space);
  remove(overrides, service, deadlineKey.slice(space + 1));
  return service;
}

/**
 * Another agent speaks for an address: what a person said about the host that was there does not hold for the one that is
 * there now. A tool's word stays; it is asked again by itself.
 */
export function endOverridesOfOthers(
  overrides: Overrides,
  deadlines: Deadlines,
  { service, address, port, agent }: { readonly service: string; readonly address: string; readonly port: number; readonly agent: string },
): void {
  for (const target of [port, null]) {
    const override = overrideOn(overrides, 'human', service, address, target);
    if (override?.agent === undefined || override.agent === agent) continue;
    const key = keyOf('human', address, target);
    remove(overrides, service, key);
    setDeadline(deadlines, 'override-expires', `${service} ${key}`, null);
  }
}

function remove(overrides: Overrides, service: string, key: string): void {
  const ofService = overrides.get(service);
  if (ofService?.delete(key) && ofService.size === 0) overrides.delete(service);
}

/** The override of that authority with exactly this target. */
export function overrideOn(
  overrides: Overrides,
  authority: Authority,
  service: string,
  address: string,
  port: number | null,
): Override | undefined {
  return overrides.get(service)?.get(keyOf(authority, address, port));
}

/** The override that decides about a server, if any: a person's before a tool's, one on its port before one on its address. */
export function decidingOverride(overrides: Overrides, service: string, address: string, port: number): Override | undefined {
  if (!overrides.has(service)) return undefined;
  return (
    overrideOn(overrides, 'human', service, address, port) ??
    overrideOn(overrides, 'human', service, address, null) ??
    overrideOn(overrides, 'tool', service, address, port) ??
    overrideOn(overrides, 'tool', service, address, null)
  );
}
