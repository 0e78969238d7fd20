/**
 * What is served in a measurement: names below one zone, each with three servers that nobody checks, as a configuration of
 * an overwatch, as a zone file for others, and as a list for the load generators. Large worlds are spread over several
 * files, because one file has a limit.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const zoneName = 'bench.example';
const namesPerFile = 10_000;
/** Of the client subnets that the load generator sends, 10.0.0.0/24 and on, one in 64 has a mapping of its own. */
const mappings = 1_024;

export interface World {
  readonly names: number;
  readonly routing: 'round-robin' | 'weighted' | 'geolocation';
  readonly workers: number;
}

export const nameAt = (index: number) => `svc-${index}.${zoneName}`;

/** Three for each name, none of them twice before the names go beyond a million. */
export function addressesAt(index: number): readonly string[] {
  return [1, 2, 3].map((last) => `10.${(index >> 14) & 255}.${(index >> 6) & 255}.${(index & 63) * 4 + last}`);
}

function allNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => nameAt(index));
}

/** One name a line. */
export async function writeNames(folder: string, count: number): Promise<string> {
  const file = join(folder, `names-${count}`);
  await writeFile(file, `${allNames(count).join('\n')}\n`);
  return file;
}

/** As others read it (RFC 1035 section 5): an answer of ours has one address, so each name has one here. */
export async function writeZoneFile(folder: string, count: number): Promise<string> {
  const file = join(folder, zoneName);
  const head = [`$ORIGIN ${zoneName}.`, '$TTL 60', `@ IN SOA ns1 hostmaster 1 3600 600 86400 30`, '@ IN NS ns1', 'ns1 IN A 127.0.0.1'];
  const lines = Array.from({ length: count }, (_, index) => `svc-${index} IN A ${addressesAt(index)[0]}`);
  await writeFile(file, `${[...head, ...lines].join('\n')}\n`);
  return file;
}

const regionsOf: Readonly<Record<World['routing'], (part: number) => readonly string[]>> = {
  'round-robin': (part) => [`r${part}`],
  weighted: (part) => [`r${part}`],
  geolocation: (part) => [`r${part}`, 'far'],
};

function partOf({ names, routing }: World, part: number): object {
  const from = part * namesPerFile;
  const indices = Array.from({ length: Math.min(namesPerFile, names - from) }, (_, index) => from + index);
  const servers = indices.flatMap((index) =>
    addressesAt(index).map((address, place) => ({
      service: nameAt(index),
      ...{ address, port: 443 },
      ...(routing === 'weighted' && { weight: [50, 30, 20][place] }),
    })),
  );
  const far = indices.map((index) => ({ service: nameAt(index), address: `192.0.2.${1 + (index % 254)}`, port: 443 }));
  return {
    regions: [{ name: `r${part}`, servers }, ...(routing === 'geolocation' ? [{ name: 'far', servers: far }] : [])],
    domains: indices.map((index) => ({ name: nameAt(index), routing_algorithm: routing, regions: regionsOf[routing](part) })),
  };
}

const geolocation = {
  default_region: 'r0',
  custom_mappings: Array.from({ length: mappings }, (_, index) => ({ cidr: `10.${index >> 2}.${(index & 3) * 64}.0/24`, region: 'far' })),
};

/** YAML holds JSON. DNSSEC is as it is by default. Returns the main file. */
export async function writeConfiguration(folder: string, world: World): Promise<string> {
  await mkdir(join(folder, 'parts'), { recursive: true });
  const parts = Math.ceil(world.names / namesPerFile);
  for (let part = 0; part < parts; part += 1) {
    await writeFile(join(folder, 'parts', `${part}.yaml`), JSON.stringify(partOf(world, part)), { mode: 0o600 });
  }
  const main = {
    includes: ['parts/*.yaml'],
    overwatch: {
      identity: { node_id: 'bench' },
      data_dir: join(folder, 'data'),
      validation: { enabled: false },
      ...(world.routing === 'geolocation' && { geolocation }),
    },
    dns: {
      listen_address: '127.0.0.1:0',
      zones: [{ name: zoneName, nameservers: [{ name: `ns1.${zoneName}`, address: '127.0.0.1' }] }],
      workers: world.workers,
    },
    api: { enabled: true, address: '127.0.0.1:0' },
  };
  const file = join(folder, 'config.yaml');
  await writeFile(file, JSON.stringify(main), { mode: 0o600 });
  return file;
}
