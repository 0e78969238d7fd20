/** Whom an override is on, as it stands in a path: `192.0.2.7`, `192.0.2.7:80`, `2001:db8::7`, `[2001:db8::7]:80`. */
import { z } from 'zod';
import { canonicalAddress, domainName } from '../../events/catalogue/scalars.ts';
import type { Endpoint } from '../../projections/endpoint.ts';

export interface Target {
  readonly address: string;
  /** null: every port of the address. */
  readonly port: number | null;
}

/** Without brackets, what has more than one colon is an IPv6 address and nothing else. */
export function parseTarget(text: string): Target | undefined {
  const parts = /^\[(?<v6>[^\]]*)\](?::(?<v6Port>\d{1,5}))?$|^(?<v4>[^:]*):(?<v4Port>\d{1,5})$/.exec(text)?.groups;
  const address = canonicalAddress(parts?.v6 ?? parts?.v4 ?? text);
  const portText = parts?.v6Port ?? parts?.v4Port;
  const port = portText === undefined ? null : Number(portText);
  if (address === undefined || (parts?.v6 !== undefined && !address.includes(':'))) return undefined;
  if (port !== null && (port < 1 || port > 65_535)) return undefined;
  return { address, port };
}

const target = z.string().transform((text, context): Target => {
  const parsed = parseTarget(text);
  if (parsed !== undefined) return parsed;
  context.issues.push({ code: 'custom', input: text, message: 'expected ADDRESS or ADDRESS:PORT, with an IPv6 address in brackets' });
  return z.NEVER;
});

/** One server of a service as it stands in a path. */
export const endpoint = target.transform(({ address, port }, context): Endpoint => {
  if (port !== null) return { address, port };
  context.issues.push({ code: 'custom', input: address, message: 'expected ADDRESS:PORT, with an IPv6 address in brackets' });
  return z.NEVER;
});

/** The path of one override. */
export const overridePath = z.strictObject({ service: domainName, target });
