/**
 * A browser on an operator's desk may reach an API that trusts addresses, and any page in it may make it ask. Two rules
 * keep pages out: a change that comes from a page must come from this API's own page, and "own" is judged by an
 * address, because whoever owns a name can make it point here (DNS rebinding). Programs send no `Origin` and are not
 * concerned by the first rule.
 *
 *     request   from            Host                   Origin              verdict
 *     any       this machine    a name                 any                 host-not-allowed
 *     a read    anywhere        any other              any                 allowed
 *     a change  anywhere        any other              none                allowed
 *     a change  anywhere        address or localhost   the same            allowed
 *     a change  anywhere        any other              any other           cross-site
 *
 * The first row holds only where no proxy is trusted: a proxy may pass on the name that it was asked by. Where tokens are
 * needed, none of this is: a browser sends a token only for a page that was given it.
 */
import { isIP } from 'node:net';
import { ApiError, shortened } from './errors.ts';

export interface BrowserQuestion {
  readonly method: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** Whether the connection comes from this machine. */
  readonly fromLoopback: boolean;
  readonly trustProxyHeaders: boolean;
  /** Whether whoever asks must send a token. */
  readonly byToken: boolean;
}

const reads: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Why a request may be a page's that has no business here; undefined where it is not. */
export function browserProblem({
  method,
  host = '',
  origin,
  fromLoopback,
  trustProxyHeaders,
  byToken,
}: BrowserQuestion): ApiError | undefined {
  const named = urlOf('http', host);
  if (named === undefined) {
    return new ApiError('request-malformed', 'the request has no Host header that names a host', 'send one, as every HTTP/1.1 client does');
  }
  if (byToken) return undefined;
  const byAddress = isAddressOrLocalhost(named.hostname);
  if (fromLoopback && !trustProxyHeaders && !byAddress) {
    return new ApiError(
      'host-not-allowed',
      `the Host header names ${shortened(named.hostname)}, and a page could have made that name point to this machine`,
      'ask for 127.0.0.1, [::1] or localhost; behind a proxy, set api.trust_proxy_headers',
    );
  }
  if (reads.includes(method) || origin === undefined) return undefined;
  const [, scheme = '', page = ''] = /^(https?):\/\/(.*)$/.exec(origin) ?? [];
  const asking = urlOf(scheme, page)?.host;
  // By the page's scheme, so that a port that is the default there may be left out on either side.
  if (byAddress && asking !== undefined && asking === urlOf(scheme, host)?.host) return undefined;
  return new ApiError(
    'cross-site',
    `a page of ${shortened(origin)} may not change anything here`,
    'open this API by its address or as localhost and change it from there, or use a program that is not a browser',
  );
}

function isAddressOrLocalhost(hostname: string): boolean {
  return hostname === 'localhost' || isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

/** Undefined where `host` is not a host, with a port or without, and nothing more. */
function urlOf(scheme: string, host: string): URL | undefined {
  const text = `${scheme}://${host}`;
  return /^[\w.:[\]-]+$/.test(host) && URL.canParse(text) ? new URL(text) : undefined;
}
