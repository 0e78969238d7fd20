/** Answers that carry their version in every byte that can differ, so that a reader can tell a whole one from a torn one. */
import { decode } from 'dns-packet';
import type { ServiceAnswer } from '../src/projections/answers.ts';
import { query } from './unit/nodes/dns/demo.ts';

export const serviceName = (service: number) => `s${service}.versions.example`;

const questions = new Map<number, Buffer>();
export function questionFor(service: number): Buffer {
  const asked = questions.get(service) ?? query(serviceName(service), { edns: {} });
  questions.set(service, asked);
  return asked;
}

const octets = (version: number, last: number) => [10 + (version >> 16), (version >> 8) & 255, version & 255, last].join('.');

/** Its size, and so the block it needs, changes with the version. */
export function versionedAnswer(service: number, version: number): ServiceAnswer {
  const addresses = Array.from({ length: 1 + (version % 13) }, (_, last) => octets(version, last));
  const spokes = Array.from({ length: 1 + (version % 5) }, () => ({ addresses, weight: 1 + (version % 3) }));
  return {
    service: serviceName(service),
    ttlSeconds: version,
    algorithm: 'round-robin',
    families: { A: { tier: 'fit', wheel: { spokes, draw: version % 2 === 0 ? 'sequence' : 'chance' } }, AAAA: undefined },
    candidates: [],
  };
}

/** What is wrong with a reply that was asked for when version `oldest` was published, and came when `newest` had begun. */
export function faultOf(reply: Buffer, service: number, oldest: number, newest: number): string | undefined {
  const told = `service ${service}, versions ${oldest} to ${newest}: ${reply.toString('hex')}`;
  const { answers = [], questions: asked = [] } = decode(reply);
  if (asked[0]?.name !== serviceName(service)) return `another question, ${told}`;
  const version = (answers[0] as { ttl?: number } | undefined)?.ttl ?? -1;
  if (version < oldest || version > newest) return `version ${version}, ${told}`;
  const expected = versionedAnswer(service, version).families.A?.wheel.spokes[0]?.addresses ?? [];
  const found = answers.map((record) => `${(record as { ttl?: number }).ttl} ${(record as { data: unknown }).data}`);
  return found.join() === expected.map((address) => `${version} ${address}`).join() ? undefined : `torn, ${told}`;
}
