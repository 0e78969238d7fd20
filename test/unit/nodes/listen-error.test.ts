/** Every cause for every server: its code, a sentence that names the place, and a remedy that names the setting. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorCode, listenAddressInvalid, listenError } from '../../../src/nodes/listen-error.ts';

for (const [what, name, setting] of [
  ['dns', 'DNS', 'dns.listen_address'],
  ['api', 'the API', 'api.address'],
] as const) {
  describe(`${name} cannot listen`, () => {
    const rows: readonly [code: string, why: string, sentence: string, remedy: RegExp][] = [
      ['EADDRINUSE', 'address-in-use', 'another program listens there', what === 'dns' ? /systemd-resolved/ : /ss -lntp/],
      ['EACCES', 'address-not-permitted', 'this user may not open the port', /CAP_NET_BIND_SERVICE/],
      ['EADDRNOTAVAIL', 'address-not-available', 'this machine does not have the address', /ip address/],
      ['EIO', 'listen-failed', 'Error: told by the kernel', /check/],
    ];
    for (const [code, why, sentence, remedy] of rows) {
      it(`because of ${code}`, () => {
        const cause = Object.assign(new Error('told by the kernel'), { code });
        const error = listenError(what, { host: '::1', port: 53 }, cause);
        assert.deepEqual([error.what, error.code, error.cause], [what, `${what}-${why}`, cause]);
        assert.equal(error.message, `${name} cannot listen on [::1]:53: ${sentence}`);
        assert.match(error.remedy, remedy);
        assert(error.remedy.includes(setting));
      });
    }

    it('because the setting is no address', () => {
      const error = listenAddressInvalid(what, 'localhost');
      assert.deepEqual([error.code, error.message], [`${what}-listen-address-invalid`, `${name} cannot listen on "localhost"`]);
      assert(error.remedy.startsWith(`set ${setting} to an address and a port, such as `));
    });
  });
}

it('an error without a code has none', () => {
  assert.equal(errorCode(new Error('x')), undefined);
  assert.equal(errorCode({ code: 'EIO' }), undefined);
  assert.equal(errorCode(Object.assign(new Error('x'), { code: 1 })), undefined);
});
