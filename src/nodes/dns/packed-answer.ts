/**
 * An answer as one short text, for tables that keep one for each of a hundred thousand services: as objects, wheels and
 * spokes take some seven hundred bytes each, and they are looked at only when something changes. Equal texts are equal
 * answers. What tells clients apart or holds candidates is kept as it is: of those there are few.
 */
import { isDeepStrictEqual } from 'node:util';
import type { FamilyAnswer, ServiceAnswer } from '../../projections/answers.ts';
import type { Spoke, Wheel } from '../../projections/routing/wheel.ts';

declare const packed: unique symbol;
export type PackedAnswer = (string & { readonly [packed]: true }) | ServiceAnswer;

/** An address, where it is alone and weighs 1; else the weight and the addresses. */
type PackedSpoke = string | readonly [weight: number, ...addresses: string[]];
/** null: the service has no server of the family. */
type PackedFamily = readonly [tier: FamilyAnswer['tier'] | null, draw: Wheel['draw'], ...spokes: PackedSpoke[]] | null;
type Words = readonly [ServiceAnswer['ttlSeconds'], PackedFamily, PackedFamily, ServiceAnswer['algorithm']];

const nobody: ServiceAnswer['candidates'] = [];

export function packAnswer(answer: ServiceAnswer): PackedAnswer {
  const { ttlSeconds, algorithm, families, candidates, clients } = answer;
  const isPlain = clients === undefined && candidates.length === 0 && !families.A?.places && !families.AAAA?.places;
  if (!isPlain) return answer;
  const words: Words = [ttlSeconds, packFamily(families.A), packFamily(families.AAAA), algorithm];
  return JSON.stringify(words) as PackedAnswer;
}

export function unpackAnswer(service: string, answer: PackedAnswer): ServiceAnswer {
  if (typeof answer !== 'string') return answer;
  const [ttlSeconds, a, aaaa, algorithm] = JSON.parse(answer) as Words;
  return { service, ttlSeconds, algorithm, families: { A: unpackFamily(a), AAAA: unpackFamily(aaaa) }, candidates: nobody };
}

/** Whether two packed answers say the same, however they came about: the algorithm, which stands last, is not said. */
export function saysTheSame(one: PackedAnswer, other: PackedAnswer): boolean {
  if (typeof one === 'string' && typeof other === 'string') {
    const end = one.lastIndexOf(',');
    return end === other.lastIndexOf(',') && one.slice(0, end) === other.slice(0, end);
  }
  const [a, b] = [unpackAnswer('', one), unpackAnswer('', other)];
  if (a.ttlSeconds !== b.ttlSeconds || !isDeepStrictEqual(a.families, b.families)) return false;
  return a.clients?.usesSubnet === b.clients?.usesSubnet && a.clients?.networks === b.clients?.networks;
}

function packFamily(answer: FamilyAnswer | undefined): PackedFamily {
  if (answer === undefined) return null;
  const { spokes, draw } = answer.wheel;
  return [answer.tier ?? null, draw, ...spokes.map(packSpoke)];
}

function packSpoke({ addresses, weight }: Spoke): PackedSpoke {
  const [first, ...others] = addresses;
  return first !== undefined && others.length === 0 && weight === 1 ? first : [weight, ...addresses];
}

function unpackFamily(family: PackedFamily): FamilyAnswer | undefined {
  if (family === null) return undefined;
  const [tier, draw, ...spokes] = family;
  return { tier: tier ?? undefined, wheel: { draw, spokes: spokes.map(unpackSpoke) } };
}

function unpackSpoke(spoke: PackedSpoke): Spoke {
  if (typeof spoke === 'string') return { addresses: [spoke], weight: 1 };
  const [weight, ...addresses] = spoke;
  return { addresses, weight };
}
