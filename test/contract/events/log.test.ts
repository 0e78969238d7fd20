/** What every log does, run on the one in memory and the one on disk. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Codec, codec, createCodec } from '../../../src/events/codec.ts';
import type { Event, Fact } from '../../../src/events/event.ts';
import { openLevelLog } from '../../../src/events/level-log.ts';
import { type EventLog, noHash } from '../../../src/events/log.ts';
import { openMemoryLog } from '../../../src/events/memory-log.ts';
import { initialState } from '../../../src/projections/state.ts';
import { madeUpFact, newerCatalogue } from '../../catalogues.ts';
import { restated } from '../../given.ts';

const fact = (reason: string): Fact => ({ type: 'node.stopped', data: { reason } });
const facts = (count: number): Fact[] => Array.from({ length: count }, (_, index) => fact(`fact ${index}`));
const synced = { sync: true };
const unsynced = { sync: false };

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const positionsOf = async (log: EventLog, from?: number) =>
  (await all(log.read(from === undefined ? {} : { from }))).flatMap((batch) => batch.events.map((event) => event.position));

/** The next `count` events, and then no more. */
async function take(count: number, events: AsyncIterable<Event>): Promise<Event[]> {
  const taken: Event[] = [];
  for await (const event of events) {
    taken.push(event);
    if (taken.length === count) break;
  }
  return taken;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

interface Place {
  open(codec?: Codec): Promise<EventLog>;
  remove(): Promise<void>;
}

const memoryPlace = async (): Promise<Place> => ({
  open: async (own = codec) => openMemoryLog({ node: 'ow-1', codec: own }),
  remove: async () => {},
});

async function diskPlace(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'opengslb-log-'));
  return {
    open: (own = codec) => openLevelLog({ directory, node: 'ow-1', codec: own }),
    remove: () => rm(directory, { recursive: true }),
  };
}

for (const [name, makePlace] of [
  ['in memory', memoryPlace],
  ['on disk', diskPlace],
] as const) {
  describe(`the log ${name}`, () => {
    let place: Place;
    let log: EventLog;
    beforeEach(async () => {
      place = await makePlace();
      log = await place.open();
    });
    afterEach(async () => {
      await log.close();
      await place.remove();
    });

    describe('when it is empty', () => {
      test('ends at position 0', () => {
        const start = { position: 0, at: 0, hash: noHash };
        assert.deepEqual([log.node, log.end, log.synced], ['ow-1', start, start]);
      });

      test('has nothing to read, from wherever', async () => {
        assert.deepEqual(await all(log.read()), []);
        assert.deepEqual(await all(log.read({ from: 7 })), []);
        assert.deepEqual(await all(log.readStored()), []);
      });

      test('has nothing to sync', async () => {
        await log.sync();
        assert.equal(log.synced.position, 0);
      });
    });

    describe('appending', () => {
      test('gives positions without a gap, one moment a batch, and a hash that goes on', async () => {
        const first = await log.append(facts(2), 100, synced);
        const second = await log.append(facts(3), 100, synced);
        assert.deepEqual([first.first, first.last, first.at], [1, 2, 100]);
        assert.deepEqual([second.first, second.last, second.at], [3, 5, 100]);
        assert.deepEqual(
          second.events.map((event) => [event.position, event.at, event.node]),
          numbers(3, 5).map((position) => [position, 100, 'ow-1']),
        );
        assert.deepEqual(log.end, { position: 5, at: 100, hash: second.hash });
        const stored = await all(log.readStored());
        assert.deepEqual(
          stored.map((batch) => batch.previousHash),
          [noHash, new Uint8Array(first.hash)],
        );
      });

      test('returns what will be read', async () => {
        const batches = [await log.append(facts(2), 100, synced), await log.append(facts(1), 200, synced)];
        assert.deepEqual(await all(log.read()), batches);
      });

      test('nothing, backwards in time, or twice at once is a broken invariant', async () => {
        await assert.rejects(log.append([], 1, synced), { name: 'AssertionError', message: /without facts/ });
        await log.append(facts(1), 100, synced);
        await assert.rejects(log.append(facts(1), 99, synced), { name: 'AssertionError', message: /I2/ });
        const running = log.append(facts(1), 100, synced);
        await assert.rejects(log.append(facts(1), 100, synced), { name: 'AssertionError', message: /I1/ });
        await running;
        assert.equal(log.end.position, 2);
      });

      test('what is no fact leaves the log as it was', async () => {
        await assert.rejects(log.append([fact('good'), madeUpFact('node.dreamt', {})], 1, synced), { name: 'AssertionError' });
        await log.append(facts(1), 1, synced);
        assert.deepEqual(await positionsOf(log), [1]);
      });
    });

    describe('syncing', () => {
      test('decides what is shown', async () => {
        await log.append(facts(2), 100, synced);
        const batch = await log.append(facts(1), 200, unsynced);
        assert.deepEqual([log.end.position, log.synced.position], [3, 2]);
        assert.deepEqual(await positionsOf(log), [1, 2]);
        assert.deepEqual(await positionsOf(log, 3), []);
        await log.sync();
        assert.deepEqual(log.synced, { position: 3, at: 200, hash: batch.hash });
        assert.deepEqual(await positionsOf(log), [1, 2, 3]);
      });

      test('a synced batch brings all before it along', async () => {
        await log.append(facts(1), 100, unsynced);
        await log.append(facts(1), 100, synced);
        assert.equal(log.synced.position, 2);
        assert.deepEqual(await positionsOf(log), [1, 2]);
      });

      test('while a batch is being written covers that batch', async () => {
        const appended = log.append(facts(1), 100, unsynced);
        const syncing = log.sync();
        await Promise.all([appended, syncing]);
        assert.equal(log.synced.position, 1);
      });
    });

    describe('reading', () => {
      beforeEach(async () => {
        for (let index = 0; index < 4; index++) await log.append(facts(3), index, synced);
      });

      test('begins with the batch that holds the position', async () => {
        assert.deepEqual(await positionsOf(log, 4), numbers(4, 12));
        assert.deepEqual(await positionsOf(log, 5), numbers(4, 12));
        assert.deepEqual(await positionsOf(log, 12), numbers(10, 12));
        assert.deepEqual(await positionsOf(log, 13), []);
      });

      test('ends where the log was synced when it began', async () => {
        const seen: number[] = [];
        for await (const batch of log.read()) {
          seen.push(batch.first);
          if (seen.length < 10) await log.append(facts(1), 100, synced);
        }
        assert.deepEqual(seen, [1, 4, 7, 10]);
      });

      test('can stop early, and many can read at once', async () => {
        for await (const batch of log.read()) {
          assert.equal(batch.first, 1);
          break;
        }
        const [one, other] = await Promise.all([positionsOf(log), positionsOf(log, 7)]);
        assert.deepEqual([one, other], [numbers(1, 12), numbers(7, 12)]);
      });

      test('from what is no position is an error', async () => {
        for (const from of [0, -1, 1.5, Number.NaN]) await assert.rejects(positionsOf(log, from), { code: 'log-closed' });
      });
    });

    describe('following', () => {
      let controller: AbortController;
      beforeEach(() => {
        controller = new AbortController();
      });

      test('from a position on: what is there, then what comes, nothing twice and nothing left out', async () => {
        await log.append(facts(5), 1, synced);
        const following = take(28, log.follow({ from: 3, signal: controller.signal }));
        for (let index = 0; index < 25; index++) {
          await log.append(facts(1), index + 1, { sync: index % 3 === 0 });
          if (index % 4 === 0) await turn();
        }
        await log.sync();
        assert.deepEqual(
          (await following).map((event) => event.position),
          numbers(3, 30),
        );
      });

      test('without a position: what comes next, from the call on', async () => {
        await log.append(facts(2), 1, synced);
        const events = log.follow({ signal: controller.signal });
        await log.append(facts(1), 1, synced);
        assert.deepEqual(
          (await take(1, events)).map((event) => event.position),
          [3],
        );
      });

      test('from a position that is not there yet waits for it', async () => {
        const following = take(1, log.follow({ from: 4, signal: controller.signal }));
        for (let index = 0; index < 3; index++) await log.append(facts(2), 1, synced);
        assert.deepEqual(
          (await following).map((event) => event.position),
          [4],
        );
      });

      test('shows nothing that is not synced', async () => {
        const seen: number[] = [];
        const following = (async () => {
          for await (const event of log.follow({ from: 1, signal: controller.signal })) seen.push(event.position);
        })();
        await log.append(facts(2), 1, synced);
        await log.append(facts(2), 1, unsynced);
        // A read that follows the ring begins later than the follower's, so by its end the follower has had its chance.
        for (let index = 0; index < 20; index++) await positionsOf(log);
        assert.deepEqual(seen, [1, 2]);
        controller.abort();
        await following;
      });

      test('a slow follower gets everything, and keeps nobody from appending', async () => {
        const events = log.follow({ from: 1, signal: controller.signal })[Symbol.asyncIterator]();
        const seen: number[] = [];
        for (let index = 0; index < 30; index++) {
          await log.append(facts(2), 1, synced);
          if (index % 5 === 0) seen.push((await events.next()).value.position);
        }
        while (seen.length < 60) seen.push((await events.next()).value.position);
        assert.deepEqual(seen, numbers(1, 60));
      });

      test('ends when it is called off, waiting or not', async () => {
        await log.append(facts(2), 1, synced);
        const waiting = all(log.follow({ signal: controller.signal }));
        const seen: number[] = [];
        for await (const event of log.follow({ from: 1, signal: controller.signal })) {
          seen.push(event.position);
          controller.abort();
        }
        assert.deepEqual([seen, await waiting], [[1], []]);
        assert.deepEqual(await all(log.follow({ from: 1, signal: controller.signal })), []);
      });

      test('ends when the log is closed, waiting or reading', async () => {
        await log.append(facts(3), 1, synced);
        const waiting = all(log.follow({ signal: controller.signal }));
        const seen: number[] = [];
        for await (const event of log.follow({ from: 1, signal: controller.signal })) {
          seen.push(event.position);
          await log.close();
        }
        assert.deepEqual([seen, await waiting], [[1], []]);
      });
    });

    describe('dropping', () => {
      const checkpoint = restated(initialState());
      /** Batches at 1-3, 4-6 and 7-9, a checkpoint at 10, and a batch at 11-13. */
      beforeEach(async () => {
        for (let index = 0; index < 3; index++) await log.append(facts(3), 100 + index, synced);
        await log.append([checkpoint], 200, synced);
        await log.append(facts(3), 300, synced);
      });
      const isDropped = {
        name: 'LogError',
        code: 'log-dropped',
        message: /^The log no longer holds position \d: it begins at position 10, 1970-01-01T00:00:00\.200Z\.$/,
      };

      test('what is before a checkpoint leaves the rest as it was, and the log begins there', async () => {
        assert.deepEqual(log.oldest, { position: 1, at: 100 });
        const before = await all(log.readStored({ from: 10 }));
        await log.dropBefore(10);
        assert.deepEqual(log.oldest, { position: 10, at: 200 });
        assert.deepEqual(await all(log.readStored()), before);
        assert.deepEqual(await positionsOf(log), numbers(10, 13));
        assert.deepEqual(await positionsOf(log, 12), numbers(11, 13));
        assert.equal((await log.append(facts(1), 300, synced)).first, 14);
      });

      test('is told to whoever asks for what went', async () => {
        await log.dropBefore(10);
        await assert.rejects(positionsOf(log, 9), isDropped);
        await assert.rejects(take(1, log.follow({ from: 1, signal: new AbortController().signal })), isDropped);
        await assert.rejects(log.dropBefore(4), isDropped);
      });

      test('makes room', async () => {
        const [whole, rest] = [await log.size(), await log.size(10)];
        assert.ok(rest <= whole);
        await log.dropBefore(10);
        assert.ok((await log.size()) <= whole);
      });

      test('is for synced checkpoints alone', async () => {
        for (const position of [4, 5, 11]) {
          await assert.rejects(log.dropBefore(position), { name: 'AssertionError', message: /there is none/ });
        }
        await log.append([checkpoint], 400, unsynced);
        await assert.rejects(log.dropBefore(14), { name: 'AssertionError', message: /not synced/ });
        assert.deepEqual(log.oldest, { position: 1, at: 100 });
        await log.sync();
        await log.dropBefore(14);
        assert.deepEqual(await positionsOf(log), [14]);
      });

      test('twice, and again where it begins, changes nothing more', async () => {
        await log.dropBefore(10);
        await log.dropBefore(10);
        await log.append([checkpoint], 400, synced);
        const dropping = log.dropBefore(14);
        await assert.rejects(log.dropBefore(14), { name: 'AssertionError', message: /still being removed/ });
        await dropping;
        assert.deepEqual(await positionsOf(log), [14]);
      });

      test('takes nothing from whoever reads already, and keeps nobody from appending', async () => {
        const reading = log.read()[Symbol.asyncIterator]();
        const seen = [(await reading.next()).value.first];
        const dropping = log.dropBefore(10);
        const { first } = await log.append(facts(2), 300, unsynced);
        await dropping;
        for (let next = await reading.next(); !next.done; next = await reading.next()) seen.push(next.value.first);
        assert.deepEqual([seen, first], [[1, 4, 7, 10, 11], 14]);
        assert.deepEqual([log.synced.position, await positionsOf(log)], [15, numbers(10, 15)]);
      });

      test('is over when the log is closed', async () => {
        const dropping = Promise.allSettled([log.dropBefore(10)]);
        await log.close();
        const [{ status }] = await dropping;
        assert.equal(status, 'fulfilled');
      });
    });

    describe('after closing', () => {
      test('there is nothing to use', async () => {
        await log.append(facts(300), 1, synced);
        await log.append(facts(1), 1, synced);
        const reading = log.read()[Symbol.asyncIterator]();
        await reading.next();
        await log.close();
        const closed = { name: 'LogError', code: 'log-closed' };
        await assert.rejects(reading.next(), closed);
        await assert.rejects(log.append(facts(1), 1, synced), closed);
        await assert.rejects(log.sync(), closed);
        await assert.rejects(positionsOf(log), closed);
        await log.close();
      });

      test('a read that was on its way ends in that error or had its batch', async () => {
        await log.append(facts(3), 1, synced);
        const [read] = await Promise.allSettled([log.read()[Symbol.asyncIterator]().next(), log.close()]);
        assert.equal(read.status === 'fulfilled' ? 'log-closed' : read.reason.code, 'log-closed');
      });

      test('what was appended before is synced', async () => {
        await log.append(facts(2), 1, unsynced);
        await log.close();
        assert.equal(log.synced.position, 2);
      });
    });

    test('takes its catalogue from the codec that it is given', async () => {
      await log.close();
      log = await place.open(createCodec(newerCatalogue));
      const { events } = await log.append([madeUpFact('lamp.broken', { lamp: 'hall' })], 1, synced);
      assert.deepEqual(events[0]?.data as unknown, { lamp: 'hall' });
    });
  });
}
