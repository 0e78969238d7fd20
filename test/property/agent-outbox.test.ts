/** What an agent owes every overwatch, whatever is lost: told soon, told again, never too long silent; and how it finds back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createOutbox } from '../../src/nodes/agent/outbox.ts';
import { createReconnect } from '../../src/nodes/agent/reconnect.ts';
import { tries } from '../tries.ts';

const names = ['o1', 'o2', 'o3'] as const;
const step = fc.record({
  afterMs: fc.integer({ min: 0, max: 3_000 }),
  what: fc.oneof(
    fc.constant({ kind: 'change' as const }),
    fc.record({ kind: fc.constant('add' as const), overwatch: fc.constantFrom(...names) }),
    fc.record({ kind: fc.constant('acknowledge' as const), overwatch: fc.constantFrom(...names), back: fc.nat(6) }),
  ),
});

test('claims are never unacknowledged and unsent for longer than the bound, no overwatch hears nothing for longer than the interval, and nothing grows', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 100, max: 5_000 }), (steps, intervalMs) => {
      const box = createOutbox({ boot: 1, claims: 0, intervalMs });
      /** What the test itself knows of each overwatch: the newest claims that it acknowledged, and when it was last sent something. */
      const model = new Map<string, { carried: Map<number, number>; knows: number; sentAt: number; repeats: number }>();
      let version = 0;
      let highest = 0;
      let now = 0;

      const sendDueUntil = (to: number) => {
        for (let at = box.wakeAt(); at !== undefined && at <= to; at = box.wakeAt()) {
          const beats = box.take(at);
          assert(beats.length > 0, 'woken for nothing');
          for (const { overwatch, sequence, claims } of beats) {
            const known = model.get(overwatch);
            assert(known !== undefined && sequence === highest + 1);
            highest = sequence;
            const isOwed = known.knows !== version;
            assert.equal(claims, isOwed ? version : undefined, 'claims go exactly to whom they are owed');
            const bound = isOwed && known.repeats > 0 ? Math.min(200 * 2 ** (known.repeats - 1), intervalMs) : intervalMs;
            assert(at - known.sentAt <= bound, `${overwatch} waited ${at - known.sentAt} ms, ${bound} allowed`);
            known.sentAt = at;
            known.repeats += 1;
            if (claims !== undefined) known.carried.set(sequence, claims);
          }
        }
      };

      for (const { afterMs, what } of steps) {
        now += afterMs;
        sendDueUntil(now);
        if (what.kind === 'change') {
          version += 1;
          box.change(version, now);
          for (const known of model.values()) Object.assign(known, { repeats: 0, sentAt: now });
        } else if (what.kind === 'add') {
          box.add(what.overwatch, now);
          model.set(what.overwatch, { carried: new Map(), knows: -1, sentAt: now, repeats: 0 });
        } else {
          const known = model.get(what.overwatch);
          const sequence = [...(known?.carried.keys() ?? [])].at(-1 - what.back);
          if (known === undefined || sequence === undefined) continue;
          // An overwatch that heard newer claims does not go back to older ones.
          if (box.acknowledge(what.overwatch, 1, sequence)) known.knows = Math.max(known.knows, known.carried.get(sequence) as number);
        }
        sendDueUntil(now);
        assert.deepEqual(
          box
            .deliveries()
            .map(({ overwatch }) => overwatch)
            .sort(),
          [...model.keys()].sort(),
        );
        for (const { overwatch, isCurrent } of box.deliveries()) assert.equal(isCurrent, model.get(overwatch)?.knows === version);
      }
    }),
    tries(500),
  );
});

test('a node that is not reached is tried again and again, never later than the longest wait and an attempt, whatever is said of it', () => {
  const said = fc.record({
    afterMs: fc.integer({ min: 0, max: 60_000 }),
    what: fc.constantFrom('failed' as const, 'lost' as const, 'reached' as const, 'nothing' as const),
    draw: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(said, { maxLength: 80 }), (steps) => {
      const settings = { firstMs: 500, mostMs: 8_000, attemptMs: 4_000 };
      const reconnect = createReconnect({ addresses: ['a'], ...settings });
      let now = 0;
      let triedAt = 0;
      let isReached = false;
      const tryDueUntil = (to: number, draw: number) => {
        for (let at = reconnect.wakeAt(); at !== undefined && at <= to; at = reconnect.wakeAt()) {
          for (const address of reconnect.take(at, () => draw)) {
            assert.equal(address, 'a');
            assert(at - triedAt <= settings.mostMs + settings.attemptMs, `${at - triedAt} ms without an attempt`);
            triedAt = at;
          }
          assert((reconnect.wakeAt() ?? Infinity) > at, 'what is due is done at once, and not due again');
        }
      };
      for (const { afterMs, what, draw } of steps) {
        now += afterMs;
        tryDueUntil(now, draw);
        if (what === 'failed') reconnect.failed('a', now, draw);
        if (what === 'reached') reconnect.reached('a');
        if (what === 'lost') reconnect.lost('a', now, draw);
        if (isReached && what === 'lost') triedAt = now;
        isReached = what === 'reached' || (isReached && what !== 'lost');
        assert.equal(reconnect.wakeAt() === undefined, isReached);
        assert.equal(reconnect.nodes()[0]?.isReached, isReached);
      }
    }),
    tries(500),
  );
});
