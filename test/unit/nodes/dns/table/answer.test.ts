import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { types } from '../../../../../src/nodes/dns/codes.ts';
import { answer } from '../../../../../src/nodes/dns/table/answer.ts';
import { countingDraws } from '../../../../../src/nodes/dns/table/draws.ts';
import { createTableReader } from '../../../../../src/nodes/dns/table/reader.ts';
import { roomOf } from '../../../../../src/nodes/dns/table/room.ts';
import { createTableWriter } from '../../../../../src/nodes/dns/table/writer.ts';
import { signedZones } from '../../../../dnssec-keys.ts';
import { pairOver } from '../../../../table-beside-reference.ts';
import { type Asked, demoTable, query, subnetOption } from '../demo.ts';

const dnssecOk: Asked = { edns: { flags: 0x8000 } };

describe('the table beside the reference', () => {
  const rows: readonly (readonly [what: string, packet: Buffer])[] = [
    ['a steered name', query('app.demo.local')],
    ['a family without servers', query('v4.demo.local', { type: types.AAAA })],
    ['a service that cannot answer', query('down.demo.local')],
    ['a service without an answer', query('silent.demo.local', { type: types.AAAA })],
    ['the SOA', query('demo.local', { type: types.SOA, ...dnssecOk })],
    ['capitals', query('APP.Demo.LOCAL')],
    ['no such name', query('nowhere.demo.local', dnssecOk)],
    ['no such name far below', query('a.b.c.d.app.demo.local', dnssecOk)],
    ['no such name, of bytes 0 and 1', query('\0\x01.demo.local', dnssecOk)],
    ['an alias to nothing', query('broken.demo.local', dnssecOk)],
    ['an empty non-terminal', query('deep.demo.local', dnssecOk)],
    ['a delegation', query('cut.demo.local', dnssecOk)],
    ['below a delegation', query('x.y.z.cut.demo.local', dnssecOk)],
    ['below a delegation that does not fit', query('x.wide.demo.local', dnssecOk)],
    ['DS of a zone within', query('inner.demo.local', { type: types.DS, ...dnssecOk })],
    ['additional records that are left out', query('demo.local', { type: types.NS, edns: { flags: 0x8000, size: 512 } })],
    ['a reply that does not fit', query('big.demo.local', { type: types.TXT })],
    ['a client subnet', query('app.demo.local', { edns: { options: subnetOption(1, 24, 0, [192, 0, 2]) } })],
    ['a client subnet that hides', query('app.demo.local', { edns: { options: subnetOption(0, 0, 0, []) } })],
    ['a malformed client subnet', query('app.demo.local', { edns: { options: subnetOption(1, 20, 0, [1, 2, 3]) } })],
    ['a later EDNS', query('app.demo.local', { edns: { version: 1 } })],
    ['another class', query('app.demo.local', { class: 3 })],
    ['the root', query('', { type: types.NS })],
    ['an opcode that is none', query('app.demo.local', { flags: 0x2000 })],
  ];
  const pair = pairOver(demoTable(signedZones(['demo.local', 'inner.demo.local'])));
  for (const [what, packet] of rows) {
    it(`says the same to ${what}, over UDP and TCP`, () => {
      pair.compare(packet, 'udp');
      pair.compare(packet, 'tcp');
    });
  }

  it('says the same to every type that there is', () => {
    for (let type = 0; type < 300; type += 1) pair.compare(query('app.demo.local', { type }), 'udp');
  });

  it('says nothing to what is short or a response, and leaves it as it was', () => {
    for (const packet of [Buffer.alloc(11), Buffer.alloc(0), query('app.demo.local', { flags: 0x8000 })]) {
      assert.equal(pair.ask(packet), null);
      pair.compare(packet, 'udp');
    }
  });
});

describe('answering', () => {
  it('allocates nothing', () => {
    const writer = createTableWriter(demoTable(signedZones(['demo.local'])), { workers: 1 });
    const reader = createTableReader({ control: writer.control, workers: 1, worker: 0 }, writer.buffers());
    const draws = countingDraws(Math.random);
    const room = roomOf(new Uint8Array(4096));
    const client = { transport: 'udp' } as const;
    const packets = ['app', 'www', 'nowhere', 'x.cut', 'v4'].flatMap((label) => [
      query(`${label}.demo.local`, dnssecOk),
      query(`${label}.demo.local`),
    ]);
    const questions = 50_000;
    const ask = () => {
      const before = process.memoryUsage().heapUsed;
      for (let index = 0; index < questions; index += 1) {
        const packet = packets[index % packets.length] as Buffer;
        room.bytes.set(packet);
        answer(room, packet.length, client, reader, draws);
      }
      return (process.memoryUsage().heapUsed - before) / questions;
    };
    // The first rounds are those of the interpreter and the compiler; the smallest object takes 16 bytes.
    const rounds = Array.from({ length: 12 }, ask).filter((bytes) => bytes >= 0);
    assert.ok(Math.min(...rounds) < 2, `bytes a question, round by round: ${rounds.map((bytes) => bytes.toFixed(1))}`);
  });
});
