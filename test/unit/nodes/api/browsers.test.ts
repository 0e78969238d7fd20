/** Which requests may be a page's that has no business here, row by row. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type BrowserQuestion, browserProblem } from '../../../../src/nodes/api/browsers.ts';

const here = '127.0.0.1:8080';
const [far, proxied, withTokens] = [{ fromLoopback: false }, { trustProxyHeaders: true }, { byToken: true }];

type Row = readonly [
  method: string,
  host: string | undefined,
  origin: string | undefined,
  reason: string,
  words?: Partial<BrowserQuestion>,
];
const table: readonly Row[] = [
  ['GET', 'evil.example', undefined, 'host-not-allowed'],
  ['PUT', 'evil.example:8080', 'http://evil.example:8080', 'host-not-allowed'],
  ['GET', 'localhost.evil.example', undefined, 'host-not-allowed'],
  ['GET', 'evil.example', undefined, 'allowed', proxied],
  ['GET', 'gslb.example.com', undefined, 'allowed', far],
  ['GET', here, 'https://evil.example', 'allowed'],
  ['HEAD', here, 'https://evil.example', 'allowed'],
  ['PUT', here, undefined, 'allowed'],
  ['PUT', 'gslb.example.com', undefined, 'allowed', far],
  ['PUT', here, `http://${here}`, 'allowed'],
  ['PUT', here, `https://${here}`, 'allowed'],
  ['PUT', '[::1]:8080', 'http://[::1]:8080', 'allowed'],
  ['PUT', '[::1]:8080', 'http://[0:0::1]:8080', 'allowed'],
  ['PUT', 'LOCALHOST', 'http://localhost:80', 'allowed'],
  ['PUT', 'localhost:443', 'https://localhost', 'allowed'],
  ['PUT', '10.0.0.1', 'http://10.0.0.1', 'allowed', far],
  ['PUT', here, 'https://evil.example', 'cross-site'],
  ['DELETE', here, 'http://127.0.0.1:8081', 'cross-site'],
  ['POST', here, 'http://localhost:8080', 'cross-site'],
  ['PUT', 'localhost:80', 'https://localhost', 'cross-site'],
  ['PATCH', here, 'null', 'cross-site'],
  ['PUT', here, 'nonsense', 'cross-site'],
  ['PUT', here, `http://${here}/path`, 'cross-site'],
  ['PUT', 'evil.example', 'http://evil.example', 'cross-site', far],
  ['PUT', 'evil.example', 'http://evil.example', 'cross-site', proxied],
  ['UNKNOWN', here, 'https://evil.example', 'cross-site'],
  ['GET', 'gslb.example.com', undefined, 'allowed', withTokens],
  ['PUT', 'gslb.example.com', 'https://evil.example', 'allowed', withTokens],
  ['GET', 'a/b', undefined, 'request-malformed', withTokens],
  ['GET', undefined, undefined, 'request-malformed'],
  ['GET', '', undefined, 'request-malformed'],
  ['GET', 'a/b', undefined, 'request-malformed'],
  ['GET', 'evil.example@127.0.0.1', undefined, 'request-malformed'],
  ['GET', ':pass@127.0.0.1', undefined, 'request-malformed'],
  ['GET', '127.0.0.1?', undefined, 'request-malformed'],
];

describe('a request that a page may have made', () => {
  for (const [method, host, origin, reason, words] of table) {
    const from = words === undefined ? '' : ` (${Object.keys(words).join(' ')})`;
    it(`${method} to '${host}' from '${origin}'${from}: ${reason}`, () => {
      const problem = browserProblem({ method, host, origin, fromLoopback: true, trustProxyHeaders: false, byToken: false, ...words });
      assert.equal(problem?.body.reason ?? 'allowed', reason);
    });
  }
});
