/**
 * What is measured: who is asked what. A case is measured for all of its servers in each round, one after the other.
 * `baseline` names the case whose figures of the overwatch its own are compared with.
 */
import type { World } from './worlds.ts';

export const worlds = {
  ten: { names: 10, routing: 'round-robin', workers: 1 },
  thousand: { names: 1_000, routing: 'round-robin', workers: 1 },
  many: { names: 100_000, routing: 'round-robin', workers: 1 },
  weighted: { names: 1_000, routing: 'weighted', workers: 1 },
  places: { names: 1_000, routing: 'geolocation', workers: 1 },
  two: { names: 10, routing: 'round-robin', workers: 2 },
} as const satisfies Readonly<Record<string, World>>;
export type WorldName = keyof typeof worlds;

export type ServerName = 'floor' | 'overwatch' | 'batches' | 'dgram' | 'reference' | 'nsd' | 'knotd' | 'gdnsd';

export interface Case {
  readonly id: string;
  readonly world: WorldName;
  /** For the load generator; see queries.h. */
  readonly load: readonly string[];
  readonly by: 'load' | 'load-tcp' | 'dnsperf';
  readonly servers: readonly ServerName[];
  readonly expect: 'answers' | 'no such name';
  readonly needs?: 'signatures' | 'client subnet';
  readonly baseline?: string;
}

const others = ['nsd', 'knotd', 'gdnsd'] as const;
/** The floor has one answer to everything. */
const answering = ['overwatch', ...others] as const;
const all = ['floor', ...answering] as const;
const udp = { by: 'load', load: [], servers: all, expect: 'answers' } as const;
const ours = ['overwatch'] as const;
/** So that the kernel spreads the clients over the sockets of two workers. */
const sixteenClients = ['-k', '16'] as const;

export const cases: readonly Case[] = [
  { ...udp, id: 'plain-10', world: 'ten', servers: ['floor', 'overwatch', 'batches', 'dgram', 'reference', ...others] },
  { ...udp, id: 'plain-1000', world: 'thousand', baseline: 'plain-10' },
  { ...udp, id: 'uniform-100000', world: 'many', baseline: 'plain-10' },
  { ...udp, id: 'zipf-100000', world: 'many', load: ['-z'], baseline: 'plain-10' },
  {
    ...{ ...udp, id: 'no-such-name', world: 'thousand', load: ['-x'], servers: answering },
    ...{ expect: 'no such name', baseline: 'plain-1000' },
  },
  { ...udp, id: 'signed', world: 'thousand', load: ['-d'], servers: ours, needs: 'signatures', baseline: 'plain-1000' },
  {
    ...{ ...udp, id: 'no-such-name-signed', world: 'thousand', load: ['-x', '-d'], servers: ours },
    ...{ expect: 'no such name', needs: 'signatures', baseline: 'plain-1000' },
  },
  {
    ...{ ...udp, id: 'signed-100000', world: 'many', load: ['-z', '-d'], servers: ours },
    ...{ needs: 'signatures', baseline: 'zipf-100000' },
  },
  { ...udp, id: 'weighted', world: 'weighted', servers: ours, baseline: 'plain-1000' },
  { ...udp, id: 'client-subnet', world: 'places', load: ['-c'], servers: ours, needs: 'client subnet', baseline: 'plain-1000' },
  { ...udp, id: 'tcp', world: 'ten', by: 'load-tcp', load: ['-k', '8'], servers: answering, baseline: 'plain-10' },
  { ...udp, id: 'sixteen-clients', world: 'ten', load: sixteenClients, servers: ['floor', 'overwatch'], baseline: 'plain-10' },
  { ...udp, id: 'two-workers', world: 'two', load: sixteenClients, servers: ours, baseline: 'sixteen-clients' },
  { ...udp, id: 'dnsperf', world: 'ten', by: 'dnsperf' },
];

/** The cases that were asked for, and those that they are compared with; all of them where none was named. */
export function chosenCases(ids: readonly string[]): readonly Case[] {
  const wanted = new Set(ids);
  const baselineOf = (id: string) => cases.find((one) => one.id === id)?.baseline;
  for (const id of wanted) {
    const baseline = baselineOf(id);
    if (baseline !== undefined) wanted.add(baseline);
  }
  return ids.length === 0 ? cases : cases.filter(({ id }) => wanted.has(id));
}
