/** A nameserver of a parent, on the loopback: answers for DS what a test tells it to, over UDP and TCP, and counts. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TestContext } from 'node:test';
import { type Answer, AUTHORITATIVE_ANSWER, decode, encode, TRUNCATED_RESPONSE } from 'dns-packet';
import type { DsRecord } from '../../../src/nodes/dns/keys/ask-ds.ts';

export interface ParentServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  readonly port: number;
  /** Which DS records it shows. */
  records: readonly DsRecord[];
  ttlSeconds: number;
  /** Over UDP: the reply is cut short, has no authority, is another's, is no packet, or does not come. */
  manner: 'well' | 'truncated' | 'lame' | 'foreign' | 'garbage' | 'servfail' | 'silent';
  readonly asked: { udp: number; tcp: number };
}

export async function startParentServer(test: TestContext): Promise<ParentServer> {
  const udp = createSocket('udp4');
  const tcp = createServer();
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const { port } = tcp.address() as AddressInfo;
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  const server: ParentServer = {
    ...{ address: `127.0.0.1:${port}`, port, records: [], ttlSeconds: 600, manner: 'well', asked: { udp: 0, tcp: 0 } },
  };

  function replyTo(query: Buffer, overUdp: boolean): Buffer {
    const { id = 0, questions = [] } = decode(query);
    const [question] = questions;
    const name = question?.name ?? '.';
    const answers = server.records.map(({ digest, ...rest }) => ({
      ...{ type: 'DS', name, class: 'IN', ttl: server.ttlSeconds },
      data: { ...rest, digest: Buffer.from(digest, 'hex') },
    })) as Answer[];
    const cut = overUdp && server.manner === 'truncated';
    const flags =
      (server.manner === 'lame' ? 0 : AUTHORITATIVE_ANSWER) | (cut ? TRUNCATED_RESPONSE : 0) | (server.manner === 'servfail' ? 2 : 0);
    return encode({ type: 'response', id: server.manner === 'foreign' ? id ^ 1 : id, flags, questions, answers: cut ? [] : answers });
  }

  udp.on('message', (query, from) => {
    server.asked.udp += 1;
    if (server.manner === 'silent') return;
    const reply = replyTo(query, true);
    // Its head and its question are in order; what follows is not.
    if (server.manner === 'garbage') reply.writeUInt16BE(9, 6);
    udp.send(reply, from.port, from.address);
  });
  tcp.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      server.asked.tcp += 1;
      const reply = replyTo(bytes.subarray(2), false);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      // In two pieces, as networks do.
      socket.write(Buffer.concat([length, reply.subarray(0, 5)]));
      setImmediate(() => socket.end(reply.subarray(5)));
    });
  });
  test.after(async () => {
    udp.close();
    tcp.close();
  });
  return server;
}
