import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import {
  addKey,
  type KeyChange,
  type KeyRing,
  keyRing,
  open,
  parseKey,
  removeKey,
  seal,
  useKey,
  whyNoKey,
} from '../../../../src/nodes/gossip/key-ring.ts';
import { ascii, bytes, hex, joined, key, nonce, paddingFor, rawKey, ring, sealedAsVersion0 } from './packets.ts';

const nothing = new Uint8Array(0);
const names = (change: KeyChange) => ('keys' in change ? change.keys.map(({ name }) => name) : change.refused);
function changed(change: KeyChange): KeyRing {
  assert('keys' in change, 'the change was refused');
  return change;
}

describe('a key', () => {
  const rows: readonly [string, string, RegExp | undefined][] = [
    ['32 bytes', rawKey(0).toString('base64'), undefined],
    ['no text', '', /the gossip key is empty/],
    ['words', 'correct horse battery staple', /is not base64/],
    ['a key with its last digit cut off', rawKey(0).toString('base64').slice(0, -2), /is not base64/],
    ['a key with a line end', `${rawKey(0).toString('base64')}\n`, /is not base64/],
    ['a key for other alphabets', 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBka-_wdHh8=', /is not base64/],
    ['31 bytes', rawKey(0).subarray(1).toString('base64'), /has 31 bytes, and needs exactly 32/],
    ['16 bytes, which are a key elsewhere', rawKey(0).subarray(16).toString('base64'), /has 16 bytes, and needs exactly 32/],
    ['33 bytes', Buffer.alloc(33, 1).toString('base64'), /has 33 bytes/],
  ];
  for (const [what, text, why] of rows)
    it(`${why === undefined ? 'is' : 'is not'} ${what}`, () => {
      const sentence = whyNoKey(text);
      assert.equal(parseKey(text) === undefined, why !== undefined);
      if (why === undefined) assert.equal(sentence, undefined);
      else {
        assert.match(sentence ?? '', why);
        assert.match(sentence ?? '', /make one with `opengslb gossip-key generate`/);
      }
    });

  it('is told apart by a name that does not tell it, and shows itself nowhere', () => {
    const one = key(0);
    assert.equal(one.name, key(0).name);
    assert.notEqual(one.name, key(1).name);
    assert.match(one.name, /^[0-9a-f]{16}$/);
    const shown = inspect(keyRing(one), { depth: 9, showHidden: true }) + JSON.stringify(keyRing(one));
    for (const secret of [rawKey(0).toString('base64'), rawKey(0).toString('hex'), '<Buffer']) assert(!shown.includes(secret), secret);
  });
});

describe('a key ring', () => {
  const [a, b, c] = [key(1), key(2), key(3)];
  const both = changed(addKey(keyRing(a), b));

  it('opens with a key that was added, and seals with the first as before', () => {
    assert.deepEqual(names(both), [a.name, b.name]);
    assert.deepEqual(open(both, nothing, seal(keyRing(b), nonce, nothing, ascii('hello'))), Buffer.from('hello'));
    assert.deepEqual(open(keyRing(a), nothing, seal(both, nonce, nothing, ascii('hello'))), Buffer.from('hello'));
  });

  it('seals with a key that is used', () => {
    const turned = changed(useKey(both, b));
    assert.deepEqual(names(turned), [b.name, a.name]);
    assert.deepEqual(open(keyRing(b), nothing, seal(turned, nonce, nothing, ascii('hello'))), Buffer.from('hello'));
  });

  it('opens no more what a key sealed that was removed', () => {
    assert.deepEqual(open(changed(removeKey(both, b)), nothing, seal(keyRing(b), nonce, nothing, ascii('hello'))), {
      rejected: 'undecryptable',
    });
  });

  it('is turned over from member to member without a packet that one of them cannot open', () => {
    const [added, turned] = [both, changed(useKey(both, b))];
    for (const [from, to] of [
      [keyRing(a), added],
      [added, keyRing(a)],
      [added, turned],
      [turned, added],
      [turned, keyRing(b)],
    ] as const)
      assert.deepEqual(open(to, nothing, seal(from, nonce, nothing, ascii('x'))), Buffer.from('x'));
  });

  const rows: readonly [string, KeyChange, readonly string[] | RegExp][] = [
    ['adding a key that is there', addKey(both, a), [a.name, b.name]],
    ['using the key that is used', useKey(both, a), [a.name, b.name]],
    ['using a key that is not there', useKey(both, c), /does not hold the key \w+; install it on every member first/],
    ['removing a key that is not there', removeKey(both, c), [a.name, b.name]],
    ['removing the key that seals', removeKey(both, a), /seals with the key \w+; use another one before you remove it/],
  ];
  for (const [what, change, expected] of rows)
    it(`answers ${what}`, () => {
      if (expected instanceof RegExp) assert.match(String(names(change)), expected);
      else assert.deepEqual(names(change), expected);
    });

  it('is itself never changed', () => {
    assert.deepEqual(names(both), [a.name, b.name]);
  });

  it('has a limit, because each key is tried on every packet that is not ours', () => {
    let full = keyRing(key(0));
    for (let first = 1; first < 8; first += 1) full = changed(addKey(full, key(first)));
    assert.match(String(names(addKey(full, key(8)))), /already holds 8 keys; remove one/);
    assert.deepEqual(open(full, nothing, seal(keyRing(key(7)), nonce, nothing, ascii('x'))), Buffer.from('x'));
  });
});

describe('sealing', () => {
  const plain = bytes('0282a55365714e6f01a75061796c6f6164c0');

  it('makes what other members make of the same key, nonce and label', () => {
    assert.equal(
      hex(seal(ring, nonce, ascii('lbl'), plain)),
      '0111111111111111111111111182e231ecdd7161c169d8756338497fdb87df55d52892cf141710d9356f8499341381',
    );
    assert.equal(hex(open(ring, ascii('lbl'), seal(ring, nonce, ascii('lbl'), plain)) as Uint8Array), hex(plain));
  });

  it('costs 29 bytes', () => {
    assert.equal(seal(ring, nonce, nothing, plain).length, plain.length + 29);
  });

  it('takes the padded version 0 of older members', () => {
    for (let length = 0; length <= 33; length += 1) {
      const message = new Uint8Array(randomBytes(length));
      assert.equal(hex(open(ring, nothing, sealedAsVersion0(message, paddingFor(message))) as Uint8Array), hex(message), `${length} bytes`);
    }
  });

  const message = ascii('fourteen bytes');
  const whole = seal(ring, nonce, nothing, message);
  const rows: readonly [string, Uint8Array, string][] = [
    ['nothing', nothing, 'short'],
    ['28 bytes', whole.subarray(0, 28), 'short'],
    ['44 bytes of version 0', joined(Uint8Array.of(0), new Uint8Array(43)), 'short'],
    ['version 2', joined(Uint8Array.of(2), whole.subarray(1)), 'unknown-version'],
    ['a plain message', bytes('0282a55365714e6f01a75061796c6f6164c0'), 'unknown-version'],
    ['another key', seal(keyRing(key(9)), nonce, nothing, message), 'undecryptable'],
    ['something else beside it', seal(ring, nonce, ascii('label'), message), 'undecryptable'],
    ['another nonce', joined(whole.subarray(0, 1), new Uint8Array(12), whole.subarray(13)), 'undecryptable'],
    ['a tag that is cut off', whole.subarray(0, -1), 'undecryptable'],
    [
      'version 1 said to be version 0',
      joined(Uint8Array.of(0), seal(ring, nonce, nothing, ascii('sixteen bytes ..')).subarray(1)),
      'padding',
    ],
    ['version 0 whose bytes fill no block', sealedAsVersion0(ascii('fifteen bytes .'), bytes('0202')), 'padding'],
    ['padding of 0', sealedAsVersion0(ascii('fifteen bytes .'), Uint8Array.of(0)), 'padding'],
    ['padding of 17', sealedAsVersion0(new Uint8Array(15), new Uint8Array(17).fill(17)), 'padding'],
    ['padding of bytes that differ', sealedAsVersion0(ascii('fourteen bytes'), bytes('0102')), 'padding'],
  ];
  for (const [what, sealed, rejected] of rows)
    it(`refuses ${what}`, () => {
      assert.deepEqual(open(ring, nothing, sealed), { rejected });
    });
});
