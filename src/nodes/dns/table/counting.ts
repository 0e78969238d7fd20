/** What a reader counts of its answers, in its own part of the control buffer: what nobody else writes needs no care. */
import { types } from '../codes.ts';
import { answeredWords, droppedAt, rcodeStride, typeLabels } from './control.ts';
import type { TableReader } from './reader.ts';

/** Types from here on are all unknown. */
const knownTypes = types.CAA + 1;
const otherLabel = typeLabels.indexOf('other');
const noLabel = typeLabels.indexOf('none');
const labelOfType = Uint8Array.from({ length: knownTypes }, (_, type) => {
  const name = Object.entries(types).find(([, number]) => number === type)?.[0];
  return name === undefined ? otherLabel : typeLabels.indexOf(name);
});

/** `type`: -1 where no question was read. */
export function countAnswered(table: TableReader, overTcp: boolean, type: number, rcode: number): void {
  table.saidRcode = rcode;
  const label = type < 0 ? noLabel : type < knownTypes ? labelOfType[type]! : otherLabel;
  // BADVERS, 16, has the last place of its row.
  const place = rcode < rcodeStride ? rcode : rcodeStride - 2;
  table.counts[table.countsAt + (overTcp ? answeredWords : 0) + rcodeStride * label + place]! += 1;
}

/** `reason`: 0 too short, 1 a response. */
export function countDropped(table: TableReader, overTcp: boolean, reason: 0 | 1): 0 {
  table.counts[table.countsAt + droppedAt + (overTcp ? 2 : 0) + reason]! += 1;
  return 0;
}
