/** Whom a path names: every way of writing an address with or without a port, and what is none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTarget } from '../../../../src/nodes/api/target.ts';

const v6 = '2001:db8::7';
const table: readonly (readonly [text: string, address: string | undefined, port?: number])[] = [
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.7:1', '192.0.2.7', 1],
  ['192.0.2.7:65535', '192.0.2.7', 65_535],
  ['192.0.2.7:0', undefined],
  ['192.0.2.7:65536', undefined],
  ['192.0.2.7:', undefined],
  ['192.0.2.7:http', undefined],
  ['192.0.2', undefined],
  ['[192.0.2.7]:80', undefined],
  [v6, v6],
  ['2001:DB8:0:0::7', v6],
  [`[${v6}]`, v6],
  [`[${v6}]:443`, v6, 443],
  [`${v6}:443`, '2001:db8::7:443'],
  [`[${v6}]443`, undefined],
  [`[${v6}`, undefined],
  [`[${v6}%eth0]:80`, undefined],
  ['[]:80', undefined],
  [':80', undefined],
  ['', undefined],
  ['server-1', undefined],
];

describe('the target of an override', () => {
  for (const [text, address, port = null] of table) {
    it(`'${text}' is ${address === undefined ? 'none' : `${address} port ${port}`}`, () => {
      assert.deepEqual(parseTarget(text), address === undefined ? undefined : { address, port });
    });
  }
});
