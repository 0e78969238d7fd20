/** An answer as JSON: by family the tier that answers and the wheel that answers are drawn from. */
import { z } from 'zod';
import type { FamilyAnswer, ServiceAnswer } from '../../projections/answers.ts';
import { families } from '../../projections/routing/family.ts';
import { tier } from './shapes.ts';

const familyShape = z.strictObject({
  tier: tier.nullable().describe('null: nothing answers, which clients see as SERVFAIL.'),
  spokes: z.array(
    z.strictObject({
      addresses: z.array(z.string()).describe('One possible answer, in the order in which it is sent.'),
      share: z.number().min(0).max(1).describe('How many of the answers are this one.'),
    }),
  ),
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

function shownFamily({ tier: answering, wheel }: FamilyAnswer): z.output<typeof familyShape> {
  const total = wheel.spokes.reduce((sum, spoke) => sum + spoke.weight, 0);
  return {
    tier: answering ?? null,
    spokes: wheel.spokes.map(({ addresses, weight }) => ({ addresses: [...addresses], share: weight / total })),
  };
}
