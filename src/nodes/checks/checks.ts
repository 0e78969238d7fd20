/** Every kind of check, by the type that configuration gives it. */
import { createSecureContext } from 'node:tls';
import { version } from '../version.ts';
import type { Check, CheckTarget } from './check.ts';
import { createHttpCheck } from './http.ts';
import { checkTcp } from './tcp.ts';

export type Checks = Readonly<Record<CheckTarget['type'], Check>>;

/** `authorities`: certificates (PEM) that are trusted instead of the well-known authorities. */
export function createChecks(options: { readonly authorities?: readonly string[] } = {}): Checks {
  const { authorities } = options;
  // Made once: reading the authorities costs more than a whole check.
  const secureContext = createSecureContext(authorities === undefined ? {} : { ca: [...authorities] });
  const http = createHttpCheck({ userAgent: `opengslb-check/${version}`, secureContext });
  return { http, https: http, tcp: checkTcp };
}

export const checks: Checks = createChecks();
