import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { createBell } from '../../../src/events/bell.ts';

test('everybody who waits is woken by one ring, and leaves nothing behind', async () => {
  const bell = createBell();
  const { signal } = new AbortController();
  const waiting = [bell.heard(signal), bell.heard(signal)];
  bell.ring();
  await Promise.all(waiting);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a ring that was before is not heard', async () => {
  const bell = createBell();
  const controller = new AbortController();
  bell.ring();
  let isHeard = false;
  const hearing = bell.heard(controller.signal).then(() => {
    isHeard = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isHeard, false);
  controller.abort();
  await hearing;
});

test('who is called off stops waiting, at once where that was before', async () => {
  const bell = createBell();
  const controller = new AbortController();
  const waiting = bell.heard(controller.signal);
  controller.abort();
  await waiting;
  await bell.heard(controller.signal);
});
