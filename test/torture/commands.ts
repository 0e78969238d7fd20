/**
 * What the clients of a campaign ask, and what each of it means for the one server that it is about. A client asks only
 * what changes something and what nobody refuses, so that every command that is carried out is exactly one fact.
 *
 *     the server is    there is          asked is one of
 *     registered       no override       update, deregister, set
 *     registered       an override       update, deregister, set, clear
 *     not registered   no override       register
 *     not registered   an override       register, clear
 */
import type { Draws } from './chance.ts';

export interface Target {
  readonly service: string;
  readonly address: string;
  readonly port: number;
}

export const targetText = ({ service, address, port }: Target): string => `${service}/${address}:${port}`;

/** What is known of one server. `health`: whether it was checked, and found up, before the last quiet moment. */
export interface Held {
  readonly weight: number | undefined;
  readonly override: { readonly action: 'up' | 'down' | 'drain'; readonly reason: string } | undefined;
  readonly health: 'up' | 'unknown';
}

export const nothingHeld: Held = { weight: undefined, override: undefined, health: 'unknown' };

export interface Command {
  readonly key: string;
  readonly target: Target;
  readonly method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** The fact that it becomes. */
  readonly fact: 'server.registered' | 'server.updated' | 'server.deregistered' | 'override.set' | 'override.cleared';
  readonly effect: (held: Held) => Held;
}

export function nextCommand(target: Target, held: Held, key: string, draws: Draws): Command {
  const isRegistered = held.weight !== undefined;
  const choices = [
    ...(isRegistered ? [update, update, deregister, set, set] : [register, register]),
    ...(held.override === undefined ? [] : [clear]),
  ];
  return { key, target, ...draws.pick(choices)(target, held, key, draws) };
}

type Made = Omit<Command, 'key' | 'target'>;
type Make = (target: Target, held: Held, key: string, draws: Draws) => Made;

const serverPath = ({ service, address, port }: Target) => `/services/${service}/servers/${address}:${port}`;
const overridePath = ({ service, address, port }: Target) => `/overrides/${service}/${address}:${port}`;

const register: Make = (target, _held, _key, draws) => {
  const weight = 1 + draws.whole(1000);
  const { service, address, port } = target;
  return {
    ...{ method: 'POST', path: `/services/${service}/servers`, body: { address, port, weight }, fact: 'server.registered' },
    effect: (held) => ({ ...held, weight, health: 'unknown' }),
  };
};

const update: Make = (target, held, _key, draws) => {
  // Another one than it has: what is so already is no fact.
  const weight = 1 + (((held.weight ?? 0) + draws.whole(999)) % 1000);
  return { method: 'PATCH', path: serverPath(target), body: { weight }, fact: 'server.updated', effect: (was) => ({ ...was, weight }) };
};

const deregister: Make = (target) => ({
  ...{ method: 'DELETE', path: serverPath(target), fact: 'server.deregistered' },
  effect: (held) => ({ ...held, weight: undefined, health: 'unknown' }),
});

const set: Make = (target, _held, key, draws) => {
  const override = { action: draws.pick(['up', 'down', 'drain'] as const), reason: `asked by ${key}` };
  return { method: 'PUT', path: overridePath(target), body: override, fact: 'override.set', effect: (held) => ({ ...held, override }) };
};

const clear: Make = (target) => ({
  ...{ method: 'DELETE', path: overridePath(target), fact: 'override.cleared' },
  effect: (held) => ({ ...held, override: undefined }),
});

/**
 * Whether DNS answers with the server, as far as what was acknowledged determines it (another one is always fit):
 *
 *     registered   override     found up before    answered
 *     no           any          -                  no
 *     yes          up           -                  yes
 *     yes          down/drain   -                  no
 *     yes          none         yes                yes
 *     yes          none         not known          either, until it is checked
 */
export function isAnswered({ weight, override, health }: Held): boolean | undefined {
  if (weight === undefined) return false;
  if (override !== undefined) return override.action === 'up';
  return health === 'up' ? true : undefined;
}
