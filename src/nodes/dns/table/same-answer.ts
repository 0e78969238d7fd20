/** Whether two answers of a service look the same to whoever asks DNS, and are counted as the same. */
import type { FamilyAnswer, ServiceAnswer } from '../../../projections/answers.ts';
import { families } from '../../../projections/routing/family.ts';
import type { Wheel } from '../../../projections/routing/wheel.ts';

export function isSameAnswer(one: ServiceAnswer, other: ServiceAnswer): boolean {
  if (one.ttlSeconds !== other.ttlSeconds || one.algorithm !== other.algorithm) return false;
  if (one.clients?.usesSubnet !== other.clients?.usesSubnet || one.clients?.networks !== other.clients?.networks) return false;
  return families.every((family) => isSameFamily(one.families[family], other.families[family]));
}

function isSameFamily(one: FamilyAnswer | undefined, other: FamilyAnswer | undefined): boolean {
  const [places = [], others = []] = [one?.places, other?.places];
  if (places.length !== others.length || !isSameWheel(one?.wheel, other?.wheel)) return false;
  return places.every(({ region, wheel }, index) => region === others[index]?.region && isSameWheel(wheel, others[index]?.wheel));
}

function isSameWheel(one: Wheel | undefined, other: Wheel | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.draw !== other.draw || one.spokes.length !== other.spokes.length) return false;
  return one.spokes.every(({ weight, addresses }, index) => {
    const spoke = other.spokes[index];
    return (
      spoke !== undefined &&
      spoke.weight === weight &&
      spoke.addresses.length === addresses.length &&
      addresses.every((address, place) => address === spoke.addresses[place])
    );
  });
}
