import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { comparedWith, type Mark, raised } from '../../../../src/nodes/identity/high-water.ts';

const mark = (boot: number, sequence: number): Mark => ({ boot, sequence });

describe('what comes, beside the highest that was let in', () => {
  const rows: readonly (readonly [Mark | undefined, Mark, ReturnType<typeof comparedWith>])[] = [
    [undefined, mark(0, 0), 'newer'],
    [mark(5, 9), mark(4, 100), 'too-old-boot'],
    [mark(5, 9), mark(6, 0), 'newer'],
    [mark(5, 9), mark(5, 10), 'newer'],
    [mark(5, 9), mark(5, 9), 'replayed'],
    [mark(5, 9), mark(5, 8), 'replayed'],
  ];
  for (const [before, next, verdict] of rows) {
    it(`${JSON.stringify(before)} then ${JSON.stringify(next)}: ${verdict}`, () => {
      assert.equal(comparedWith(before, next), verdict);
      assert.deepEqual(raised(before, next), verdict === 'newer' ? next : before);
    });
  }
});
