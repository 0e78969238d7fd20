/**
 * Domain names as the table looks them up: the wire form in lower case, as a string with one character a byte, so
 * `app.demo` is `\x03app\x04demo\x00`. Labels may hold any byte, two names are equal exactly where the strings are,
 * and a name's suffixes are slices of it. Knows no compression pointers: a question has none.
 */
import { isDomainName } from '../../events/catalogue/scalars.ts';

declare const wireForm: unique symbol;
export type Name = string & { readonly [wireForm]: true };

export const rootName = '\0' as Name;

const labelBytesMax = 63;
const nameBytesMax = 255;

/**
 * Lower case for ASCII letters only (RFC 4343). It may go over the length octets as well: they are at most 63, and
 * letters begin at 65.
 */
function foldCase(wire: string): Name {
  return wire.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) as Name;
}

/** A name of ordinary labels, with or without the final dot; `.` is the root. Undefined where the text is no such name. */
export function nameOf(text: string): Name | undefined {
  if (text === '.') return rootName;
  const plain = text.toLowerCase().replace(/\.$/, '');
  if (!isDomainName(plain)) return undefined;
  const labels = plain.split('.').map((label) => String.fromCharCode(label.length) + label);
  return `${labels.join('')}\0` as Name;
}

/** The text of a name that `nameOf` made, without the final dot. */
export function textOf(name: Name): string {
  const labels: string[] = [];
  for (let offset = 0; name.charCodeAt(offset) > 0; offset += 1 + name.charCodeAt(offset)) {
    labels.push(name.slice(offset + 1, offset + 1 + name.charCodeAt(offset)));
  }
  return labels.join('.') || '.';
}

/** A name from rdata that this program encoded: whole, uncompressed, nothing behind it. */
export function nameOfWire(wire: Buffer): Name {
  return foldCase(wire.toString('latin1'));
}

/** Reads the name at `offset`. Undefined where it is cut off, too long, or holds a pointer or another odd label. */
export function readName(bytes: Buffer, offset: number): { readonly name: Name; readonly end: number } | undefined {
  let at = offset;
  for (;;) {
    const length = bytes[at];
    if (length === undefined || length > labelBytesMax) return undefined;
    at += 1 + length;
    if (at > bytes.length || at - offset > nameBytesMax) return undefined;
    if (length === 0) return { name: foldCase(bytes.toString('latin1', offset, at)), end: at };
  }
}

/** Where the name at `offset` ends; a pointer ends it. Undefined where it does not parse. The name itself is not read. */
export function skipName(bytes: Buffer, offset: number): number | undefined {
  let at = offset;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length >= 0xc0) return at + 2 <= bytes.length ? at + 2 : undefined;
    if (length > labelBytesMax) return undefined;
    at += 1 + length;
    if (at - offset > nameBytesMax) return undefined;
    if (length === 0) return at;
  }
}

/** The name one label up; undefined above the root. */
export function parentOf(name: Name): Name | undefined {
  return name === rootName ? undefined : (name.slice(1 + name.charCodeAt(0)) as Name);
}

/** The name itself, its parent, and so on up to the root. */
export function* suffixesOf(name: Name): Generator<Name> {
  for (let suffix: Name | undefined = name; suffix !== undefined; suffix = parentOf(suffix)) yield suffix;
}

/** Whether `name` is `ancestor` or below it. */
export function isAtOrBelow(name: Name, ancestor: Name): boolean {
  for (const suffix of suffixesOf(name)) {
    if (suffix.length <= ancestor.length) return suffix === ancestor;
  }
  return false;
}
