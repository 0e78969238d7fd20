import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { controlOf, countsAt } from '../../../../../src/nodes/dns/table/control.ts';
import { createAnswerTable } from '../../../../../src/nodes/dns/table.ts';
import {
  countDomain,
  countDuration,
  createReaderCounts,
  domainCells,
  durationBuckets,
} from '../../../../../src/nodes/dns/workers/reader-counts.ts';
import { createTableReaders } from '../../../../../src/nodes/dns/workers/table-readers.ts';
import { createTallies } from '../../../../../src/nodes/dns/workers/tallies.ts';
import { numbered, passing, steady, zonesWith } from '../../../../dns-stage.ts';
import { query } from '../demo.ts';

const client = { address: '192.0.2.200', port: 1024, transport: 'tcp' } as const;

/** A real table, answered on this thread, whose counts are also reached by hand. */
function counting() {
  const readers = createTableReaders(createAnswerTable(zonesWith(3), 0), 1);
  readers.writer.publish([numbered(steady, 1), numbered(passing, 1)], 1, 1);
  const answer = readers.answerTcp({ chance: () => 0, sample: 0, onSample: () => {}, onFailure: (error) => assert.fail(String(error)) });
  const numbers = readers.numbers({
    tcp: () => ({ answered: [], dropped: [], failed: 0, socketFailed: 0 }),
    kind: () => undefined,
    pool: () => undefined,
  });
  const control = controlOf(readers.writer.control, readers.writer.workers);
  return { readers, numbers, ask: (name: string, type = 1) => answer(query(name, { type }), client), control };
}

describe('what was asked', () => {
  it('stands under the service whose own name it was, and under no service otherwise', () => {
    const { ask, numbers } = counting();
    for (const name of [steady, steady.toUpperCase(), 'nobody.example.com', 'elsewhere.test']) ask(name);
    ask(steady, 28);
    ask('name-0.example.com');
    assert.deepEqual(numbers.queries(), [
      { service: steady, type: 'A', rcode: 'NOERROR', count: 2 },
      { service: steady, type: 'AAAA', rcode: 'NOERROR', count: 1 },
      { service: 'name-0.example.com', type: 'A', rcode: 'SERVFAIL', count: 1 },
      { service: undefined, type: 'A', rcode: 'NXDOMAIN', count: 1 },
      { service: undefined, type: 'A', rcode: 'REFUSED', count: 1 },
    ]);
  });

  it('is not lost where services outgrow the memory that they are counted in', () => {
    const { ask, readers, numbers } = counting();
    ask(steady);
    readers.writer.replaceZones(zonesWith(2_000), 2, 2);
    ask(steady);
    ask('name-1999.example.com');
    assert.deepEqual(numbers.queries(), [
      { service: steady, type: 'A', rcode: 'NOERROR', count: 2 },
      { service: 'name-1999.example.com', type: 'A', rcode: 'SERVFAIL', count: 1 },
    ]);
  });
});

describe('a count that begins anew at 2^32', () => {
  it('goes on in the sum', () => {
    const { readers } = counting();
    const counts = [createReaderCounts(4)];
    const tallies = createTallies({ writer: () => readers.writer, counts });
    const number = [...readers.writer.serviceNumbers()].find(([service]) => service === steady)?.[1] as number;
    const control = controlOf(readers.writer.control, readers.writer.workers);
    const at = countsAt(control, 0);
    const cell = counts[0]!.domains;
    const [place] = [...cell.keys()].filter((index) => {
      cell.fill(0);
      countDomain(counts[0]!, number, 1, false);
      return cell[index] === 1;
    });
    for (const count of [0xffff_fffe, 3]) {
      // NOERROR is the first of the row of A, which is the first of all.
      control.words[at] = count;
      cell.fill(0);
      cell[place as number] = count;
      tallies.gather();
    }
    assert.equal(cell.length, 4 * domainCells);
    assert.deepEqual(tallies.queries(), [{ service: steady, type: 'A', rcode: 'NOERROR', count: 2 ** 32 + 3 }]);
  });
});

describe('how long replies took', () => {
  it('stands in the bucket that holds it, its upper end included', () => {
    const counts = [createReaderCounts(1)];
    const tallies = createTallies({ writer: assert.fail, counts });
    countDuration(counts[0]!, 0, 5, durationBuckets[1]);
    countDuration(counts[0]!, 3, 2, 9);
    assert.deepEqual(
      tallies
        .durations()
        .map(({ rcode, replies, seconds }) => [rcode, replies.flatMap((count, bucket) => (count > 0 ? [[bucket, count]] : [])), seconds]),
      [
        ['NOERROR', [[1, 5]], 5 * durationBuckets[1]],
        ['NXDOMAIN', [[durationBuckets.length, 2]], 18],
      ],
    );
  });
});
