import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listenError, parseListenAddress } from '../../../../src/nodes/dns/listen-address.ts';

describe('a listen address', () => {
  it('is an address and a port, or a port on every address', () => {
    assert.deepEqual(parseListenAddress('127.0.0.1:53'), { host: '127.0.0.1', port: 53 });
    assert.deepEqual(parseListenAddress('[::1]:5353'), { host: '::1', port: 5353 });
    assert.deepEqual(parseListenAddress(':0'), { host: '', port: 0 });
    for (const text of ['', '53', 'localhost:53', '127.0.0.1', '127.0.0.1:', '127.0.0.1:x', '127.0.0.1:65536', '::1:53x', '[::1:53']) {
      assert.equal(parseListenAddress(text), undefined, text);
    }
  });
});

describe('an error of the operating system', () => {
  const rows: readonly [code: string, named: string, remedy: RegExp][] = [
    ['EADDRINUSE', 'dns-address-in-use', /systemd-resolved/],
    ['EACCES', 'dns-address-not-permitted', /CAP_NET_BIND_SERVICE/],
    ['EADDRNOTAVAIL', 'dns-address-not-available', /ip address/],
    ['EIO', 'dns-listen-failed', /dns\.listen_address/],
  ];
  for (const [code, named, remedy] of rows) {
    it(`${code} is ${named}, with the place and the remedy`, () => {
      const cause = Object.assign(new Error('told by the kernel'), { code });
      const error = listenError({ host: '::1', port: 53 }, cause);
      assert.equal(error.code, named);
      assert.equal(error.cause, cause);
      assert.match(error.message, /DNS cannot listen on \[::1\]:53/);
      assert.match(error.message, remedy);
    });
  }
});
