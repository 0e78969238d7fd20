/** What a listen address may be. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { parseListenAddress } from '../../../src/nodes/listen-address.ts';

it('is an address and a port, or a port on every address', () => {
  assert.deepEqual(parseListenAddress('127.0.0.1:53'), { host: '127.0.0.1', port: 53 });
  assert.deepEqual(parseListenAddress('[::1]:5353'), { host: '::1', port: 5353 });
  assert.deepEqual(parseListenAddress(':0'), { host: '', port: 0 });
  for (const text of ['', '53', 'localhost:53', '127.0.0.1', '127.0.0.1:', '127.0.0.1:x', '127.0.0.1:65536', '::1:53x', '[::1:53']) {
    assert.equal(parseListenAddress(text), undefined, text);
  }
});
