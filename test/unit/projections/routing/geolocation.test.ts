/** Routing by place: one row for each row of its tables. A candidate is written `address:region+region`, a wheel as its spokes. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { geolocation, placesOf } from '../../../../src/projections/routing/geolocation.ts';
import type { Routed, Wheel } from '../../../../src/projections/routing/wheel.ts';

interface Row {
  readonly candidates: string;
  readonly usual?: string;
  readonly size?: number;
  readonly everybody: string;
  readonly places: string;
}

const rows: readonly Row[] = [
  { candidates: 'a:eu b:us c:us', usual: 'us', everybody: '[b] [c]', places: 'eu [a]' },
  { candidates: 'a:eu b:us c:us', everybody: '[a] [b] [c]', places: 'eu [a], us [b] [c]' },
  { candidates: 'a:eu b:us c:us', usual: 'ap', everybody: '[a] [b] [c]', places: 'eu [a], us [b] [c]' },
  { candidates: 'a:eu b:eu', everybody: '[a] [b]', places: '' },
  { candidates: 'a:eu b:eu', usual: 'eu', everybody: '[a] [b]', places: '' },
  { candidates: 'a:eu+us b:us', usual: 'ap', everybody: '[a] [b]', places: 'eu [a]' },
  { candidates: 'a:eu+us', usual: 'us', everybody: '[a]', places: '' },
  { candidates: 'a:us b:eu c:us', size: 2, everybody: '[a b] [b c] [c a]', places: 'us [a c] [c a], eu [b]' },
  { candidates: '', usual: 'eu', everybody: '', places: '' },
];

function candidatesOf(text: string): Routed[] {
  const words = text.split(' ').filter((word) => word !== '');
  return words.map((word) => ({ address: word.slice(0, 1), weight: 5, regions: word.slice(2).split('+') }));
}

const spokesOf = ({ spokes }: Wheel) => spokes.map(({ addresses }) => `[${addresses.join(' ')}]`).join(' ');

for (const { candidates, usual, size = 1, everybody, places } of rows) {
  it(`${size} of ${candidates || 'none'}, by default ${usual ?? 'anywhere'}`, () => {
    const routed = candidatesOf(candidates);
    assert.equal(spokesOf(geolocation(routed, size, usual)), everybody);
    const placed = placesOf(routed, size, usual).map(({ region, wheel }) => `${region} ${spokesOf(wheel)}`);
    assert.equal(placed.join(', '), places);
  });
}
