import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAgenda } from '../../../../src/nodes/checks/agenda.ts';

test('any sequence of puts, drops and takes gives what a sorted list gives', () => {
  const item = fc.integer({ min: 0, max: 20 });
  const at = fc.integer({ min: 0, max: 30 });
  const put = fc.record({ step: fc.constant('put' as const), item, at });
  const step = fc.oneof(
    { arbitrary: put, weight: 3 },
    { arbitrary: fc.record({ step: fc.constant('drop' as const), item }), weight: 1 },
    { arbitrary: fc.record({ step: fc.constant('take' as const), to: at }), weight: 1 },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const agenda = createAgenda<number>();
      let list: { readonly item: number; readonly at: number }[] = [];
      const without = (unwanted: number | undefined) => list.filter((entry) => entry.item !== unwanted);
      for (const now of steps) {
        if (now.step === 'put') {
          agenda.put(now.item, now.at);
          list = [...without(now.item), now].sort((a, b) => a.at - b.at);
        } else if (now.step === 'drop') {
          agenda.drop(now.item);
          list = without(now.item);
        } else {
          const first = list.find((entry) => entry.at <= now.to)?.item;
          assert.equal(agenda.take(now.to), first);
          list = without(first);
        }
        assert.equal(agenda.next(), list[0]?.at);
      }
      for (const entry of list) assert.equal(agenda.take(entry.at), entry.item);
      assert.equal(agenda.take(Number.POSITIVE_INFINITY), undefined);
    }),
    { numRuns: 400 },
  );
});
