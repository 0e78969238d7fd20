/** Real threads read the shared table while its writer changes, grows and replaces it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import type { TableBuffers } from '../../src/nodes/dns/table/reader.ts';
import { createTableWriter } from '../../src/nodes/dns/table/writer.ts';
import { createAnswerTable } from '../../src/nodes/dns/table.ts';
import { zoneSet } from '../../src/nodes/dns/zones.ts';
import { threadFileBeside } from '../../src/nodes/thread-file.ts';
import { serviceName, versionedAnswer } from '../table-versions.ts';
import { configure } from '../unit/nodes/dns/demo.ts';

const services = 48;
const readers = 2;
/** Changes at least, and questions of each reader at least. */
const changesMin = 4_000;
const askedMin = 20_000;

/** The zone with some names more: replacing the zones changes every place in the buffer. */
const zonesWith = (more: number) => {
  const records = Array.from({ length: more }, (_, index) => ({ name: `more${index}`, type: 'TXT', text: 'x'.repeat(100) }));
  const domains = Array.from({ length: services }, (_, service) => serviceName(service));
  return zoneSet(configure({ zones: [{ name: 'versions.example', records }] }, domains), '192.0.2.53:53');
};

describe('readers on other threads', () => {
  it('only see whole answers, each one valid at some moment between the question and the reply', async () => {
    const versions = new Int32Array(new SharedArrayBuffer(4 * 2 * services));
    const progress = new Int32Array(new SharedArrayBuffer(4 * (readers + 1)));
    const ports = Array.from({ length: readers }, () => new MessageChannel());
    const source = createAnswerTable(zonesWith(0), 0);
    const first = Array.from({ length: services }, (_, service) => versionedAnswer(service, 1));
    source.publish(first, 0);
    versions.fill(1);
    const onBuffers = (buffers: TableBuffers) => {
      for (const { port1 } of ports) port1.postMessage(buffers);
    };
    const writer = createTableWriter(source, { workers: readers, onBuffers });

    const workers = ports.map(({ port2 }, worker) => {
      const place = { control: writer.control, workers: readers, worker };
      return new Worker(threadFileBeside(new URL('..', import.meta.url).href.concat('here.ts'), 'table-reader-thread'), {
        workerData: { place, buffers: writer.buffers(), port: port2, versions: versions.buffer, progress: progress.buffer },
        transferList: [port2],
      });
    });
    const verdicts = ports.map(({ port1 }) => new Promise<string>((resolve) => port1.once('message', resolve)));
    const failed = workers.map((worker) => new Promise<never>((_, reject) => worker.once('error', reject)));
    const stopped = Promise.race([Promise.all(verdicts), ...failed]);
    // Each has begun when it has asked something; one that cannot begin ends this with its error.
    while (progress.subarray(0, readers).includes(0)) await Promise.race([new Promise((resolve) => setImmediate(resolve)), ...failed]);

    const began = writer.buffers().generation;
    const askedBefore = [...progress];
    const enough = () => [...progress].slice(0, readers).every((count, worker) => count - (askedBefore[worker] as number) >= askedMin);
    let isOver = false;
    void stopped.finally(() => (isOver = true)).catch(() => {});
    for (let version = 2; !isOver && (version < changesMin || !enough()); version += 1) {
      const service = (version * 7) % services;
      Atomics.store(versions, service, version);
      writer.publish([versionedAnswer(service, version)], version * 10);
      Atomics.store(versions, services + service, version);
      if (version % 500 === 0) writer.replaceZones(zonesWith((version / 500) % 7), version * 10);
      // The readers' last words are messages, and those come between two turns.
      if (version % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    Atomics.store(progress, readers, 1);
    assert.deepEqual(
      await stopped,
      Array.from({ length: readers }, () => 'done'),
    );
    await Promise.all(workers.map((worker) => worker.terminate()));
    assert.ok(writer.buffers().generation > began + 5, 'buffers were replaced while they were read');
    writer.publish([], 1e9);
    assert.equal(writer.size().retiredBlocks, 0, 'what nobody reads is free again');
  });
});
