/**
 * Where a node's API is, as people write it: `http://192.0.2.7:8080`, with or without `/api/v1`, or only `192.0.2.7:8080`.
 * A name and password in a URL are refused, because what is shown or logged of an endpoint is all of it.
 */

/** The URL without a slash at its end and without `/api/v1`; undefined where the text is no such URL. */
export function parseEndpoint(text: string): string | undefined {
  const written = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(written)) return undefined;
  const { protocol, username, password, search, hash, origin, pathname } = new URL(written);
  if (protocol !== 'http:' && protocol !== 'https:') return undefined;
  if (username !== '' || password !== '' || search !== '' || hash !== '') return undefined;
  return `${origin}${pathname}`.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
}

export const endpointExpected = 'expected the URL of a node, such as http://192.0.2.7:8080, without a password or a query';
