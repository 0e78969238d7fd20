import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Name } from '../../../../../src/nodes/dns/names.ts';
import { canonicalKey } from '../../../../../src/nodes/dns/table/canonical-key.ts';

const named = (text: string) =>
  [
    ...text
      .split('.')
      .filter((label) => label !== '')
      .map((label) => String.fromCharCode(label.length) + label),
    '\0',
  ].join('') as Name;

describe('the key of a name in its zone', () => {
  it('sorts as RFC 4034 section 6.1 shows', () => {
    const inOrder = [
      'example',
      'a.example',
      'yljkjljk.a.example',
      'z.a.example',
      'zabc.a.example',
      'z.example',
      '\x01.z.example',
      '*.z.example',
      '\xc8.z.example',
    ];
    const keys = inOrder.map((name) => Buffer.from(canonicalKey(named(name), named('example'))));
    assert.deepEqual([...keys].sort(Buffer.compare), keys);
    assert.equal(keys[0]?.length, 0);
  });

  it('keeps a label before every longer one that begins with it, whatever follows', () => {
    const inOrder = ['a', '\xff.a', 'a\0', 'z.a\0', 'a\0\0', 'a\x01', 'a\x02', 'ab'];
    const keys = inOrder.map((name) => Buffer.from(canonicalKey(named(`${name}.example`), named('example'))));
    assert.deepEqual([...keys].sort(Buffer.compare), keys);
  });
});
