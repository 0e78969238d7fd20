/** What of a peer's keys is considered: one row for each row of the table of `offers.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KeyStage } from '../../../../../src/events/catalogue/keys.ts';
import { offersOf } from '../../../../../src/nodes/dns/key-sync/offers.ts';
import type { ListedKey } from '../../../../../src/nodes/dns/key-sync/wire.ts';
import type { ZoneKey } from '../../../../../src/projections/keys.ts';
import { app, publicKeyOf } from '../../../../given.ts';

const listed = (keyTag: number, stage: KeyStage): ListedKey => ({
  ...{ key_tag: keyTag, algorithm: 13, public_key: publicKeyOf(String(keyTag)), successor_of: keyTag === 1 ? null : keyTag - 1 },
  ...{ stage, created_at: 1_000, stage_seconds: 0, left_seconds: null },
});
const here = (keyTag: number, stage: KeyStage): ZoneKey => ({
  ...{ zone: app, keyTag, algorithm: 13, publicKey: publicKeyOf(String(keyTag)), successorOf: keyTag === 1 ? null : keyTag - 1 },
  ...{ stage, createdAt: 1_000, position: 1, since: 1_000, until: null, from: 'this node' },
});

describe('the keys of a peer', () => {
  for (const [name, keys, known, says] of [
    ['that has none', [], [], []],
    ['that only publishes one', [listed(2, 'published')], [], []],
    ['for a zone without a key', [listed(1, 'active')], [], ['1 signs']],
    ['for a zone without a key, with a successor', [listed(1, 'active'), listed(2, 'announced')], [], ['1 signs', '2']],
    ['for a zone without a key, one retiring', [listed(1, 'retiring'), listed(2, 'active')], [], ['1 signs', '2 signs, takes over']],
    ['the same, with a successor', [listed(1, 'active'), listed(2, 'published')], [here(1, 'active')], ['2']],
    ['the same and alone', [listed(1, 'active')], [here(1, 'active')], []],
    [
      'with one that signs there and is shown here',
      [listed(1, 'retiring'), listed(2, 'active')],
      [here(1, 'active'), here(2, 'trusted')],
      ['2 signs'],
    ],
    ['with one that signs there alone', [listed(2, 'active')], [here(1, 'active')], ['2 signs, takes over']],
    [
      'with a successor of one that is not here',
      [listed(2, 'active'), listed(3, 'published')],
      [here(1, 'active')],
      ['2 signs, takes over'],
    ],
    ['that is behind', [listed(1, 'active'), listed(2, 'published')], [here(1, 'retiring'), here(2, 'active')], ['1 signs, takes over']],
  ] as const) {
    it(name, () => {
      const words = offersOf({ zone: app, signed: true, keys: [...keys] }, known, 'peer').map(({ keyTag, signs, takesOver }) =>
        [`${keyTag}`, ...(signs ? [takesOver ? 'signs, takes over' : 'signs'] : [])].join(' '),
      );
      assert.deepEqual(words, says);
    });
  }
});
