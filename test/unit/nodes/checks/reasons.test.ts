import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printable, quoted, reasonOf } from '../../../../src/nodes/checks/reasons.ts';

const withCode = (code: string) => Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:80 at /srv/x.js'), { code });

test('errors are told in words, by their code', () => {
  const rows: readonly (readonly [error: unknown, reason: string])[] = [
    [withCode('ECONNREFUSED'), 'connection refused'],
    [withCode('CERT_HAS_EXPIRED'), 'certificate expired'],
    [withCode('DEPTH_ZERO_SELF_SIGNED_CERT'), 'certificate self-signed'],
    [withCode('ERR_TLS_CERT_ALTNAME_INVALID'), 'certificate is for another host'],
    [withCode('HPE_INVALID_CONSTANT'), 'the answer is not HTTP (HPE_INVALID_CONSTANT)'],
    [withCode('ERR_SSL_NEW'), 'TLS failed (ERR_SSL_NEW)'],
    [withCode('CERT_NEW'), 'certificate not valid (CERT_NEW)'],
    [withCode('ENEW'), 'the check failed (ENEW)'],
    [new TypeError('x'), 'the check failed (TypeError)'],
    [undefined, 'the check failed (unknown)'],
  ];
  for (const [error, reason] of rows) assert.equal(reasonOf(error), reason);
});

test('what is shown is one printable line of at most 200 characters, whatever it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const shown = printable(text);
      assert.ok(shown.length <= 200);
      assert.doesNotMatch(shown, /[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
  assert.equal(printable('läuft \u001b[31m\nnicht\u202e'), 'läuft ?[31m?nicht?');
  assert.equal(printable(`${'x'.repeat(198)}😀😀`), `${'x'.repeat(198)}…`);
});

test('a long expected text is cut where it is quoted, between characters', () => {
  assert.equal(quoted('ok'), '"ok"');
  assert.equal(quoted('😀'.repeat(61)), `"${'😀'.repeat(60)}…"`);
});
