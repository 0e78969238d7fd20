/** A page ends when it is full, in events or in bytes, or when enough was looked at; and the next one goes on from there. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openMemoryLog } from '../../../../src/events/memory-log.ts';
import { readPage } from '../../../../src/nodes/api/event-page.ts';
import { apiLimits } from '../../../../src/nodes/api/limits.ts';
import { a, checked, overridden, times } from '../../../given.ts';

const all = () => true;
const positions = ({ events }: Awaited<ReturnType<typeof readPage>>) => events.map(({ position }) => position);

describe('a page of events', () => {
  it('of an empty log is empty', async () => {
    const log = openMemoryLog({ node: 'test' });
    for (const from of [1, -5, 7]) {
      assert.deepEqual(await readPage(log, from, 10, all), { events: [], next: Math.max(from, 1), oldest: null, last: 0 });
    }
  });

  it('begins and ends within batches', async () => {
    const log = openMemoryLog({ node: 'test' });
    for (const _ of [1, 2, 3]) await log.append(times(4, checked(a, 'ok')), 5, { sync: true });
    assert.deepEqual(positions(await readPage(log, 3, 4, all)), [3, 4, 5, 6]);
    assert.deepEqual(positions(await readPage(log, -2, 4, all)), [11, 12]);
    const odd = await readPage(log, 1, 3, ({ position }) => position % 2 === 1);
    assert.deepEqual([positions(odd), odd.next], [[1, 3, 5], 6]);
  });

  it('does not go past the end that it names', async () => {
    const log = openMemoryLog({ node: 'test' });
    await log.append(times(3, checked(a, 'ok')), 5, { sync: true });
    const reading = readPage(log, 1, 10, all);
    await log.append(times(3, checked(a, 'ok')), 5, { sync: true });
    const page = await reading;
    assert.deepEqual([positions(page), page.next, page.last], [[1, 2, 3], 4, 3]);
  });

  it('ends after so many events that do not match', async () => {
    const log = openMemoryLog({ node: 'test' });
    const more = apiLimits.eventsScannedMax + 5;
    const batch = times(4_001, checked(a, 'ok'));
    while (log.end.position < more) await log.append(batch, 5, { sync: true });
    const first = await readPage(log, 2, 10, ({ position }) => position === more);
    assert.deepEqual([positions(first), first.next], [[], apiLimits.eventsScannedMax + 2]);
    const second = await readPage(log, first.next, 10, ({ position }) => position === more);
    assert.deepEqual([positions(second), second.next], [[more], log.end.position + 1]);
  });

  it('ends after so many bytes, and always goes on', async () => {
    const log = openMemoryLog({ node: 'test' });
    const reason = 'x'.repeat(1_000);
    const batch = times(1_000, overridden(a, 'up', { reason }));
    for (const _ of times(6, 0)) await log.append(batch, 5, { sync: true });
    const { events, next } = await readPage(log, 1, 6_000, all);
    const bytes = JSON.stringify(events).length;
    assert(bytes >= apiLimits.eventsBytesMax && bytes < apiLimits.eventsBytesMax + 20_000, `${bytes} bytes`);
    assert.deepEqual([next, events.length], [events.length + 1, next - 1]);
    assert.equal((await readPage(log, next, 6_000, all)).next, 6_001);
  });
});
