/** The small shapes that many facts share: a service name, an address, a port, a digest. */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { durationMs, durationPattern, durationText } from '../duration.ts';

/** Four decimals as they are written canonically. Most addresses are this, and a fact's address is checked often. */
const canonicalIpv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** The one way of writing an address: IPv4 in four decimals, IPv6 by RFC 5952. `undefined` where it is neither. */
export function canonicalAddress(text: string): string | undefined {
  if (canonicalIpv4.test(text)) return text;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text).toString();
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined;
  return ipaddr.IPv6.parse(text).toRFC5952String();
}

/** An IP address literal, made canonical, so that one server never has two names. */
export const address = z.string().transform((text, context) => {
  const canonical = canonicalAddress(text);
  if (canonical !== undefined) return canonical;
  context.issues.push({ code: 'custom', input: text, message: 'expected an IP address such as 192.0.2.7 or 2001:db8::7' });
  return z.NEVER;
});

/** The one way of writing a network: its first address, canonical, and the prefix. `undefined` where it is none. */
export function canonicalNetwork(text: string): string | undefined {
  const [written = '', prefix = ''] = text.split('/');
  const canonical = canonicalAddress(written);
  if (canonical === undefined || !/^\d{1,3}$/.test(prefix) || text.split('/').length !== 2) return undefined;
  const bytes = ipaddr.parse(canonical).toByteArray();
  const length = Number(prefix);
  if (length > 8 * bytes.length) return undefined;
  const first = bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, length - 8 * index))) & 0xff);
  return `${canonicalAddress(ipaddr.fromByteArray(first).toString())}/${length}`;
}

/** A network, made canonical, so that one never has two names. */
export const network = z.string().transform((text, context) => {
  const canonical = canonicalNetwork(text);
  if (canonical !== undefined) return canonical;
  context.issues.push({ code: 'custom', input: text, message: 'expected a network such as 10.0.0.0/8 or 2001:db8::/32' });
  return z.NEVER;
});

export const port = z.int().min(1).max(65_535);

/** Ordinary labels of at most 63 characters, joined by dots. */
const ordinaryName = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** Whether this is a DNS name of ordinary labels, in lower case, without the final dot. `*` is no ordinary label. */
export function isDomainName(name: string): boolean {
  return name.length <= 253 && ordinaryName.test(name);
}

/** A DNS name, made canonical: lower case, no final dot. */
export const domainName = z.string().transform((text, context) => {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (isDomainName(name)) return name;
  context.issues.push({ code: 'custom', input: text, message: 'expected a DNS name such as app.example.com' });
  return z.NEVER;
});

const durationExpected = 'expected a duration such as 500ms, 30s or 5m';

/** Says what a bare number lacks: whether 30 is seconds or milliseconds is not for the program to guess. */
function notDurationText({ input }: { readonly input?: unknown }): string {
  return typeof input === 'number' ? `expected a duration with its unit: write ${input}s if seconds are meant` : durationExpected;
}

/** A duration in text, at least `minMs` milliseconds. */
export function duration(minMs = 0): z.ZodString {
  return z
    .string({ error: notDurationText })
    .regex(durationPattern, durationExpected)
    .refine((text) => !durationPattern.test(text) || durationMs(text) >= minMs, `expected at least ${durationText(minMs)}`);
}

/** Lower-case hexadecimal SHA-256. */
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits');

/** A moment: whole milliseconds since 1970, UTC. */
export const moment = z.int().nonnegative();
