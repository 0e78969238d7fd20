/** The stream of events over real WebSockets, from a real log: what comes, in which order, and how it ends. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { describe, test } from 'node:test';
import { apiLimits } from '../../src/nodes/api/limits.ts';
import { virtualClock } from '../../src/nodes/clock.ts';
import { a, app, b, c, checked, clearingOverride, oneDomain, order, registered, settingOverride, unchecked, updated } from '../given.ts';
import { type Consumer, consume, type Frame, isChange, isEvent, type RunningStream, runStream } from './running-stream.ts';

const start = Date.UTC(2026, 10, 21, 3, 12);
const configuration = oneDomain([a, b], { answers: 'all' }, unchecked);

const positions = (frames: readonly Frame[]) => frames.filter(isEvent).map(({ position }) => position);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const reached = (position: number) => (frames: readonly Frame[]) => positions(frames).at(-1) === position;

async function observed(
  { engine, log }: RunningStream,
  ...facts: readonly Parameters<RunningStream['engine']['observe']>[0][]
): Promise<void> {
  const expected = log.end.position + facts.length;
  for (const fact of facts) engine.observe(fact);
  while (log.end.position < expected) await new Promise((resolve) => setImmediate(resolve));
  await log.sync();
}

/** Restates everything and drops what was before: the position at which the log begins now. */
async function droppedUpToNow({ engine, log }: RunningStream): Promise<number> {
  await engine.execute(order({ kind: 'takeCheckpoint' }));
  await log.dropBefore(log.end.position);
  return log.oldest.position;
}

describe('events', () => {
  test('without a position the stream begins with what comes next, and every event is what the log holds', async (t) => {
    const running = await runStream(t, { clock: virtualClock(start), configuration });
    const first = running.log.synced.position + 1;
    const consumer = await running.open();
    await consumer.until(() => true);
    await running.engine.execute(order(settingOverride(a, 'down')));
    await running.engine.execute(order(clearingOverride(a)));
    const frames = await consumer.until(reached(first + 1));
    const stored = [];
    for await (const batch of running.log.read({ from: first })) stored.push(...batch.events);
    assert.deepEqual(frames, JSON.parse(JSON.stringify(stored)));
    await consumer.end();
  });

  test('from the past into the present without a gap, for consumers that begin everywhere while events come', async (t) => {
    const running = await runStream(t, { clock: virtualClock(start), configuration });
    const base = running.log.synced.position;
    const consumers: [number, Consumer][] = [];
    for (let turn = 0; turn < 12; turn += 1) {
      await observed(running, ...range(1, 100).map(() => checked(a, 'ok')));
      const from = turn % 3 === 0 ? 1 : base + turn * 50;
      consumers.push([from, await running.open(`from=${from}`)]);
    }
    const last = running.log.synced.position;
    assert.equal(last, base + 1_200);
    for (const [from, consumer] of consumers) {
      const frames = await consumer.until(reached(last));
      assert.deepEqual(positions(frames), range(from, last), `from ${from}`);
      assert.equal(frames.length, last - from + 1, 'and nothing else');
      await consumer.end();
    }
  });

  test('a filtered stream has only what was asked for, and says by bookmarks how far it looked', async (t) => {
    const clock = virtualClock(start);
    const running = await runStream(t, { clock, configuration });
    const byType = await running.open('from=1&type=override.set');
    const byService = await running.open('from=1&service=OTHER.example.com.');
    const unfiltered = await running.open('from=1');
    await running.engine.execute(order(settingOverride(a, 'down')));
    await observed(running, checked(a, 'ok'));
    const last = running.log.synced.position;
    await unfiltered.until(reached(last));
    assert.deepEqual(positions(await byType.until((frames) => frames.length > 0)), [last - 1]);
    await clock.moveTo(start + 5_000);
    assert.deepEqual((await byType.until((frames) => frames.length > 1)).at(-1), { bookmark: last });
    assert.deepEqual(await byService.until((frames) => frames.length > 0), [{ bookmark: last }]);
    assert.equal(unfiltered.frames.length, last, 'whoever gets everything needs no bookmarks');
    for (const consumer of [byType, byService, unfiltered]) await consumer.end();
  });
});

test('the past waits for whoever reads slowly, and is not gathered in memory', async (t) => {
  const running = await runStream(t, { clock: virtualClock(start), configuration });
  const halfMebibyte = 'x'.repeat(512 * 1024);
  const batches = 60;
  for (const _ of range(1, batches)) await observed(running, updated(a, { host: halfMebibyte }));
  const first = running.log.synced.position + 1 - batches;
  // Far enough from the end that nobody is taken for one who has caught up.
  await observed(running, ...range(1, 500).map(() => checked(a, 'ok')));
  const last = running.log.synced.position;
  const slow = await running.open(`from=${first}`);
  slow.socket.pause();
  const fast = await running.open(`from=${first}`);
  await fast.until(reached(last));
  const read = running.batchesRead() - batches;
  assert(read < 0.7 * batches, `${read} of ${batches} batches were read for one who reads nothing`);
  slow.socket.resume();
  assert.deepEqual(positions(await slow.until(reached(last))), range(first, last));
  for (const consumer of [slow, fast]) await consumer.end();
});

describe('changes', () => {
  /** A server goes down by an override that runs out, and one by hand. */
  async function incident(running: RunningStream, clock: ReturnType<typeof virtualClock>): Promise<void> {
    await running.engine.execute(order(settingOverride(a, 'down', { expiresInMs: 60_000 })));
    await clock.moveTo(start + 61_000);
    await running.engine.execute(order(settingOverride(b, 'drain')));
  }
  const isDone = (frames: readonly Frame[]) => frames.filter(isChange).length === 6;

  test('come behind the event that they follow, and those of a deadline when it passes', async (t) => {
    const clock = virtualClock(start);
    const running = await runStream(t, { clock, configuration });
    const consumer = await running.open('changes=true');
    const first = running.log.synced.position + 1;
    await running.engine.execute(order(settingOverride(a, 'down', { expiresInMs: 60_000 })));
    await consumer.until((frames) => frames.length === 3);
    await clock.moveTo(start + 61_000);
    await consumer.until((frames) => frames.length === 5);
    const told = consumer.frames.map((frame) => (isChange(frame) ? { ...frame, change: { ...frame.change } } : positions([frame])[0]));
    const both = { A: { tier: 'fit', addresses: [a, b].map((address) => ({ address, share: 1 })) } };
    const onlyB = { A: { tier: 'fit', addresses: [{ address: b, share: 1 }] } };
    const server = { kind: 'server', service: app, address: a, port: 80 };
    const at = { position: first, at: start };
    const later = { position: first, at: start + 60_000 };
    assert.deepEqual(told, [
      first,
      { change: { ...server, from: 'up', to: 'down', reason: 'because' }, ...at },
      { change: { kind: 'answer', service: app, from: both, to: onlyB }, ...at },
      { change: { ...server, from: 'down', to: 'up', reason: 'registered, and nothing checks it' }, ...later },
      { change: { kind: 'answer', service: app, from: onlyB, to: both }, ...later },
    ]);
    await consumer.end();
  });

  test('are the same for whoever asks for them later, from what is kept and folded again', async (t) => {
    const clock = virtualClock(start);
    const running = await runStream(t, { clock, configuration });
    const first = running.log.synced.position + 1;
    const live = await running.open('changes=true');
    await incident(running, clock);
    await live.until(isDone);
    const kept = await running.open(`from=${first}&changes=true`);
    assert.deepEqual(await kept.until(isDone), live.frames);
    const resumed = await running.open(`from=${first + 1}&changes=true`);
    const rest = await resumed.until((frames) => frames.length === 5);
    assert.deepEqual(rest, live.frames.slice(3), 'what a deadline changed after the last event that was seen comes first');
    await resumed.end();
    const folded = await running.open('from=1&changes=true');
    const seen = await folded.until((frames) => frames.filter(isChange).length > 6 && isEvent(frames.at(-3) as Frame));
    assert.deepEqual(seen.slice(-live.frames.length), live.frames, 'the end of a whole fold');
    for (const consumer of [live, kept, folded]) await consumer.end();
  });

  test('of a past that begins with a checkpoint are those that came after it: what stood then is no change', async (t) => {
    const clock = virtualClock(start);
    const running = await runStream(t, { clock, configuration, changesBytesMax: 1 });
    const begin = await droppedUpToNow(running);
    await incident(running, clock);
    const consumer = await running.open(`from=${begin}&changes=true`);
    const frames = await consumer.until(isDone);
    assert.deepEqual(positions(frames), range(begin, begin + 2));
    assert.ok(frames.findIndex(isChange) > 1, 'none by the checkpoint');
    await consumer.end();
  });

  test('more of them than are kept are folded again, and go over into what is kept and what comes', async (t) => {
    const changesBytesMax = 20_000;
    const running = await runStream(t, { clock: virtualClock(start), configuration, changesBytesMax });
    const first = running.log.synced.position + 1;
    const many = range(1, 40);
    await observed(running, ...many.map((number) => registered(`10.0.0.${number}`)));
    const late = await running.open(`from=${first}&changes=true`);
    await late.until(reached(first + many.length - 1));
    await running.engine.execute(order(settingOverride(b, 'down')));
    const frames = await late.until((seen) => seen.length === 3 * (many.length + 1));
    const told = frames.map((frame) => ('position' in frame ? [frame.position, isChange(frame) ? frame.change.kind : 'event'] : []));
    const each = range(first, first + many.length).flatMap((position) => ['event', 'server', 'answer'].map((kind) => [position, kind]));
    assert.deepEqual(told, each);
    const changedBytes = frames.filter(isChange).reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
    assert(changedBytes > 3 * changesBytesMax, 'more than are kept');
    await late.end();
  });

  test('a consumer whose changes are gone before it could have them is told where to go on', async (t) => {
    const running = await runStream(t, { clock: virtualClock(start), configuration, changesBytesMax: 2_000 });
    const live = await running.open('changes=true');
    await observed(running, ...range(1, 40).map((number) => registered(`10.0.0.${number}`)));
    const { code, reason } = await live.closed;
    assert.equal(code, 1013);
    const rest = await running.open(`from=${reason}&changes=true`);
    await rest.until(reached(running.log.synced.position));
    assert.deepEqual(
      [...positions(live.frames), ...positions(rest.frames)],
      range(3, 42).map((position) => position + 1),
    );
    await rest.end();
  });

  test('of other services are left out of a stream about one', async (t) => {
    const running = await runStream(t, { clock: virtualClock(start), configuration });
    const consumer = await running.open('changes=true&service=other.example.com');
    await running.engine.execute(order(settingOverride(a, 'down')));
    await observed(running, registered(c, { service: 'other.example.com' }));
    const frames = await consumer.until((seen) => seen.length === 2);
    assert.deepEqual(frames.map((frame) => (isChange(frame) ? frame.change.service : frame)).slice(1), ['other.example.com']);
    await consumer.end();
  });
});

describe('a stream is refused or ended with a reason', () => {
  const refusals: readonly (readonly [query: string, code: number, reason: RegExp])[] = [
    ['type=override.gone', 4400, /^query\.type: expected the type of an event$/],
    ['from=0', 4400, /^query\.from: expected a position from 1 on$/],
    ['from=-20', 4400, /^query\.from/],
    ['from=1e3', 4400, /^query\.from/],
    ['service=not%20a%20name', 4400, /^query\.service: expected a DNS name/],
    ['changes=yes', 4400, /^query\.changes: expected true or false$/],
    ['form=1', 4400, /form/],
    ['type=a&type=b', 4400, /^query\.type/],
    [`service=${'x'.repeat(5_000)}`, 4400, /^query\.service/],
    ['from=999', 4400, /^query\.from: the log ends at \d+$/],
    ['from=1', 4410, /^4$/],
    ['from=3&changes=true', 4410, /^4$/],
  ];
  test('a wrong filter, a place that is not there, and one that is no longer there', async (t) => {
    const running = await runStream(t, { clock: virtualClock(start), configuration });
    assert.equal(await droppedUpToNow(running), 4);
    for (const [query, code, reason] of refusals) {
      const consumer = await running.open(query);
      const closed = await consumer.closed;
      assert.equal(closed.code, code, query);
      assert.match(closed.reason, reason, query);
    }
    const whole = await running.open('from=4');
    await whole.until(reached(4));
    await whole.end();
  });

  test('what is given up while it is being read', async (t) => {
    const running = await runStream(t, { clock: virtualClock(start), configuration, goneBefore: 1_000 });
    await observed(running, ...range(1, 996).map(() => checked(a, 'ok')));
    await observed(running, checked(b, 'ok'));
    const consumer = await running.open('from=500');
    assert.deepEqual(await consumer.closed, { code: 4410, reason: '1000' });
    assert.equal(consumer.frames.length, 0);
  });

  test('what is dropped before it is read', async (t) => {
    let drop: Promise<number> | undefined;
    const beforeRead = () => (drop ??= droppedUpToNow(running));
    const running: RunningStream = await runStream(t, { clock: virtualClock(start), configuration, beforeRead });
    await observed(running, ...range(1, 300).map(() => checked(a, 'ok')));
    const consumer = await running.open('from=1');
    assert.deepEqual(await consumer.closed, { code: 4410, reason: String(await drop) });
  });

  test('by the same door as every route: address, page, token', async (t) => {
    const running = await runStream(t, { clock: virtualClock(start), configuration });
    const refused = (headers: Record<string, string>) =>
      assert.rejects(running.open('', { headers }), /refused with 403/, JSON.stringify(headers));
    await refused({ origin: 'http://evil.example' });
    await refused({ host: 'rebound.example' });
    await refused({ origin: 'null' });
    await (await running.open('', { headers: { origin: `http://127.0.0.1:${running.port}` } })).end();

    const tokens = [{ name: 'grafana', role: 'viewer' as const, kind: 'tool' as const, token: 'a-token-of-some-length-0123456789' }];
    const guarded = await runStream(t, { clock: virtualClock(start), configuration, tokens });
    await assert.rejects(guarded.open(), /refused with 401/);
    await (await guarded.open('', { headers: { authorization: `Bearer ${tokens[0]?.token}` } })).end();
  });

  test('too many from one address, until one is closed', async (t) => {
    const running = await runStream(t, { clock: virtualClock(start), configuration });
    const open = await Promise.all(range(1, apiLimits.streamsPerAddressMax).map(() => running.open()));
    await assert.rejects(running.open(), /refused with 429/);
    await (await running.open('', { from: '127.0.0.9' })).end();
    await open[0]?.end();
    let again: Consumer | undefined;
    while (again === undefined) again = await running.open().catch(() => undefined);
    for (const consumer of [...open.slice(1), again]) await consumer.end();
  });

  test('the node stops: 1001, also for a peer that does not answer', async (t) => {
    const clock = virtualClock(start);
    const running = await runStream(t, { clock, configuration });
    const polite = await running.open();
    const stuck = await running.open();
    stuck.socket.pause();
    const closing = running.close();
    assert.deepEqual(await polite.closed, { code: 1001, reason: 'the node is stopping' });
    await clock.moveTo(start + apiLimits.closeMs);
    await closing;
    stuck.socket.resume();
    await stuck.closed;
  });

  test('a peer that gives no sign of life is left; one that does stays', async (t) => {
    const clock = virtualClock(start);
    const running = await runStream(t, { clock, configuration });
    const [alive, silent] = [await running.open(), await running.open()];
    silent.socket.pause();
    let pings = 0;
    alive.socket.on('ping', () => (pings += 1));
    for (let passed = apiLimits.streamTickMs; passed <= 2 * apiLimits.streamSilentMsMax; passed += apiLimits.streamTickMs) {
      const before = pings;
      await clock.moveTo(start + passed);
      while (pings === before && alive.socket.readyState === alive.socket.OPEN) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    silent.socket.resume();
    assert.equal((await silent.closed).code, 1006, 'cut off without a word');
    assert.equal(alive.socket.readyState, alive.socket.OPEN);
    await alive.end();
  });

  test('what a client sends is passed over, and too much of it ends the stream', async (t) => {
    const running = await runStream(t, { clock: virtualClock(start), configuration });
    const consumer = await running.open();
    consumer.socket.send('hello');
    await running.engine.execute(order(settingOverride(a, 'down')));
    await consumer.until((frames) => frames.length === 1);
    consumer.socket.send('x'.repeat(apiLimits.streamMessageBytesMax + 1));
    assert.equal((await consumer.closed).code, 1009);
  });
});

describe('what else asks for another protocol', () => {
  const upgrade = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
  function ask(port: number, method: string, path: string, headers: Record<string, string>): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      asked.on('error', reject).end(headers['content-length'] === undefined ? undefined : '{}');
    });
  }

  test('is answered as if it had not, and plain HTTP is told what the stream is', async (t) => {
    const { port } = await runStream(t, { clock: virtualClock(start), configuration });
    assert.equal((await ask(port, 'GET', '/api/v1/overrides', upgrade)).status, 200);
    assert.equal((await ask(port, 'GET', '/api/v1/nothing', upgrade)).status, 404);
    const withBody = await ask(port, 'PUT', `/api/v1/overrides/${app}/${a}`, { ...upgrade, 'content-length': '2' });
    assert.equal(withBody.status, 400);
    const plain = await ask(port, 'GET', '/api/v1/events/stream', {});
    assert.deepEqual([plain.status, (JSON.parse(plain.body) as { reason: string }).reason], [426, 'upgrade-required']);
    assert.equal((await ask(port, 'GET', '/api/v1/events/stream', upgrade)).status, 426);
  });

  test('a WebSocket elsewhere is answered as plain HTTP', async (t) => {
    const { port } = await runStream(t, { clock: virtualClock(start), configuration });
    const elsewhere = consume(`ws://127.0.0.1:${port}/api/v1/overrides`);
    await assert.rejects(elsewhere.opened, /refused with 200/);
  });
});
