/** What clients of each place could be told by IPv4, in few words: `all a b; eu a`. */
import type { ServiceAnswer } from '../../../src/projections/answers.ts';
import type { Wheel } from '../../../src/projections/routing/wheel.ts';

export function toBeSaid({ families: { A } }: ServiceAnswer): string {
  if (A === undefined) return 'nodata';
  const told = (who: string, { spokes }: Wheel) => `${who} ${spokes.map(({ addresses }) => addresses.join('+')).join(' ')}`;
  return [told('all', A.wheel), ...(A.places ?? []).map(({ region, wheel }) => told(region, wheel))].join('; ');
}
