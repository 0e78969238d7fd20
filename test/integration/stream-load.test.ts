/**
 * Fifty consumers at once under two thousand events a second: who reads gets everything in order, who does not is cut
 * off and goes on from where the reason says, and the node's memory and pace stay what they were.
 */
import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { test } from 'node:test';
import WebSocket from 'ws';
import { apiLimits } from '../../src/nodes/api/limits.ts';
import { systemClock } from '../../src/nodes/clock.ts';
import { a, b, checked, oneDomain, unchecked, updated } from '../given.ts';
import { type RunningStream, runStream } from './running-stream.ts';

const eventsPerSecond = 2_000;
const seconds = 3;
const tickMs = 20;
const mebibyte = 1024 * 1024;

interface Reader {
  readonly socket: WebSocket;
  readonly positions: number[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

/** Keeps positions alone, read off the beginning of the line, so that fifty of them fit beside the node. */
function read(port: number, query: string, address: string): Promise<Reader> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/events/stream?${query}`, { localAddress: address });
  const positions: number[] = [];
  socket.on('message', (bytes: Buffer) => {
    const [, position] = /^\{"position":(\d+),/.exec(bytes.toString('latin1', 0, 40)) ?? [];
    if (position !== undefined) positions.push(Number(position));
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  return new Promise((resolve, reject) => socket.on('open', () => resolve({ socket, positions, closed })).on('error', reject));
}

async function waitFor(what: string, holds: () => boolean): Promise<void> {
  for (const until = Date.now() + 30_000; !holds(); ) {
    assert(Date.now() < until, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Many small facts, and now and then one that is large. */
async function load({ engine, log }: RunningStream): Promise<{ readonly small: number; readonly large: number }> {
  const large = updated(a, { host: 'x'.repeat(512 * 1024) });
  const small = checked(b, 'ok');
  const began = Date.now();
  const before = log.end.position;
  const counts = { small: 0, large: 0 };
  while (counts.small < eventsPerSecond * seconds) {
    const due = Math.min(eventsPerSecond * seconds, Math.floor(((Date.now() - began) / 1000) * eventsPerSecond));
    for (; counts.small < due; counts.small += 1) engine.observe(small);
    if (counts.large < (Date.now() - began) / 100) {
      engine.observe(large);
      counts.large += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  await waitFor('everything is appended', () => log.synced.position === before + counts.small + counts.large);
  return counts;
}

test('fifty consumers, ten of which do not read', { timeout: 120_000 }, async (t) => {
  const running = await runStream(t, { clock: systemClock(), configuration: oneDomain([a, b], {}, unchecked) });
  const address = (number: number) => `127.0.0.${2 + (number % 5)}`;
  const first = running.log.synced.position + 1;
  const numbers = (count: number) => Array.from({ length: count }, (_, number) => number);
  const filtered = await Promise.all(numbers(36).map((number) => read(running.port, 'type=validation.recorded', address(number))));
  const whole = await Promise.all(numbers(4).map((number) => read(running.port, `from=${first}`, address(number))));
  const slow = await Promise.all(numbers(10).map((number) => read(running.port, `from=${first}`, address(number))));
  for (const { socket } of slow) socket.pause();

  const memory = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const memoryBefore = memory();
  let memoryMost = 0;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const watching = setInterval(() => {
    memoryMost = Math.max(memoryMost, memory() - memoryBefore);
  }, 50);
  const began = Date.now();
  const counts = await load(running);
  const tookMs = Date.now() - began;
  clearInterval(watching);
  delay.disable();
  t.diagnostic(`${counts.small + counts.large} events in ${tookMs} ms, event loop late by at most ${Math.round(delay.max / 1e6)} ms`);
  t.diagnostic(`memory grew by at most ${Math.round(memoryMost / mebibyte)} MiB, consumers included`);

  const last = running.log.synced.position;
  const everything = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  for (const reader of whole) {
    await waitFor('a fast consumer has everything', () => reader.positions.at(-1) === last);
    assert.deepEqual(reader.positions, everything);
  }
  for (const reader of filtered) {
    await waitFor('a filtered consumer has its events', () => reader.positions.length >= counts.small);
    assert.equal(reader.positions.length, counts.small);
    assert(reader.positions.every((position, index) => index === 0 || position > (reader.positions[index - 1] as number)));
  }
  assert.equal(running.engine.dropped, 0, 'the node took in everything');
  // What each of the slow may leave unread, the same again for the consumers' side of it and the log, and garbage that waits.
  const allowed = 2 * slow.length * (apiLimits.streamUnsentBytesMax + mebibyte) + 64 * mebibyte;
  assert(memoryMost < allowed, `memory grew by ${memoryMost} of ${allowed} bytes`);

  for (const reader of slow) {
    reader.socket.resume();
    const { code, reason } = await reader.closed;
    assert.equal(code, 1013);
    assert.match(reason, /^\d+$/);
    assert.equal(reader.positions.at(-1), Number(reason) - 1, 'the reason is the position after the last that came');
    assert(Number(reason) <= last, 'it was cut off while events came');
    const rest = await read(running.port, `from=${reason}`, '127.0.0.9');
    await waitFor('the rest is there', () => rest.positions.at(-1) === last);
    assert.deepEqual([...reader.positions, ...rest.positions], everything, 'no gap and no duplicate');
    rest.socket.close();
    await rest.closed;
  }
  for (const { socket } of [...filtered, ...whole]) socket.close();
  await Promise.all([...filtered, ...whole].map(({ closed }) => closed));
});
