/** Every reason has its status, and what connections are told is HTTP. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RefusalReason, refusalReasons } from '../../../../src/commands/command.ts';
import { connectionError, errorReasons, rawResponse, refusalError, schemaError } from '../../../../src/nodes/api/errors.ts';

describe('a refused command', () => {
  const statuses: Readonly<Record<RefusalReason, number>> = {
    outranked: 403,
    'unknown-agent': 404,
    'unknown-mapping': 404,
    'unknown-override': 404,
    'unknown-server': 404,
    'unknown-service': 404,
    'unknown-zone': 404,
    'agent-name-held': 409,
    'agent-not-silent': 409,
    'agent-revoked': 409,
    'already-carried-out': 409,
    'certificate-superseded': 409,
    'checkpoint-too-large': 409,
    'key-tag-held': 409,
    'key-unrelated': 409,
    'no-key': 409,
    'no-rotation': 409,
    'nothing-to-attest': 409,
    'rotation-announced': 409,
    'rotation-in-progress': 409,
    'rotation-past-ds': 409,
    'server-exists': 409,
    'stage-not-due': 409,
    'static-mapping': 409,
    'static-server': 409,
    'too-many-agents': 409,
    'too-many-mappings': 409,
    'too-many-servers': 409,
    'would-empty-service': 409,
    'zone-served': 409,
    'check-inconsistent': 422,
    'no-service-proven': 422,
    'configuration-inconsistent': 422,
    'request-key-reused': 422,
    'unknown-region': 422,
    'too-many-orders': 429,
    'log-unavailable': 503,
  };
  for (const reason of refusalReasons) {
    it(`${reason} is ${statuses[reason]}`, () => {
      const { body } = refusalError({ refused: reason, error: 'a sentence', remedy: 'a remedy' });
      assert.deepEqual(body, { error: 'a sentence', code: statuses[reason], reason, remedy: 'a remedy' });
      assert(errorReasons.includes(reason));
    });
  }
});

describe('a connection on which no request could be read', () => {
  it('is told why, in whole HTTP', () => {
    const [head, body = ''] = rawResponse(connectionError('HPE_INVALID_METHOD')).split('\r\n\r\n');
    assert.equal(
      head,
      `HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${body.length}\r\nconnection: close`,
    );
    assert.equal(JSON.parse(body).reason, 'request-malformed');
  });

  for (const [code, reason] of [
    ['HPE_HEADER_OVERFLOW', 'headers-too-large'],
    ['ERR_HTTP_REQUEST_TIMEOUT', 'request-timeout'],
    [undefined, 'request-malformed'],
  ] as const) {
    it(`${code} is ${reason}`, () => assert.equal(connectionError(code).body.reason, reason));
  }
});

it('names the place of every mistake', () => {
  const problems = [{ instancePath: '/a/0', message: 'is wrong' }, { instancePath: '/', message: 'lacks b' }, {}];
  const { body } = schemaError({ place: 'querystring', problems });
  assert.equal(body.error, 'query.a.0: is wrong; query: lacks b; query: is not valid');
});
