/** How one server of a service is named. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { endpointText, entryOf, targetText } from '../../../src/projections/endpoint.ts';

it('writes an IPv6 address with a port in brackets', () => {
  assert.equal(endpointText('192.0.2.7', 80), '192.0.2.7:80');
  assert.equal(endpointText('2001:db8::7', 80), '[2001:db8::7]:80');
});

it('writes a target without a port as the address alone', () => {
  assert.equal(targetText('2001:db8::7', null), '2001:db8::7');
  assert.equal(targetText('2001:db8::7', 80), '[2001:db8::7]:80');
});

it('makes an entry once', () => {
  const map = new Map<string, string[]>();
  entryOf(map, 'key', () => []).push('first');
  entryOf(map, 'key', () => []).push('second');
  assert.deepEqual(map.get('key'), ['first', 'second']);
});
