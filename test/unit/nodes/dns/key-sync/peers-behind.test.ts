/** Whether a rotation goes on: one row for each row of the table of `peers-behind.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KeyStage } from '../../../../../src/events/catalogue/keys.ts';
import { objectionOf, type Shown } from '../../../../../src/nodes/dns/key-sync/peers-behind.ts';
import type { ListedKey } from '../../../../../src/nodes/dns/key-sync/wire.ts';
import type { ZoneKey } from '../../../../../src/projections/keys.ts';
import { app, publicKeyOf } from '../../../../given.ts';

const key = { zone: app, keyTag: 2, publicKey: publicKeyOf('2') } as ZoneKey;
/** `kept`: how long caches may hold what was before. Left out: an older version, which says how long it waits. */
const there = (stage: KeyStage, left: number | null = null, kept?: number): ListedKey => ({
  ...{ key_tag: 2, algorithm: 13, public_key: key.publicKey, successor_of: 1, stage },
  ...{ created_at: 0, stage_seconds: 0, left_seconds: left, ...(kept !== undefined && { kept_seconds: kept }) },
});
const shows = (...keys: readonly ListedKey[]): Shown => ({
  peer: 'https://b.example',
  zones: new Map([[app, { zone: app, signed: true, keys: [...keys] }]]),
});

describe('a peer', () => {
  for (const [name, peer, announced, remove] of [
    ['that has not answered', { peer: 'x', zones: undefined }, /^x has not answered yet$/, /has not answered/],
    ['that was not asked since', { peer: 'x', zones: new Map() }, /has not been asked about/, /has not been asked/],
    ['that does not sign the zone', { peer: 'x', zones: new Map([[app, { zone: app, signed: false, keys: [] }]]) }, undefined, undefined],
    ['without the key', shows(), /does not show key 2 yet/, /does not show key 2 yet/],
    [
      'with another key of that tag',
      shows({ ...there('active'), public_key: publicKeyOf('x') }),
      /does not show key 2/,
      /does not show key 2/,
    ],
    ['that publishes it, not long enough', shows(there('published', 9, 1)), /the keys without key 2, .* for another 1s$/, /does not sign/],
    ['that publishes it, and waits for peers', shows(there('published', 9, 0)), undefined, /does not sign with key 2 yet/],
    ['of an older version that waits', shows(there('published', 9)), /for another 9s$/, /does not sign/],
    ['that publishes it for its TTL', shows(there('published', 0)), undefined, /does not sign with key 2 yet/],
    ['that announces it', shows(there('announced')), undefined, /does not sign/],
    ['that trusts it', shows(there('trusted')), undefined, /does not sign/],
    [
      'that signs with it, not long enough',
      shows({ ...there('retiring', 9, 2), key_tag: 1, public_key: publicKeyOf('1') }, there('active')),
      undefined,
      /what key 1 signed, .* for another 2s$/,
    ],
    [
      'that signs with it for as long as caches hold anything',
      shows({ ...there('retiring', 9, 0), key_tag: 1, public_key: publicKeyOf('1') }, there('active')),
      undefined,
      undefined,
    ],
    ['that signs with it alone', shows(there('active')), undefined, undefined],
  ] as const) {
    it(`${name}`, () => {
      for (const [step, says] of [
        ['announced', announced],
        ['remove', remove],
      ] as const) {
        const objection = objectionOf([peer], key, step);
        if (says === undefined) assert.equal(objection, undefined, step);
        else assert.match(objection ?? 'none', says, step);
      }
    });
  }

  it('that is ready does not hide one that is not', () => {
    assert.match(objectionOf([shows(there('active')), shows()], key, 'announced') ?? '', /does not show/);
    assert.equal(objectionOf([], key, 'remove'), undefined, 'alone nobody is left behind');
  });
});
