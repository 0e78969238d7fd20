/** TCP from the same table: the main thread is a reader as well, and answers one message at a time. */
import ipaddr from 'ipaddr.js';
import { endpointText } from '../../../projections/endpoint.ts';
import type { Answer } from '../answering.ts';
import { dnsLimits } from '../limits.ts';
import type { Client } from '../responder.ts';
import { roomOf } from '../table/room.ts';
import { type QuerySample, sampleOf } from './query-samples.ts';
import { type ReaderCounts, words } from './reader-counts.ts';
import type { TableAnswers } from './table-answers.ts';

export interface TcpSampling {
  readonly isSampled: () => boolean;
  readonly counts: ReaderCounts;
  readonly onSample: (sample: QuerySample) => void;
}

/** None where it is no address: the connection may be gone already. */
function addressBytes(address: string): Uint8Array {
  const [plain = ''] = address.split('%');
  return ipaddr.isValid(plain) ? Uint8Array.from(ipaddr.parse(plain).toByteArray()) : new Uint8Array(0);
}

/** Replies are copied out of one room, which the next message writes over. */
export function tcpAnswers(answers: TableAnswers, { isSampled, counts, onSample }: TcpSampling): Answer {
  const bytes = Buffer.alloc(dnsLimits.tcpReplyBytesMax + dnsLimits.queryBytesMax);
  const room = roomOf(bytes);
  /** Each connection has one client, which goes with it. */
  const peers = new WeakMap<Client, Uint8Array>();
  const peerOf = (client: Client): Uint8Array => {
    const known = peers.get(client);
    if (known !== undefined) return known;
    const peer = addressBytes(client.address);
    peers.set(client, peer);
    return peer;
  };
  return (packet, client) => {
    bytes.set(packet);
    answers.begin();
    const peer = peerOf(client);
    answers.from(peer, 0, peer.length);
    const length = answers.answer(room, packet.length);
    if (length > 0 && isSampled()) {
      const sample = sampleOf(answers.reader, counts, 'tcp', () => endpointText(client.address, client.port));
      if (sample !== undefined) onSample(sample);
      // Nothing waits on the thread that writes it.
      counts.words[words.samplesWaiting] = 0;
    }
    answers.end();
    return length === 0 ? null : Buffer.from(bytes.subarray(0, length));
  };
}
