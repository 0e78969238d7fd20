/**
 * Who asks, what they may do, and how the log will name them for ever. A token says all three. Without tokens this
 * machine is trusted with everything and the rest of the allow-list with reading, so nobody changes anything from afar
 * unless somebody decided that they may.
 *
 *     tokens   asks from      Authorization       who                may
 *     none     this machine   not looked at       a person, local    everything
 *     none     elsewhere      not looked at       a person, remote   read
 *     some     anywhere       none                401 token-missing
 *     some     anywhere       any other           401 token-unknown
 *     some     anywhere       one of the tokens   the token's name   what its role says
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Configuration } from '../../events/catalogue/configuration.ts';
import type { Actor } from '../../events/event.ts';
import type { Authority } from '../../projections/overrides.ts';
import { isLoopback } from './allowed-networks.ts';
import { ApiError } from './errors.ts';

/** Each may do what the ones before it may: read; set overrides, drains and servers; reload the configuration. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** What a route asks of whoever asks it. `open`: nothing, not even the allow-list. */
export type Access = 'open' | Role;

export interface Identity {
  readonly actor: Actor;
  /** Whose word their overrides are. */
  readonly authority: Authority;
  readonly role: Role;
  /** Whether a token says who this is, and not only an address. */
  readonly byToken: boolean;
}

export type Token = Configuration['api']['tokens'][number];

/** Finds out who asks, from their address and their Authorization header. Throws where tokens are needed and none of them comes. */
export type Identify = (address: string, authorization: string | undefined) => Identity;

export function identifyBy(tokens: readonly Token[]): Identify {
  const known = tokens.map((token) => ({ ...token, digest: digestOf(Buffer.from(token.token, 'utf8')) }));
  return (address, authorization) => {
    if (known.length === 0) return byAddress(address);
    const presented = /^Bearer +(.*)$/i.exec(authorization ?? '')?.[1]?.trim();
    if (presented === undefined) throw new ApiError('token-missing', 'the request carries no token', `send one: ${howToSend}`);
    // Header bytes reach a program as Latin-1. Every token is compared, each in constant time, so that time tells nothing.
    const digest = digestOf(Buffer.from(presented, 'latin1'));
    const [token] = known.filter((candidate) => timingSafeEqual(candidate.digest, digest));
    if (token === undefined) throw new ApiError('token-unknown', 'the token is not known here', 'use one of api.tokens');
    const { name, kind, role } = token;
    return { actor: { kind, name, address }, authority: kind, role, byToken: true };
  };
}

const howToSend = 'Authorization: Bearer TOKEN';

function byAddress(address: string): Identity {
  const local = isLoopback(address);
  return {
    actor: { kind: 'human', name: local ? 'local' : 'remote', address },
    authority: 'human',
    role: local ? 'admin' : 'viewer',
    byToken: false,
  };
}

function digestOf(token: Buffer): Buffer {
  return createHash('sha256').update(token).digest();
}

/** As the log names them. `source` is what they call themselves: it gives no rights, and a token's name goes before it. */
export function actorOf({ actor, byToken }: Identity, source: string | undefined): Actor {
  return byToken || source === undefined ? actor : { ...actor, name: source };
}

/** Why this is not theirs to ask for; undefined where it is. */
export function roleProblem({ actor, role, byToken }: Identity, needed: Role): ApiError | undefined {
  if (roles.indexOf(role) >= roles.indexOf(needed)) return undefined;
  if (byToken) {
    const error = `this needs the role ${needed}, and the token ${actor.name} has ${role}`;
    return new ApiError('role-insufficient', error, `use a token whose role is ${needed}${needed === 'admin' ? '' : ' or higher'}`);
  }
  return new ApiError(
    'tokens-needed',
    'there are no tokens, so other machines may only read',
    `set api.tokens and send one of them (${howToSend}), or ask from this machine`,
  );
}
