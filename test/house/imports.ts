/** Who may import whom: the layers point one way, nothing goes in circles, and every third-party package has its room. */
import { dirname, join } from 'node:path/posix';
import type { Complaint, Import, Rule, Source } from './source.ts';

/** Top to bottom: a layer may import itself and what is in its row, and nothing else. */
const layers: Readonly<Record<string, readonly string[]>> = {
  cli: ['nodes', 'commands', 'projections', 'events'],
  nodes: ['commands', 'projections', 'events', 'native'],
  commands: ['projections', 'events'],
  projections: ['events'],
  events: [],
  native: [],
};

interface Room {
  /** Folders (with `/` at the end) and files that may import the package. */
  readonly rooms: readonly string[];
  /** In how many files at most; undefined: no limit. */
  readonly files?: number;
}

/** Where each third-party package may be imported. A package that is not here has no room yet, and needs one first. */
export const rooms: Readonly<Record<string, Room>> = {
  '@fastify/websocket': { rooms: ['src/nodes/api/'] },
  '@msgpack/msgpack': { rooms: ['src/events/', 'src/projections/snapshot.ts', 'src/nodes/identity/agent-wire.ts'] },
  '@peculiar/asn1-schema': { rooms: ['src/nodes/identity/make-certificate.ts'] },
  '@peculiar/asn1-x509': { rooms: ['src/nodes/identity/make-certificate.ts'] },
  'classic-level': { rooms: ['src/events/level-log.ts'] },
  'cli-table3': { rooms: ['src/cli/'] },
  commander: { rooms: ['src/cli/'] },
  'dns-packet': { rooms: ['src/nodes/dns/', 'src/nodes/demo/'] },
  fastify: { rooms: ['src/nodes/api/'] },
  'fastify-type-provider-zod': { rooms: ['src/nodes/api/'] },
  'ipaddr.js': { rooms: ['src/events/', 'src/projections/', 'src/nodes/', 'src/native/kernel-address.ts'] },
  koffi: { rooms: ['src/native/'] },
  picocolors: { rooms: ['src/cli/'] },
  pino: { rooms: ['src/nodes/'], files: 1 },
  'prom-client': { rooms: ['src/nodes/'], files: 1 },
  yaml: { rooms: ['src/nodes/configuration/'] },
  zod: { rooms: ['src/events/', 'src/nodes/'] },
};

const isOurs = (specifier: string) => specifier.startsWith('.');
const isBuiltin = (specifier: string) => specifier.startsWith('node:');
const layerOf = (path: string) => path.split('/')[1] ?? '';
const target = (source: Source, { specifier }: Import) => join(dirname(source.path), specifier);

/** `fastify/types` and `@fastify/websocket/x` without what follows the package. */
function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

export const importsPointDown: Rule = (sources) =>
  sources.flatMap((source) =>
    source.imports
      .filter(({ specifier }) => isOurs(specifier))
      .flatMap((entry) => {
        const [from, to] = [layerOf(source.path), layerOf(target(source, entry))];
        const allowed = layers[from];
        if (allowed === undefined) return [`${source.path}:1: src/${from} is no layer; there are ${Object.keys(layers).join(', ')}`];
        if (!target(source, entry).startsWith('src/'))
          return [`${source.path}:${entry.line}: imports ${entry.specifier}, which is outside src`];
        return from === to || allowed.includes(to)
          ? []
          : [`${source.path}:${entry.line}: ${from} may not import ${to} (${entry.specifier})`];
      }),
  );

/** Import paths that lead from a file back to itself. Types count as well: two files that need each other are one. */
export const noCircles: Rule = (sources) => {
  const edges = new Map(
    sources.map((source) => [
      source.path,
      source.imports.filter(({ specifier }) => isOurs(specifier)).map((entry) => target(source, entry)),
    ]),
  );
  const complaints: Complaint[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start !== -1) complaints.push(`${path}:1: imports itself: ${[...trail.slice(start), path].join(' -> ')}`);
    if (start !== -1 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return complaints;
};

export const packagesKeepToTheirRooms: Rule = (sources) => {
  const users = new Map<string, Set<string>>();
  const complaints = sources.flatMap((source) =>
    source.imports
      .filter(({ specifier }) => !isOurs(specifier) && !isBuiltin(specifier))
      .flatMap(({ specifier, line }) => {
        const name = packageOf(specifier);
        const room = rooms[name];
        if (room === undefined) return [`${source.path}:${line}: ${name} has no room; give it one in test/house/imports.ts`];
        users.set(name, (users.get(name) ?? new Set()).add(source.path));
        const inside = room.rooms.some((place) => (place.endsWith('/') ? source.path.startsWith(place) : source.path === place));
        return inside ? [] : [`${source.path}:${line}: ${name} may be imported only in ${room.rooms.join(', ')}`];
      }),
  );
  const crowds = [...users].flatMap(([name, paths]) => {
    const most = rooms[name]?.files ?? Infinity;
    return paths.size <= most
      ? []
      : [`${[...paths].sort()[0]}:1: ${name} may be imported in ${most} file only, not in ${[...paths].sort().join(', ')}`];
  });
  return [...complaints, ...crowds];
};
