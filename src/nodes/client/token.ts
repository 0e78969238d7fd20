/** What a bearer token may look like: what an HTTP header takes, and nothing that a copied line brings along. */
import { clientLimits } from './limits.ts';

export const tokenExpected = 'expected a token on one line, without spaces';

export function isToken(text: string): boolean {
  return text.length <= clientLimits.tokenCharactersMax && /^[\x21-\x7e]+$/.test(text);
}
