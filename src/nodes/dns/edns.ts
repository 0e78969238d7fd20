/**
 * The OPT pseudo-record (RFC 6891) and its client subnet option (RFC 7871): what a query says in it, strictly read, and
 * what a reply says back. Other options are stepped over; none is ever answered that was not asked.
 */

import { types } from './codes.ts';
import { dnsLimits } from './limits.ts';

const clientSubnetOption = 8;
const dnssecOkFlag = 0x8000;

/** As it was asked; a reply repeats it with the scope that the answer is good for. */
export interface ClientSubnet {
  /** 1 IPv4, 2 IPv6; 0 where the client wants no subnet to be used and names none. */
  readonly family: 0 | 1 | 2;
  readonly sourcePrefix: number;
  /** Whole octets, as many as `sourcePrefix` needs; bits beyond it are zero. */
  readonly address: Uint8Array;
}

export interface Edns {
  /** What the client can take over UDP, as it said it. */
  readonly udpSizeBytes: number;
  readonly dnssecOk: boolean;
  readonly clientSubnet?: ClientSubnet;
}

/** What stands in an OPT record, and the rcode that it earns where it cannot be taken. Even then the reply has an OPT. */
export interface OptReading {
  readonly edns: Edns;
  readonly refusal?: 'BADVERS' | 'FORMERR';
}

/** Reads an OPT record from its fixed fields and its rdata. */
export function readOpt(record: { readonly udpSizeBytes: number; readonly ttl: number; readonly rdata: Buffer }): OptReading {
  const edns: Edns = { udpSizeBytes: record.udpSizeBytes, dnssecOk: (record.ttl & dnssecOkFlag) !== 0 };
  // Options of a later version may mean anything, so the version is looked at first.
  if (((record.ttl >>> 16) & 0xff) !== 0) return { edns, refusal: 'BADVERS' };

  let clientSubnet: ClientSubnet | undefined;
  for (let at = 0; at < record.rdata.length; ) {
    if (at + 4 > record.rdata.length) return { edns, refusal: 'FORMERR' };
    const code = record.rdata.readUInt16BE(at);
    const end = at + 4 + record.rdata.readUInt16BE(at + 2);
    if (end > record.rdata.length) return { edns, refusal: 'FORMERR' };
    if (code === clientSubnetOption) {
      const reading = readClientSubnet(record.rdata.subarray(at + 4, end));
      if (reading === undefined || clientSubnet !== undefined) return { edns, refusal: 'FORMERR' };
      clientSubnet = reading;
    }
    at = end;
  }
  return { edns: clientSubnet === undefined ? edns : { ...edns, clientSubnet } };
}

/** Address bits by family. Family 0 has none: it is how a client says "no subnet" without naming a family. */
const addressBits: Readonly<Record<number, number>> = { 0: 0, 1: 32, 2: 128 };

/**
 * | wrong                                               | RFC 7871  |
 * |-----------------------------------------------------|-----------|
 * | shorter than its fixed fields, or an unknown family | section 6 |
 * | a source prefix longer than an address              | section 6 |
 * | a scope prefix in a query                           | section 6 |
 * | more or fewer octets than the source prefix needs   | section 6 |
 * | bits set beyond the source prefix                   | section 6 |
 */
function readClientSubnet(option: Buffer): ClientSubnet | undefined {
  if (option.length < 4) return undefined;
  const family = option.readUInt16BE(0);
  const sourcePrefix = option.readUInt8(2);
  const scopePrefix = option.readUInt8(3);
  const address = option.subarray(4);
  const bits = addressBits[family];
  if (bits === undefined || sourcePrefix > bits || scopePrefix !== 0) return undefined;
  if (address.length !== Math.ceil(sourcePrefix / 8)) return undefined;
  const hostBits = 0xff >> (sourcePrefix % 8);
  if (sourcePrefix % 8 !== 0 && ((address.at(-1) ?? 0) & hostBits) !== 0) return undefined;
  return { family: family as ClientSubnet['family'], sourcePrefix, address };
}

/** The OPT record of a reply. `extendedRcode`: the whole rcode, of which its upper eight bits travel here. */
export function encodeOpt(edns: Edns, extendedRcode: number, scopePrefix: number): Buffer {
  const options = edns.clientSubnet === undefined ? Buffer.alloc(0) : encodeClientSubnet(edns.clientSubnet, scopePrefix);
  const record = Buffer.alloc(11 + options.length);
  record.writeUInt16BE(types.OPT, 1);
  record.writeUInt16BE(dnsLimits.udpReplyBytesMax, 3);
  record.writeUInt8(extendedRcode >> 4, 5);
  record.writeUInt16BE(edns.dnssecOk ? dnssecOkFlag : 0, 7);
  record.writeUInt16BE(options.length, 9);
  options.copy(record, 11);
  return record;
}

function encodeClientSubnet(subnet: ClientSubnet, scopePrefix: number): Buffer {
  const option = Buffer.alloc(8 + subnet.address.length);
  option.writeUInt16BE(clientSubnetOption, 0);
  option.writeUInt16BE(4 + subnet.address.length, 2);
  option.writeUInt16BE(subnet.family, 4);
  option.writeUInt8(subnet.sourcePrefix, 6);
  // A client that hides its subnet gets an answer for everybody (RFC 7871 section 7.2.1).
  option.writeUInt8(subnet.sourcePrefix === 0 ? 0 : scopePrefix, 7);
  option.set(subnet.address, 8);
  return option;
}
