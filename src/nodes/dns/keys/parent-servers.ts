/**
 * Which servers are to be asked for the DS of a zone: those that the configuration names for the parent, or those that
 * the system's resolver finds: the closest zone above that has nameservers, and every address of each of them.
 */
import { isIP } from 'node:net';
import type { Configuration } from '../../../events/catalogue/configuration.ts';
import type { DsServer } from './ask-ds.ts';
import { keyLimits } from './limits.ts';

/** What is asked of a resolver: of `node:dns/promises` and of every `Resolver` of it. */
export interface ParentResolver {
  resolveNs(name: string): Promise<string[]>;
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
}

/** One nameserver, by all its addresses. */
export interface ParentServer {
  readonly name: string;
  readonly addresses: readonly DsServer[];
}

export interface Parent {
  /** `.`: the root. */
  readonly zone: string;
  readonly servers: readonly ParentServer[];
}

const dnsPort = 53;
type ConfiguredParents = Configuration['overwatch']['dnssec']['parents'];

/** Rejects with an error that says what could not be found. */
export async function findParent(zone: string, configured: ConfiguredParents, resolver: ParentResolver): Promise<Parent> {
  const named = closestAbove(zone, configured ?? []);
  if (named !== undefined) {
    const servers = await Promise.all(named.servers.map((server) => configuredServer(server, resolver)));
    return { zone: named.zone, servers };
  }
  for (const candidate of namesAbove(zone)) {
    const names = await orNone(resolver.resolveNs(candidate));
    if (names.length === 0) continue;
    if (names.length > keyLimits.serversMax) throw new Error(`${candidate} has ${names.length} nameservers, more than are asked`);
    const servers = await Promise.all(names.map(async (name) => ({ name, addresses: await addressesOf(name, dnsPort, resolver) })));
    return { zone: candidate, servers };
  }
  throw new Error(`no nameservers were found for any zone above ${zone}`);
}

/** `b.example.com` for `a.b.example.com`, then `example.com`, `com` and the root. */
function namesAbove(zone: string): readonly string[] {
  const labels = zone.split('.');
  return labels.map((_label, index) => labels.slice(index + 1).join('.') || '.');
}

function closestAbove(zone: string, configured: NonNullable<ConfiguredParents>) {
  for (const name of namesAbove(zone)) {
    const parent = configured.find((entry) => entry.zone === name);
    if (parent !== undefined) return parent;
  }
  return undefined;
}

async function configuredServer(text: string, resolver: ParentResolver): Promise<ParentServer> {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(text.slice(colon + 1));
  return { name: text, addresses: isIP(host) === 0 ? await addressesOf(host, port, resolver) : [{ address: host, port }] };
}

async function addressesOf(name: string, port: number, resolver: ParentResolver): Promise<readonly DsServer[]> {
  const found = await Promise.all([orNone(resolver.resolve4(name)), orNone(resolver.resolve6(name))]);
  return found.flat().map((address) => ({ address, port }));
}

/** That a name has no such records is an answer; that the resolver failed is none, and waits for another time. */
const noRecords = new Set(['ENODATA', 'ENOTFOUND']);

async function orNone(answer: Promise<string[]>): Promise<string[]> {
  try {
    return await answer;
  } catch (error) {
    if (noRecords.has((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw new Error(`the resolver failed: ${(error as Error).message}`, { cause: error });
  }
}
