/** The threads that answer UDP, on real sockets and under real load: what dies, what is busy, what changes, what floods. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { pino } from 'pino';
import { plainUdp } from '../../src/native/udp-batch-plain.ts';
import { systemClock } from '../../src/nodes/clock.ts';
import { createAnswerTable } from '../../src/nodes/dns/table.ts';
import { workerLimits } from '../../src/nodes/dns/workers/limits.ts';
import { createTableReaders } from '../../src/nodes/dns/workers/table-readers.ts';
import { startTableServer, threadsFor } from '../../src/nodes/dns/workers/table-server.ts';
import { openStage, passing, type Stage, steady, zonesWith } from '../dns-stage.ts';
import { query } from '../unit/nodes/dns/demo.ts';

/** How long load lasts, where it must last. */
const loadMs = 3_000;

async function stage(t: TestContext, ...given: Parameters<typeof openStage>): Promise<Stage> {
  const opened = await openStage(...given);
  t.after(() => opened.close());
  return opened;
}

/** Waits for what will become true, one turn of the event loop after another. */
async function until(condition: () => boolean, withinMs = 20_000): Promise<void> {
  for (const start = Date.now(); !condition(); await new Promise((resolve) => setImmediate(resolve))) {
    assert.ok(Date.now() - start < withinMs, `never: ${condition}`);
  }
}

/** Asks `count` questions from a socket each, and resolves to how many were answered within `withinMs`. */
async function askAll(port: number, count: number, packet = (id: number) => query(steady, { id })): Promise<Buffer[]> {
  const asking = Array.from({ length: count }, async (_, id) => {
    const socket = createSocket('udp4');
    socket.send(packet(id), port, '127.0.0.1');
    try {
      const [reply] = (await once(socket, 'message', { signal: AbortSignal.timeout(10_000) })) as [Buffer];
      return [reply];
    } catch {
      return [];
    } finally {
      socket.close();
    }
  });
  return (await Promise.all(asking)).flat();
}

const rcodeOf = (reply: Buffer | undefined) => (reply === undefined ? undefined : reply.readUInt8(3) & 0xf);

describe('as many threads as', () => {
  it('are asked for, or all cores but one, and at least one', () => {
    assert.deepEqual([threadsFor(3, 8), threadsFor(0, 8), threadsFor(0, 1)], [3, 7, 1]);
  });
});

for (const udp of [undefined, plainUdp]) {
  describe(udp === undefined ? 'threads with the best sockets of this machine' : 'threads with plain sockets', () => {
    const options = udp === undefined ? {} : { udp };

    it('answer UDP beside TCP on one port, and each counts its own', async (t) => {
      const { server } = await stage(t, 2, options);
      const [reply] = await askAll(server.port, 1);
      assert.equal(rcodeOf(reply), 0);
      const socket = connect(server.port, '127.0.0.1');
      t.after(() => socket.destroy());
      const packet = query(passing, { id: 9 });
      socket.write(Buffer.concat([Buffer.from([0, packet.length]), packet]));
      const [framed] = (await once(socket, 'data')) as [Buffer];
      assert.equal(framed.readUInt16BE(2), 9);
      assert.deepEqual(server.numbers.queries(), [
        { service: steady, type: 'A', rcode: 'NOERROR', count: 1 },
        { service: passing, type: 'A', rcode: 'NOERROR', count: 1 },
      ]);
      const { received, serving } = server.numbers.threads();
      assert.equal(
        received.reduce((sum, count) => sum + count, 0),
        1,
      );
      assert.equal(serving, server.numbers.threads().kind === 'plain' ? 1 : 2);
    });

    it('answer on while their main thread is blocked', async (t) => {
      const { server, clients } = await stage(t, 1, options);
      const asking = await clients(1);
      await until(() => asking.figures().answered > 100);
      const before = asking.figures();
      const blockedUntil = Date.now() + 2_000;
      while (Date.now() < blockedUntil);
      const during = asking.figures().answered - before.answered;
      const { lost, wrong, slowestMs } = await asking.stop();
      assert.ok(during > 500, `${during} answers in two seconds`);
      assert.deepEqual([lost, wrong], [0, 0]);
      assert.ok(slowestMs < 1_000, `the slowest took ${slowestMs} ms`);
      t.diagnostic(`${during} answers while blocked, the slowest after ${slowestMs} ms`);
      assert.equal(server.pool.deaths, 0);
    });

    it('are replaced when they die, and told of once', async (t) => {
      const { server, lines } = await stage(t, 1, options);
      await server.pool.crash(0);
      await until(() => server.pool.serving === 1);
      assert.equal((await askAll(server.port, 1)).length, 1);
      assert.equal(server.pool.deaths, 1);
      assert.equal(lines.filter((line) => line.includes('a thread that answers DNS died')).length, 1);
    });

    it('end under load within the time of a stop, and give their port back', async (t) => {
      const { server, clients } = await stage(t, 2, options);
      const asking = await clients(1, { giveUpMs: 100 });
      await until(() => asking.figures().answered > 100);
      const startedAt = Date.now();
      await server.close();
      const tookMs = Date.now() - startedAt;
      assert.ok(tookMs < 2_000, `${tookMs} ms`);
      assert.equal(server.pool.serving, 0);
      const { wrong } = await asking.stop();
      assert.equal(wrong, 0);
      const again = createSocket('udp4').bind(server.port, '127.0.0.1');
      await once(again, 'listening');
      again.close();
    });
  });
}

describe('a thread that begins', () => {
  it('knows what was published and laid out while it began', async (t) => {
    const readers = createTableReaders(createAnswerTable(zonesWith(10), 0), 2);
    const logger = pino({ level: 'silent' });
    const starting = startTableServer({ listenAddress: '127.0.0.1:0', readers, clock: systemClock(), chance: Math.random, logger });
    let isStarted = false;
    void starting.then(() => {
      isStarted = true;
    });
    let position = 0;
    // The last of them comes before the threads serve, and nothing after it would tell them.
    while (!isStarted && position < 20) {
      position += 1;
      readers.writer.replaceZones(zonesWith(10 + position), position, position);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const server = await starting;
    t.after(() => server.close());
    const packet = (id: number) => query(`name-${9 + position}.example.com`, { id });
    const replies = await askAll(server.port, 20, packet);
    assert.deepEqual([...new Set(replies.map(rcodeOf))], [2], 'the name is there, and has no answer yet');
    assert.ok(position > 1);
  });
});

describe('a thread that died', () => {
  it('leaves what its socket holds to the next one, which answers all of it', async (t) => {
    const { server } = await stage(t, 1);
    if (server.numbers.threads().kind === 'plain') return t.skip('plain sockets die with their thread');
    await server.pool.crash(0);
    assert.equal(server.pool.serving, 0, 'nobody answers yet');
    assert.equal((await askAll(server.port, 60)).length, 60);
  });

  it('costs no more than the questions in its hands, however often it happens', async (t) => {
    const { server, clients } = await stage(t, 2);
    const asking = await clients(1, { sockets: 24 });
    await until(() => asking.figures().answered > 100);
    const crashes = 6;
    for (let crash = 0; crash < crashes; crash += 1) {
      const { answered } = asking.figures();
      await server.pool.crash(Math.random() < 0.5 ? 0 : 1);
      await until(() => asking.figures().answered > answered + 200 && server.pool.serving === 2);
    }
    const { answered, lost, wrong } = await asking.stop();
    t.diagnostic(`${answered} answered, ${lost} lost with ${crashes} threads`);
    assert.equal(server.pool.deaths, crashes);
    assert.equal(wrong, 0);
    // One question at a time on each of the sockets can be in a dead thread's hands.
    assert.ok(lost <= crashes * Math.min(24, workerLimits.slots), `${lost} lost`);
    assert.ok(answered > 100 * lost, `${answered} answered, ${lost} lost`);
  });
});

describe('while everything changes', () => {
  it('each answer was true between its question and its reply, whatever is published, grows, comes and goes', async (t) => {
    const { clients, publishNext, replaceZones, readers, server } = await stage(t, 2);
    const asking = await clients(1);
    const bytes = readers.writer.size().bufferBytes;
    const endAt = Date.now() + loadMs;
    let rounds = 0;
    for (let names = 10; Date.now() < endAt; rounds += 1) {
      for (let count = 0; count < 50; count += 1) publishNext();
      if (rounds % 5 === 4) replaceZones(zonesWith((names += 200), rounds % 2 === 0));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { answered, lost, wrong } = await asking.stop();
    t.diagnostic(`${rounds} rounds of 50 publications, ${answered} answers`);
    assert.deepEqual([lost, wrong, server.numbers.failed()], [0, 0, 0]);
    assert.ok(answered > 1_000 && rounds > 10, `${answered} answers in ${rounds} rounds`);
    assert.ok(readers.writer.size().bufferBytes > bytes, 'the table grew');
  });

  it('a flood of garbage costs honest clients nothing', async (t) => {
    const { clients, server } = await stage(t, 1);
    const asking = await clients(1, { sockets: 2 });
    const flood = await clients(1, { kind: 'garbage', sockets: 2 });
    await until(() => asking.figures().answered > 1_000 && flood.figures().asked > 20_000, 60_000);
    const { asked } = await flood.stop();
    const { answered, lost, wrong } = await asking.stop();
    t.diagnostic(`${asked} packets of garbage, ${answered} answers`);
    assert.deepEqual([lost, wrong, server.numbers.failed()], [0, 0, 0]);
  });
});

describe('the query log', () => {
  it('holds what was sampled: the question, the rcode, the draw and the publication', async (t) => {
    const { server, lines, readers } = await stage(t, 1, { sample: 1 });
    await askAll(server.port, 1, (id) => query('STEADY.example.com', { id }));
    await askAll(server.port, 1, (id) => query('no\nne.example.com', { id }));
    const logged = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === 'query');
    await until(() => logged().length === 2);
    const [first = {}, second = {}] = logged();
    const { number, position } = readers.writer.publication;
    const { name, type, rcode, draw, publication, position: at, transport, worker, client } = first;
    assert.deepEqual(
      { name, type, rcode, draw, publication, at },
      { name: steady, type: 'A', rcode: 'NOERROR', draw: 0, publication: number, at: position },
    );
    assert.deepEqual([transport, worker, String(client).split(':')[0]], ['udp', 0, '127.0.0.1']);
    assert.deepEqual([second.name, second.rcode, second.draw], ['no\\010ne.example.com', 'NXDOMAIN', undefined]);
  });
});
