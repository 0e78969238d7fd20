import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createForesight, foreseenFromBytes } from '../../../../../src/nodes/dns/table/foresight.ts';
import { createTableReader, type TableReader } from '../../../../../src/nodes/dns/table/reader.ts';
import { roomOf } from '../../../../../src/nodes/dns/table/room.ts';
import { createTableWriter } from '../../../../../src/nodes/dns/table/writer.ts';
import { createAnswerTable } from '../../../../../src/nodes/dns/table.ts';
import { headerBytes } from '../../../../../src/nodes/dns/wire.ts';
import { zoneSet } from '../../../../../src/nodes/dns/zones.ts';
import { configure, query } from '../demo.ts';

const serviceAt = (index: number) => `svc-${index}.demo.local`;
const zone = { name: 'demo.local', nameservers: [{ name: 'ns1.demo.local', address: '192.0.2.53' }] };
const batch = 64;

function readerOf(names: number): TableReader {
  const services = Array.from({ length: names }, (_, index) => serviceAt(index));
  const writer = createTableWriter(createAnswerTable(zoneSet(configure({ zones: [zone] }, services), '192.0.2.53:53'), 0, undefined), {
    workers: 1,
  });
  return createTableReader({ control: writer.control, workers: 1, worker: 0 }, writer.buffers());
}

function roomWith(packet: Uint8Array) {
  const room = roomOf(new Uint8Array(1024));
  room.bytes.set(packet);
  return room;
}

const batchOf = (packetAt: (index: number) => Uint8Array) => Array.from({ length: batch }, (_, index) => roomWith(packetAt(index)));

describe('foresight', () => {
  const large = readerOf(12_000);
  const { foresee } = createForesight(batch);
  const known = batchOf((index) => query(serviceAt(index * 100)));

  it('leads to every name of the table, however it is written', () => {
    assert.ok(large.words.byteLength >= foreseenFromBytes, `the table has ${large.words.byteLength} bytes`);
    assert.equal(foresee(known, batch, large), batch);
    const capitals = batchOf((index) => query(serviceAt(index * 100).toUpperCase()));
    assert.equal(foresee(capitals, batch, large), batch);
  });

  it('leads to few names that are none, as the index has room', () => {
    const found = foresee(
      batchOf((index) => query(`nobody-${index}.demo.local`)),
      batch,
      large,
    );
    assert.ok(found < batch / 2 + 8, `${found} of ${batch}`);
  });

  it('leaves small tables and small batches alone', () => {
    assert.equal(foresee(known, batch, readerOf(10)), 0);
    assert.equal(foresee(known, 3, large), 0);
    assert.equal(foresee(known, 4, large), 4);
  });

  it('reads no further than a name can be long, and changes no packet', () => {
    const rows: readonly Uint8Array[] = [
      new Uint8Array(0),
      new Uint8Array(1024).fill(0xff),
      new Uint8Array(1024).fill(1),
      Uint8Array.from({ length: 1024 }, (_, index) => (index === headerBytes ? 254 : 0xc0)),
    ];
    const rooms = batchOf((index) => rows[index % rows.length]!);
    // What is read beyond a room is undefined, and no number.
    const short = rooms.map(({ bytes }) => roomOf(bytes.slice(0, headerBytes + 255 + 1)));
    const before = short.map(({ bytes }) => bytes.slice());
    assert.equal(foresee(short, batch, large), foresee(rooms, batch, large));
    assert.deepEqual(
      short.map(({ bytes }) => bytes),
      before,
    );
  });
});
