/**
 * Rdata as master files write it (RFC 1035 section 5, RFC 4034 sections 2.2 to 5.3). Reads what this program encoded, and
 * nothing from the network. Types without a row are written as bytes (RFC 3597 section 5), which every reader takes.
 */
import { assertNever } from '../../projections/assert-never.ts';
import { types, typeText } from './codes.ts';

type Field =
  | 'byte'
  | 'number'
  | 'long'
  | 'name'
  | 'type'
  | 'moment'
  | 'ipv4'
  | 'ipv6'
  | 'strings'
  | 'tag'
  | 'text'
  | 'hex'
  | 'base64'
  | 'bitmap';

const ds: readonly Field[] = ['number', 'byte', 'byte', 'hex'];
const dnskey: readonly Field[] = ['number', 'byte', 'byte', 'base64'];

const fieldsOf: Readonly<Record<number, readonly Field[]>> = {
  [types.A]: ['ipv4'],
  [types.NS]: ['name'],
  [types.CNAME]: ['name'],
  [types.SOA]: ['name', 'name', 'long', 'long', 'long', 'long', 'long'],
  [types.MX]: ['number', 'name'],
  [types.TXT]: ['strings'],
  [types.AAAA]: ['ipv6'],
  [types.SRV]: ['number', 'number', 'number', 'name'],
  [types.DS]: ds,
  [types.RRSIG]: ['type', 'byte', 'byte', 'long', 'moment', 'moment', 'number', 'name', 'base64'],
  [types.NSEC]: ['name', 'bitmap'],
  [types.DNSKEY]: dnskey,
  [types.CDS]: ds,
  [types.CDNSKEY]: dnskey,
  [types.CAA]: ['byte', 'tag', 'text'],
};

export function rdataText(type: number, rdata: Uint8Array): string {
  const bytes = Buffer.from(rdata.buffer, rdata.byteOffset, rdata.byteLength);
  const fields = fieldsOf[type];
  if (fields === undefined) return `\\# ${bytes.length} ${bytes.toString('hex')}`.trimEnd();
  const texts: string[] = [];
  let at = 0;
  for (const field of fields) {
    const { text, end } = read(field, bytes, at);
    texts.push(text);
    at = end;
  }
  return texts.join(' ');
}

interface Read {
  readonly text: string;
  readonly end: number;
}

function read(field: Field, bytes: Buffer, at: number): Read {
  const rest = (text: string): Read => ({ text, end: bytes.length });
  switch (field) {
    case 'byte':
      return { text: String(bytes.readUInt8(at)), end: at + 1 };
    case 'number':
      return { text: String(bytes.readUInt16BE(at)), end: at + 2 };
    case 'long':
      return { text: String(bytes.readUInt32BE(at)), end: at + 4 };
    case 'type':
      return { text: typeText(bytes.readUInt16BE(at)), end: at + 2 };
    case 'moment':
      return { text: momentText(bytes.readUInt32BE(at)), end: at + 4 };
    case 'name':
      return readNameText(bytes, at);
    case 'ipv4':
      return rest([...bytes.subarray(at)].join('.'));
    case 'ipv6':
      return rest(Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index).toString(16)).join(':'));
    case 'strings':
      return rest(stringsFrom(bytes, at).map(quoted).join(' '));
    case 'tag':
      return { text: bytes.toString('latin1', at + 1, at + 1 + bytes.readUInt8(at)), end: at + 1 + bytes.readUInt8(at) };
    case 'text':
      return rest(quoted(bytes.subarray(at)));
    case 'hex':
      return rest(bytes.toString('hex', at).toUpperCase());
    case 'base64':
      return rest(bytes.toString('base64', at));
    case 'bitmap':
      return rest(typesIn(bytes.subarray(at)).map(typeText).join(' '));
    default:
      return assertNever(field);
  }
}

/** A name in wire form as text with its final dot; bytes that mean something in master files are escaped. */
function readNameText(bytes: Buffer, at: number): Read {
  const labels: string[] = [];
  let end = at;
  for (let length = bytes.readUInt8(end); length > 0; length = bytes.readUInt8(end)) {
    labels.push(escaped(bytes.subarray(end + 1, end + 1 + length), /[^A-Za-z0-9_*-]/));
    end += 1 + length;
  }
  return { text: `${labels.join('.')}.`, end: end + 1 };
}

function stringsFrom(bytes: Buffer, from: number): Buffer[] {
  const strings: Buffer[] = [];
  for (let at = from; at < bytes.length; at += 1 + bytes.readUInt8(at)) strings.push(bytes.subarray(at + 1, at + 1 + bytes.readUInt8(at)));
  return strings;
}

function quoted(bytes: Buffer): string {
  return `"${escaped(bytes, /[^ !#-[\]-~]/)}"`;
}

function escaped(bytes: Buffer, odd: RegExp): string {
  return [...bytes]
    .map((byte) => (odd.test(String.fromCharCode(byte)) ? `\\${String(byte).padStart(3, '0')}` : String.fromCharCode(byte)))
    .join('');
}

/** `20261121162800`: seconds of this era, which a serial number of 32 bits tells until 2106. */
function momentText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\D/g, '').slice(0, 14);
}

/** The types in a bitmap of NSEC, lowest first. */
export function typesIn(bitmap: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + 2 <= bitmap.length; at += 2 + (bitmap[at + 1] ?? 0)) {
    const [window = 0, length = 0] = bitmap.subarray(at, at + 2);
    for (let bit = 0; bit < 8 * length; bit += 1) {
      if (((bitmap[at + 2 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) found.push((window << 8) | bit);
    }
  }
  return found;
}
