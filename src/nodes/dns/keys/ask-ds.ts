/**
 * Asks one server of a parent for the DS records of a zone (RFC 4035 section 3.1.4.1): over UDP, and over TCP where the
 * answer is cut short. Nothing that comes back is believed but an authoritative answer to what was asked, from where it
 * was asked; whatever else comes is a sentence about why there is none, and never an exception.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import { type DecodedPacket, decode, encode } from 'dns-packet';
import { endpointText } from '../../../projections/endpoint.ts';
import { dnsLimits } from '../limits.ts';
import { keyLimits } from './limits.ts';

export interface DsRecord {
  readonly keyTag: number;
  readonly algorithm: number;
  readonly digestType: number;
  /** Hexadecimal, lower case. */
  readonly digest: string;
}

/** What one server shows, or why that is not known. */
export type DsAnswer = { readonly records: readonly DsRecord[]; readonly ttlSeconds: number } | { readonly failure: string };

export interface AskOptions {
  /** Gives up. */
  readonly signal?: AbortSignal;
  /** How long the server has to answer, each time. */
  readonly answerMs?: number;
}

export interface DsServer {
  readonly address: string;
  readonly port: number;
}

export async function askDs(server: DsServer, zone: string, { signal, answerMs = keyLimits.answerMs }: AskOptions = {}): Promise<DsAnswer> {
  const inTime = () => AbortSignal.any([AbortSignal.timeout(answerMs), ...(signal === undefined ? [] : [signal])]);
  const where = endpointText(server.address, server.port);
  for (let attempt = 1; ; attempt += 1) {
    const query = queryFor(zone);
    try {
      const byUdp = readAnswer(await exchangeUdp(server, query, inTime()), zone);
      if (byUdp !== 'truncated') return byUdp;
      const byTcp = readAnswer(await exchangeTcp(server, query, inTime()), zone);
      return byTcp === 'truncated' ? { failure: `${where} cuts its answer short, even over TCP` } : byTcp;
    } catch (error) {
      if (attempt >= keyLimits.attempts || signal?.aborted) return { failure: `${where}: ${(error as Error).message}` };
    }
  }
}

/** Without recursion: a server that is asked is to know it by itself. */
function queryFor(zone: string): Buffer {
  return encode({
    type: 'query',
    id: randomInt(65_536),
    flags: 0,
    questions: [{ type: 'DS', name: zone }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: dnsLimits.udpReplyBytesMax,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
}

/**
 *     the reply                                what it says
 *     is cut short (TC)                        to be asked again over TCP
 *     does not parse                           nothing
 *     has another rcode than NOERROR, NXDOMAIN nothing
 *     is not authoritative                     nothing: a cache says what was, not what is
 *     has DS records of the zone               these
 *     has none                                 that the zone has no DS
 */
export function readAnswer(reply: Buffer, zone: string): DsAnswer | 'truncated' {
  // The rcode is there, and its type does not say so.
  let packet: DecodedPacket & { readonly rcode?: string };
  try {
    packet = decode(reply);
  } catch {
    return { failure: 'its reply does not parse' };
  }
  if (packet.flag_tc) return 'truncated';
  if (packet.rcode !== 'NOERROR' && packet.rcode !== 'NXDOMAIN') return { failure: `it answers ${packet.rcode}` };
  if (!packet.flag_aa) return { failure: 'it does not answer with authority' };
  const records = (packet.answers ?? []).flatMap((record) => {
    if (record.type !== 'DS' || record.name.toLowerCase() !== zone) return [];
    const { keyTag, algorithm, digestType, digest } = record.data;
    return [{ keyTag, algorithm, digestType, digest: digest.toString('hex'), ttlSeconds: record.ttl ?? 0 }];
  });
  const ttlSeconds = Math.max(0, ...records.map((record) => record.ttlSeconds));
  return { records: records.map(({ ttlSeconds: _its, ...record }) => record), ttlSeconds };
}

/** Whether this is the reply to that query: the same id, the same question, and a response. */
function isReplyTo(reply: Buffer, query: Buffer): boolean {
  const question = query.subarray(12, query.length - optBytes);
  if (reply.length < 12 + question.length || reply.readUInt16BE(0) !== query.readUInt16BE(0)) return false;
  if ((reply.readUInt8(2) & 0x80) === 0 || reply.readUInt16BE(4) !== 1) return false;
  return (
    reply
      .subarray(12, 12 + question.length)
      .toString('latin1')
      .toLowerCase() === question.toString('latin1').toLowerCase()
  );
}

/** The empty OPT record behind our question. */
const optBytes = 11;

const tooLate = () => new Error('it did not answer in time');

function exchangeUdp({ address, port }: DsServer, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  return new Promise<Buffer>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(tooLate()));
    socket.on('error', reject);
    socket.on('message', (reply) => {
      if (isReplyTo(reply, query)) resolve(reply);
    });
    // Connected, so that only what comes from there arrives, and its refusals do.
    socket.connect(port, address, () => socket.send(query));
  }).finally(() => socket.close());
}

function exchangeTcp({ address, port }: DsServer, query: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host: address, port });
  return new Promise<Buffer>((resolve, reject) => {
    let received = Buffer.alloc(0);
    signal.addEventListener('abort', () => reject(tooLate()));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('it closed the connection without an answer')));
    socket.on('connect', () => socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 0xff]), query])));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const reply = received.subarray(2, 2 + received.readUInt16BE(0));
      if (isReplyTo(reply, query)) resolve(reply);
      else reject(new Error('it answered another question'));
    });
  }).finally(() => socket.destroy());
}
