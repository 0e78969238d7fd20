import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAtOrBelow, nameOf, parentOf, readName, rootName, skipName, suffixesOf, textOf } from '../../../../src/nodes/dns/names.ts';

const named = (text: string) => nameOf(text) ?? assert.fail(text);

describe('a name', () => {
  it('comes from text in any case, with or without the final dot', () => {
    assert.equal(nameOf('App.Demo'), '\x03app\x04demo\0');
    assert.equal(nameOf('app.demo.'), '\x03app\x04demo\0');
    assert.equal(nameOf('.'), rootName);
    assert.equal(textOf(named('_a.app.demo')), '_a.app.demo');
    assert.equal(textOf(rootName), '.');
  });

  it('is of ordinary labels only', () => {
    for (const text of ['', '..', 'a..b', '*.demo', '-a.b', 'a b', 'é.demo', 'a\\.b', 'a'.repeat(64), `${'a.'.repeat(127)}a`]) {
      assert.equal(nameOf(text), undefined, text);
    }
  });

  it('knows what is above it', () => {
    assert.equal(parentOf(named('app.demo')), named('demo'));
    assert.equal(parentOf(named('demo')), rootName);
    assert.equal(parentOf(rootName), undefined);
    assert.deepEqual([...suffixesOf(named('a.b.c'))], [named('a.b.c'), named('b.c'), named('c'), rootName]);
  });

  it('is below another by labels, not by letters', () => {
    assert.ok(isAtOrBelow(named('app.demo'), named('demo')));
    assert.ok(isAtOrBelow(named('demo'), named('demo')));
    assert.ok(isAtOrBelow(named('demo'), rootName));
    assert.ok(!isAtOrBelow(named('xdemo'), named('demo')));
    assert.ok(!isAtOrBelow(named('demo'), named('app.demo')));
    const tricky = readName(Buffer.from('\x06x\x04demo\0', 'latin1'), 0)?.name;
    assert.ok(tricky?.endsWith(named('demo')) && !isAtOrBelow(tricky, named('demo')));
  });
});

describe('a name in a packet', () => {
  it('is read in lower case, byte by byte, from where it stands', () => {
    const bytes = Buffer.from('__\x03A\xc0Z\x02\0.\0after', 'latin1');
    assert.deepEqual(readName(bytes, 2), { name: '\x03a\xc0z\x02\0.\0', end: 10 });
    assert.equal(skipName(bytes, 2), 10);
  });

  it('is stepped over up to its first pointer, which is not followed', () => {
    assert.equal(skipName(Buffer.from([1, 97, 0xc0, 0, 9]), 0), 4);
    assert.equal(skipName(Buffer.from([0xff]), 0), undefined);
  });

  it('is nothing where it is cut off, too long or odd', () => {
    for (const bytes of [[], [1], [1, 97], [0x40, 0], [0x80, 0]]) {
      assert.equal(readName(Buffer.from(bytes), 0), undefined, String(bytes));
      assert.equal(skipName(Buffer.from(bytes), 0), undefined, String(bytes));
    }
    const long = Buffer.from([...Array(127).fill([1, 97]).flat(), 1, 97, 0]);
    assert.equal(readName(long, 0), undefined);
    assert.equal(skipName(long, 0), undefined);
    assert.equal(readName(long, 2)?.end, long.length);
    assert.equal(skipName(long, 2), long.length);
  });
});
