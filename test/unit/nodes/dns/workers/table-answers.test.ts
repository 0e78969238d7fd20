import assert from 'node:assert/strict';
import { it } from 'node:test';
import { decode } from 'dns-packet';
import { createAnswerTable } from '../../../../../src/nodes/dns/table.ts';
import { createTableReaders } from '../../../../../src/nodes/dns/workers/table-readers.ts';
import type { ServiceAnswer } from '../../../../../src/projections/answers.ts';
import { numbered, steady, zonesWith } from '../../../../dns-stage.ts';
import { query } from '../demo.ts';

/** An answer that is drawn by chance, so that something can happen in the middle of it. */
function drawn(number: number): ServiceAnswer {
  const answer = numbered(steady, number);
  const { A } = answer.families;
  assert(A !== undefined);
  return { ...answer, families: { A: { ...A, wheel: { ...A.wheel, draw: 'chance' } }, AAAA: undefined } };
}

it('an answer that has begun is said whole, however often its name is published meanwhile; then what it read is let go', () => {
  const readers = createTableReaders(createAnswerTable(zonesWith(0), 0), 0);
  const { writer } = readers;
  let number = 0;
  const publish = () => {
    number += 1;
    writer.publish([drawn(number)], number, number);
  };
  publish();
  let retiredMeanwhile = 0;
  const chance = () => {
    for (let count = 0; count < 20; count += 1) publish();
    retiredMeanwhile = writer.size().retiredBlocks;
    return 0;
  };
  const answer = readers.answerTcp({ chance, sample: 0, onSample: () => {}, onFailure: (error) => assert.fail(String(error)) });
  const reply = answer(query(steady), { address: '192.0.2.200', port: 1024, transport: 'tcp' });
  assert(reply !== null);
  const addresses = (decode(reply).answers ?? []).map((record) => (record.type === 'A' ? record.data : record.type));
  assert.deepEqual(addresses, ['10.0.0.1', '11.0.0.1']);
  assert.ok(retiredMeanwhile >= 20, `${retiredMeanwhile} blocks wait for the reader`);
  publish();
  assert.ok(writer.size().retiredBlocks < 5, 'nobody reads them any more');
});
