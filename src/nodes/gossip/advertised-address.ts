/**
 * Where others find this member, which it must know before it says a word. Refuses to guess where a machine has no private
 * address: a public one is told only on purpose.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { ListenAddress } from '../listen-address.ts';
import type { Address } from './address.ts';
import { GossipError } from './gossip-error.ts';
import { plainAddress } from './socket-address.ts';

const usualPort = 7946;

/**
 * | advertise  | bound to       | this machine has        | address                 |
 * |------------|----------------|-------------------------|-------------------------|
 * | given      | any            | any                     | what it resolves to     |
 * | not given  | one address    | any                     | that one                |
 * | not given  | all addresses  | a private address       | the first of them       |
 * | not given  | all addresses  | none                    | none: start fails       |
 *
 * Port 0 is left for the port that it is bound to.
 */
export async function advertisedAddress(
  advertise: string | undefined,
  bind: ListenAddress,
  interfaces: () => readonly string[] = ownAddresses,
): Promise<Address> {
  if (advertise !== undefined) {
    const [first] = await resolveAddress(advertise, 0);
    if (first !== undefined) return first;
  } else if (!['', '0.0.0.0', '::'].includes(bind.host)) return { address: plainAddress(bind.host), port: 0 };
  else {
    const own = interfaces().find((address) => isPrivate(address) && (bind.host !== '0.0.0.0' || isIP(address) === 4));
    if (own !== undefined) return { address: own, port: 0 };
  }
  throw new GossipError(
    'gossip-no-address',
    'gossip cannot start: this machine has no private address at which others could find it',
    'set gossip.advertise_address to the address and port at which the other members reach it',
  );
}

function ownAddresses(): readonly string[] {
  const all = Object.values(networkInterfaces()).flatMap((of) => of ?? []);
  const outside = all.filter(({ internal, address }) => !internal && !address.includes('%'));
  // IPv4 first: a cluster that has both can reach it from everywhere.
  return [...outside.filter(({ family }) => family === 'IPv4'), ...outside.filter(({ family }) => family !== 'IPv4')].map(({ address }) =>
    plainAddress(address),
  );
}

function isPrivate(address: string): boolean {
  return ['private', 'uniqueLocal', 'carrierGradeNat'].includes(ipaddr.parse(address).range());
}

/** Where `host:port` or `host` is: every address of a name. Throws a sentence where it is no such text or has no address. */
export async function resolveAddress(text: string, portElse = usualPort): Promise<readonly Address[]> {
  const parsed = hostAndPort(text, portElse);
  if (parsed === undefined)
    throw new GossipError('gossip-address-invalid', `"${text}" is no address of a member`, 'write it as host:port, such as 192.0.2.7:7946');
  const { host, port } = parsed;
  if (isIP(host) !== 0) return [{ address: plainAddress(host), port }];
  try {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => ({ address: plainAddress(address), port }));
  } catch (cause) {
    throw new GossipError(
      'gossip-name-unresolved',
      `the name ${host} has no address`,
      'check its spelling and that DNS works here, or write its address instead',
      cause,
    );
  }
}

/** `host:port`, `host`, `[v6]:port`, `v6`. */
function hostAndPort(text: string, portElse: number): { readonly host: string; readonly port: number } | undefined {
  if (isIP(text) !== 0) return { host: text, port: portElse };
  const match = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? portElse : Number(match[3]);
  if (host === undefined || port > 65_535) return undefined;
  return match?.[1] !== undefined && isIP(host) !== 6 ? undefined : { host, port };
}
