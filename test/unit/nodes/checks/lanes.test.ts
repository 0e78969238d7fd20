import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSlots, type Lane, type Slots } from '../../../../src/nodes/checks/lanes.ts';

function takeAll(slots: Slots<string>): readonly string[] {
  const taken: string[] = [];
  for (let next = slots.take(); next !== undefined; next = slots.take()) taken.push(next.item);
  return taken;
}

function crowd(slots: Slots<string>, lane: Lane, count: number): void {
  for (let number = 1; number <= count; number++) slots.wait(`${lane} ${number}`, lane, false);
}

test('each lane has its limit, and both together have one', () => {
  const rows: readonly (readonly [maxConcurrent: number, proven: number, unproven: number])[] = [
    [2, 1, 1],
    [3, 2, 1],
    [16, 14, 8],
    [256, 224, 128],
  ];
  for (const [maxConcurrent, proven, unproven] of rows) {
    const alone = (lane: Lane) => {
      const slots = createSlots<string>(maxConcurrent);
      crowd(slots, lane, 1_000);
      return takeAll(slots).length;
    };
    assert.deepEqual([alone('proven'), alone('unproven')], [proven, unproven], `${maxConcurrent}`);
    const both = createSlots<string>(maxConcurrent);
    crowd(both, 'unproven', 1_000);
    crowd(both, 'proven', 1_000);
    assert.equal(takeAll(both).length, maxConcurrent);
  }
  assert.throws(() => createSlots(1), /every slot/);
});

test('the proven are served first, each lane in the order of its queue', () => {
  const slots = createSlots<string>(4);
  crowd(slots, 'unproven', 2);
  crowd(slots, 'proven', 2);
  assert.deepEqual(takeAll(slots), ['proven 1', 'proven 2', 'unproven 1', 'unproven 2']);
});

test('a slot that is freed goes to the next that waits', () => {
  const slots = createSlots<string>(2);
  crowd(slots, 'unproven', 3);
  assert.deepEqual(takeAll(slots), ['unproven 1']);
  slots.free('unproven');
  assert.deepEqual(takeAll(slots), ['unproven 2']);
});

test('who asks goes before who is due, even when it waits already, and nobody waits twice', () => {
  const slots = createSlots<string>(16);
  crowd(slots, 'unproven', 3);
  slots.wait('unproven 3', 'unproven', true);
  slots.wait('unproven 3', 'unproven', false);
  slots.wait('unproven 2', 'unproven', false);
  assert.deepEqual(takeAll(slots), ['unproven 3', 'unproven 1', 'unproven 2']);
});

test('who leaves is not served', () => {
  const slots = createSlots<string>(16);
  crowd(slots, 'proven', 2);
  slots.wait('asked', 'proven', true);
  slots.leave('proven 1');
  slots.leave('asked');
  assert.deepEqual(takeAll(slots), ['proven 2']);
});
