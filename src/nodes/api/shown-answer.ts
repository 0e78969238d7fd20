/** An answer as JSON: by family the tier that answers and the wheel that answers are drawn from. */
import { z } from 'zod';
import type { FamilyAnswer, ServiceAnswer } from '../../projections/answers.ts';
import { families } from '../../projections/routing/family.ts';
import type { Wheel } from '../../projections/routing/wheel.ts';
import { tier } from './shapes.ts';

const spokesShape = z.array(
  z.strictObject({
    addresses: z.array(z.string()).describe('One possible answer, in the order in which it is sent.'),
    share: z.number().min(0).max(1).describe('How many of the answers are this one.'),
  }),
);
export const familyShape = z.strictObject({
  tier: tier.nullable().describe('null: nothing answers, which clients see as SERVFAIL.'),
  spokes: spokesShape,
  places: z
    .array(z.strictObject({ region: z.string(), spokes: spokesShape }))
    .optional()
    .describe('What clients of these regions get in place of `spokes`, under the algorithm geolocation.'),
});

export const familiesShape = z
  .strictObject({ A: familyShape.optional(), AAAA: familyShape.optional() })
  .describe('A family that the service has no address of is left out: it has no data.');

export function shownFamilies(answer: ServiceAnswer): z.output<typeof familiesShape> {
  const shown = families.flatMap((family) => {
    const ofFamily = answer.families[family];
    return ofFamily === undefined ? [] : [[family, shownFamily(ofFamily)]];
  });
  return Object.fromEntries(shown);
}

function shownFamily({ tier: answering, wheel, places }: FamilyAnswer): z.output<typeof familyShape> {
  return {
    tier: answering ?? null,
    spokes: shownSpokes(wheel),
    ...(places !== undefined && { places: places.map((place) => ({ region: place.region, spokes: shownSpokes(place.wheel) })) }),
  };
}

export function shownSpokes({ spokes }: Wheel): z.output<typeof spokesShape> {
  const total = spokes.reduce((sum, spoke) => sum + spoke.weight, 0);
  return spokes.map(({ addresses, weight }) => ({ addresses: [...addresses], share: weight / total }));
}
