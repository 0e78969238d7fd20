import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveScreen, picturedProgress, plainScreen } from '../../../src/cli/demo-screen.ts';
import type { DemoEvent } from '../../../src/nodes/demo/demo.ts';
import { emptyProgress, noteProgress } from '../../../src/nodes/demo/progress.ts';
import { warmUp } from '../../../src/nodes/demo/scenario.ts';
import { answer, failed, one, served, two } from '../nodes/demo/entries.ts';

const seen = (entry: Extract<DemoEvent, { kind: 'seen' }>['entry']): DemoEvent => ({ kind: 'seen', entry });
const { name, deed, answer: wanted } = warmUp;
const ended = (missing: string | null): DemoEvent => ({
  kind: 'step-ended',
  outcome: { name, deed, answer: wanted, startedAt: 0, endedAt: 1_500, ok: missing === null, missing },
});

/** The lines that these events give, each without its time. */
function linesOf(...events: readonly DemoEvent[]): string[] {
  const lines: string[] = [];
  const screen = plainScreen(
    (line) => lines.push(line),
    () => 0,
  );
  for (const event of events) screen.show(event);
  return lines.map((line) => line.replace(/^ +0\.0 s {2}/, ''));
}

test('without a terminal there is one line a step', () => {
  assert.deepEqual(linesOf({ kind: 'step-began', step: warmUp, at: 0 }, ended(null), ended('nothing was seen')), [
    'step warm-up: the client begins to ask',
    'step warm-up: seen by the client after 1.500 s',
    'step warm-up: NOT SEEN, nothing was seen',
  ]);
});

test('what changes is told once, and again when it has changed back', () => {
  const lines = linesOf(
    seen(answer(1, [two, one])),
    seen(answer(2, [one, two])),
    seen(served(3, one)),
    seen(failed(4, two)),
    seen(failed(5, two)),
    seen(served(6, one)),
    seen(served(7, two)),
    seen(answer(8, [one])),
    seen(served(9, two, true)),
  );
  assert.deepEqual(lines, [
    'client: DNS answers 127.0.0.21 127.0.0.22',
    'client: web1 serves',
    'client: web2 fails: refused',
    'client: web2 serves',
    'client: DNS answers 127.0.0.21',
    'client: web2 itself answers 200',
  ]);
});

test('the overwatch is told apart from the client', () => {
  const standings = [{ address: two, status: 'down', reason: 'connection refused' }];
  assert.deepEqual(linesOf({ kind: 'standings', standings }, { kind: 'standings', standings }), [
    'overwatch: web2 is down: connection refused',
  ]);
});

test('lines carry the seconds since the start', () => {
  const lines: string[] = [];
  let now = 5_000;
  const screen = plainScreen(
    (line) => lines.push(line),
    () => now,
  );
  now = 8_140;
  screen.show({ kind: 'stopping' });
  assert.deepEqual(lines, ['  3.1 s  the overwatch is stopped, and its log is replayed']);
});

test('the picture holds servers, the answer and its age, requests and steps', () => {
  const progress = emptyProgress();
  const standings = [{ address: two, status: 'down', reason: 'connection refused '.repeat(10) }];
  for (const event of [
    { kind: 'standings', standings },
    { kind: 'step-began', step: warmUp, at: 0 },
    seen(answer(1_000, [two, one])),
    seen(served(1_100, one)),
    seen(failed(1_200, two)),
  ] satisfies DemoEvent[]) {
    noteProgress(progress, event);
  }
  const at = (moment: number) => picturedProgress(progress, moment, 100);
  const picture = at(1_500);
  assert.match(picture, /^web1 +127\.0\.0\.21 +- +1 +0$/m);
  assert.match(picture, /^web2 +127\.0\.0\.22 +down +(connection refused )+.*\.\.\. +0 +1$/m);
  assert.match(picture, /DNS answer +127\.0\.0\.21 127\.0\.0\.22 +TTL 2 s, 0\.500 s old/);
  assert.match(at(3_000), /TTL 2 s, expired/);
  assert.match(picture, /requests +2, 1 failed/);
  assert.match(picture, /^\.\.\. +the client begins to ask 1\.500 s$/m);
  assert.ok(
    picture.split('\n').every((line) => line.length <= 100),
    'no line is wider than the terminal',
  );
  noteProgress(progress, ended(null));
  assert.match(at(1_500), /^ok +the client begins to ask: seen by the client after 1\.500 s$/m);
});

test('a picture is drawn over the one before, and the cursor comes back at the end', () => {
  const written: string[] = [];
  const stream = { columns: 100, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  const screen = liveScreen(stream, () => 0);
  screen.note('to try\n');
  screen.close();
  screen.close();
  const [first, second, last] = written;
  assert.equal(written.length, 3, 'closing twice is closing once');
  const height = first?.match(/\n/g)?.length ?? 0;
  assert.ok(first?.startsWith('\x1b[?25l\x1b[0Jto try\n'));
  assert.ok(second?.startsWith(`\r\x1b[${height - 1}A\x1b[0J`), 'what was noted stays');
  assert.equal(last, '\x1b[?25h');
});
