/**
 * One name for one state: SHA-256 of its canonical encoding. Maps and objects are written in the order of their keys,
 * so it does not depend on how the state came about. What can be derived from the rest is left out.
 */
import { createHash, type Hash } from 'node:crypto';
import { endpointText } from './endpoint.ts';
import { type Registry, type Server, serversOf } from './registry.ts';
import type { State } from './state.ts';

/** The digest of a state, by (position, at) the same wherever the same facts were folded (I3). */
export function digest(state: State): string {
  const { deadlines: _derived, configuration, ...folds } = state;
  const hash = createHash('sha256');
  const registry = new Map(Array.from(folds.registry.keys(), (service) => [service, byEndpoint(folds.registry, service)]));
  write(hash, { ...folds, registry, configuration: configuration && { digest: configuration.digest, position: configuration.position } });
  return hash.digest('hex');
}

/** However a service keeps them. */
function byEndpoint(registry: Registry, service: string): ReadonlyMap<string, Server> {
  return new Map(Array.from(serversOf(registry, service), (server) => [endpointText(server.address, server.port), server]));
}

function write(hash: Hash, value: unknown): void {
  if (value instanceof Map) writeEntries(hash, 'm', [...value]);
  else if (Array.isArray(value)) {
    hash.update(`a${value.length}:`);
    for (const element of value) write(hash, element);
  } else if (typeof value === 'object' && value !== null) {
    writeEntries(
      hash,
      'o',
      Object.entries(value).filter(([, inner]) => inner !== undefined),
    );
  } else hash.update(`${JSON.stringify(value) ?? 'undefined'};`);
}

function writeEntries(hash: Hash, tag: string, entries: [unknown, unknown][]): void {
  hash.update(`${tag}${entries.length}:`);
  for (const [key, inner] of entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))) {
    hash.update(`${JSON.stringify(key)}=`);
    write(hash, inner);
  }
}
