/** Who may make keys, how far a rotation may go, and whose keys are taken: one row for each row of the tables of `keys.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Command, ImportKey } from '../../../src/commands/command.ts';
import { decide } from '../../../src/commands/decide.ts';
import type { Fact, FactOf } from '../../../src/events/event.ts';
import type { State } from '../../../src/projections/state.ts';
import { a, app, at, inForce, keyEntered, keyMade, keyRemoved, oneDomain, order, publicKeyOf, requested, stateOf } from '../../given.ts';

const other = 'other.example';
const off = {
  enabled: false,
  security_acknowledgment:
    'I understand that disabling DNSSEC removes cryptographic authentication of DNS responses and allows DNS spoofing attacks against my zones',
};

/** Facts at 1 000, and the state at `now`. */
function given(facts: readonly Fact[], now = 1_000, dnssec = {}, domain = {}): State {
  const nothing: Fact = { type: 'node.attested', data: { answers: '0'.repeat(64) } };
  return stateOf(at(1_000, ...inForce(oneDomain([a], domain, { overwatch: { dnssec } })), ...facts), at(now, nothing));
}

/** The types of its facts with the stage or the tag that they are about, or why it is refused. */
function ruled(command: Command, state: State): string | readonly string[] {
  const ruling = decide(order(command), state);
  if ('refused' in ruling) return ruling.refused;
  if (!('facts' in ruling)) return 'carried out';
  return ruling.facts.map(({ type, data }) => {
    const { keyTag, stage = '' } = data as { keyTag: number; stage?: string };
    return `${type} ${keyTag} ${stage}`.trim();
  });
}

const hour = 3_600_000;
const first = keyMade(1);
const published = [first, keyMade(2, { successorOf: 1, waitSeconds: 3_600 })];
const announced = [...published, keyEntered(2, 'announced')];
const trusted = [...announced, keyEntered(2, 'trusted', { waitSeconds: 86_400 })];
const active = [...trusted, keyEntered(2, 'active', { waitSeconds: 7_200 })];
const made = { keyTag: 5, algorithm: 13, publicKey: publicKeyOf('5') } as const;

describe('a first key', () => {
  const add = (...zones: readonly string[]): Command => ({ kind: 'addFirstKeys', made: zones.map((zone) => ({ zone, ...made })) });
  for (const [name, command, state, says] of [
    ['of a zone that has none', add(app), given([]), ['key.generated 5']],
    ['of a zone that has one', add(app), given([first]), []],
    ['of a zone that is not served', add(other), given([]), []],
    ['of one that is, beside one that is not', add(other, app), given([]), ['key.generated 5']],
    ['where DNSSEC is off', add(app), given([], 1_000, off), []],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }
});

describe('starting a rotation', () => {
  const start = (zone = app, keyTag = 5): Command => ({ kind: 'startRotation', zone, made: { ...made, keyTag } });
  for (const [name, command, state, says] of [
    ['of a zone that is not signed', start(other), given([first]), 'unknown-zone'],
    ['where DNSSEC is off', start(), given([first], 1_000, off), 'unknown-zone'],
    ['of a zone without a key', start(), given([]), 'no-key'],
    ['of a zone with one', start(), given([first]), ['key.generated 5']],
    ['with a tag that is taken', start(app, 1), given([first]), 'key-tag-held'],
    ['while one is published', start(), given(published), 'rotation-in-progress'],
    ['while one is announced', start(), given(announced), 'rotation-in-progress'],
    ['while the old one retires', start(), given(active), 'rotation-in-progress'],
    ['after the one before', start(), given([...active, keyRemoved(1)]), ['key.generated 5']],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }

  it('waits for the TTL of DNSKEY, and for peers to hear of the key', () => {
    const waitOf = (state: State) => {
      const ruling = decide(order(start()), state);
      assert('facts' in ruling);
      return (ruling.facts[0] as FactOf<'key.generated'>).data;
    };
    assert.equal(waitOf(given([first])).waitSeconds, 3_600);
    assert.equal(waitOf(given([first])).successorOf, 1);
    const peers = {
      key_sync: { peers: [{ url: 'https://o.example', fingerprint: 'a'.repeat(64) }], poll_interval: '10m', timeout: '30s' },
    };
    assert.equal(waitOf(given([first], 1_000, peers)).waitSeconds, 3_600 + 600 + 30);
  });

  it('is one order, whichever key was made for it', () => {
    const carriedOut = (keyTag: number, zone = app) => {
      const command = start(zone, keyTag);
      const before = decide(order(start(), 'my key'), given([first]));
      assert('facts' in before);
      const [fact] = before.facts;
      return decide(order(command, 'my key'), given([first, requested(fact as Fact, 'my key', fact?.request?.digest)]));
    };
    assert('carriedOut' in carriedOut(77));
    assert('refused' in carriedOut(77, other), 'the same key with another zone is another order');
  });
});

describe('a stage that time leads to', () => {
  const enter = (stage: 'announced' | 'active', keyTag = 2): Command => ({ kind: 'enterKeyStage', zone: app, keyTag, stage });
  for (const [name, command, state, says] of [
    ['before the wait is over', enter('announced'), given(published, 1_000 + hour - 1), 'stage-not-due'],
    ['when it is over', enter('announced'), given(published, 1_000 + hour), ['key.stage_entered 2 announced']],
    ['again', enter('announced'), given(announced), []],
    ['of a key that is not known', enter('announced', 9), given(published, 1_000 + hour), 'no-rotation'],
    ['of the key that signs', enter('announced', 1), given([first]), 'no-rotation'],
    ['active, before the parent was seen', enter('active'), given(announced, 1_000 + 1_000 * hour), 'no-rotation'],
    ['active, from published', enter('active'), given(published, 1_000 + 1_000 * hour), 'no-rotation'],
    ['active, before the DS of before is forgotten', enter('active'), given(trusted, 1_000 + 24 * hour - 1), 'stage-not-due'],
    ['active, after that', enter('active'), given(trusted, 1_000 + 24 * hour), ['key.stage_entered 2 active']],
    ['active, again', enter('active'), given(active, 1_000 + 24 * hour), []],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }

  it('active lasts as long as the longest TTL of the zone', () => {
    const waitOf = (state: State) => {
      const ruling = decide(order(enter('active')), state);
      assert('facts' in ruling);
      return (ruling.facts[0] as FactOf<'key.stage_entered'>).data.waitSeconds;
    };
    assert.equal(waitOf(given(trusted, 1_000 + 24 * hour)), 3_600, 'that of the apex');
    assert.equal(waitOf(given(trusted, 1_000 + 24 * hour, {}, { ttl: 40_000 })), 40_000);
  });
});

describe('the DS at the parent', () => {
  const seen = (words: object = {}): Command => ({ kind: 'confirmDs', zone: app, keyTag: null, dsTtlSeconds: 60, evidence: 'x', ...words });
  for (const [name, command, state, says] of [
    ['without a rotation', seen(), given([first]), 'no-rotation'],
    ['of a key that resolvers may not know yet', seen(), given(published, 1_000 + 1_000 * hour), 'stage-not-due'],
    ['of the one that is announced', seen(), given(announced), ['key.stage_entered 2 trusted']],
    ['of this one', seen({ keyTag: 2 }), given(announced), ['key.stage_entered 2 trusted']],
    ['of another one', seen({ keyTag: 1 }), given(announced), 'no-rotation'],
    ['again', seen(), given(trusted), []],
    ['after it signs', seen(), given(active), []],
    ['of another zone', seen({ zone: other }), given(announced), 'no-rotation'],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }

  it('is waited for as long as its TTL, but for no longer than resolvers keep anything', () => {
    const waitOf = (dsTtlSeconds: number) => {
      const ruling = decide(order(seen({ dsTtlSeconds })), given(announced));
      assert('facts' in ruling);
      return (ruling.facts[0] as FactOf<'key.stage_entered'>).data.waitSeconds;
    };
    assert.deepEqual([waitOf(60), waitOf(2 ** 31)], [60, 604_800]);
  });
});

describe('removing the old key', () => {
  const remove = (keyTag = 1): Command => ({ kind: 'removeRetiredKey', zone: app, keyTag });
  for (const [name, command, state, says] of [
    ['before its signatures are forgotten', remove(), given(active, 1_000 + 2 * hour - 1), 'stage-not-due'],
    ['when they are', remove(), given(active, 1_000 + 2 * hour), ['key.removed 1']],
    ['again', remove(), given([...active, keyRemoved(1)]), []],
    ['while it signs', remove(), given(announced, 1_000 + 1_000 * hour), 'no-rotation'],
    ['of the one that took over', remove(2), given(active, 1_000 + 1_000 * hour), 'no-rotation'],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }
});

describe('calling a rotation off', () => {
  const abort = (force = false): Command => ({ kind: 'abortRotation', zone: app, reason: 'x', force });
  for (const [name, command, state, says] of [
    ['where there is none', abort(true), given([first]), 'no-rotation'],
    ['while the key is published', abort(), given(published), ['key.removed 2']],
    ['while the parent may have taken it up', abort(), given(announced), 'rotation-announced'],
    ['while it may, by force', abort(true), given(announced), ['key.removed 2']],
    ['after the parent has it', abort(true), given(trusted), 'rotation-past-ds'],
    ['after it signs', abort(true), given(active), 'rotation-past-ds'],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }
});

describe('forgetting the keys of a zone', () => {
  const remove = (zone = other): Command => ({ kind: 'removeZoneKeys', zone, reason: 'x' });
  const gone = [keyMade(1, { zone: other }), keyMade(2, { zone: other, successorOf: 1 })];
  for (const [name, command, state, says] of [
    ['that is served', remove(app), given([first]), 'zone-served'],
    ['that is served unsigned', remove(app), given([first], 1_000, off), 'zone-served'],
    ['that is gone', remove(), given(gone), ['key.removed 1', 'key.removed 2']],
    ['of which nothing is known', remove(), given([]), 'unknown-zone'],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }
});

describe('a key from elsewhere', () => {
  const offered = (keyTag: number, words: Partial<ImportKey> = {}): Command => ({
    ...{ kind: 'importKey', zone: app, keyTag, algorithm: 13, publicKey: publicKeyOf(String(keyTag)), successorOf: null },
    ...{ signs: true, createdAt: 5_000, from: 'overwatch-2', ...words },
  });
  const successor = (keyTag: number, createdAt: number, words = {}) => offered(keyTag, { successorOf: 1, createdAt, ...words });
  for (const [name, command, state, says] of [
    ['of a zone that is not served', offered(9, { zone: other }), given([]), 'unknown-zone'],
    ['where there is none', offered(9), given([]), ['key.imported 9']],
    ['where there is none, of one that does not sign yet', offered(9, { signs: false }), given([]), 'no-key'],
    ['that is here', offered(1), given([first]), []],
    ['with the tag of one that is here', offered(1, { publicKey: publicKeyOf('x') }), given([first]), 'key-tag-held'],
    ['that succeeds the one that signs', successor(3, 5_000), given([first]), ['key.imported 3']],
    ['that succeeds it, newer than the successor here', successor(3, 5_000), given(published), ['key.removed 2', 'key.imported 3']],
    ['that succeeds it, older', successor(3, 999), given(published), []],
    ['that succeeds it, as old and greater', successor(3, 1_000), given(published), ['key.removed 2', 'key.imported 3']],
    ['that succeeds it, as old and less', successor(3, 1_000, { publicKey: publicKeyOf('0') }), given(published), []],
    ['that succeeds it, newer than one that is announced', successor(3, 5_000), given(announced), ['key.removed 2', 'key.imported 3']],
    ['that succeeds it, newer than one whose DS the parent has', successor(3, 5_000), given(trusted), 'key-unrelated'],
    ['that succeeds one that retires', successor(3, 5_000), given(active), 'key-unrelated'],
    ['that succeeds the active one while another retires', offered(3, { successorOf: 2 }), given(active), 'rotation-in-progress'],
    ['that took over there', successor(3, 5_000, { takesOver: true }), given([first]), ['key.imported 3', 'key.stage_entered 3 active']],
    [
      'that took over there and is published here',
      offered(2, { successorOf: 1, takesOver: true }),
      given(published),
      ['key.stage_entered 2 active'],
    ],
    ['that took over there and signs here', offered(2, { successorOf: 1, takesOver: true }), given(active), []],
    [
      'that took over there, though a newer one is published here',
      successor(3, 1, { takesOver: true }),
      given(published),
      ['key.removed 2', 'key.imported 3', 'key.stage_entered 3 active'],
    ],
    [
      'that took over there, while the DS of another is at the parent',
      successor(3, 5_000, { takesOver: true }),
      given(trusted),
      'key-unrelated',
    ],
    ['that was succeeded here', offered(1), given([...active, keyRemoved(1)]), []],
    ['that is the first of somebody else, however new', offered(9, { createdAt: 9_999_999 }), given([first]), 'key-unrelated'],
    ['that succeeds a key that never was here', offered(9, { successorOf: 8 }), given([first]), 'key-unrelated'],
  ] as const) {
    it(name, () => assert.deepEqual(ruled(command, state), says));
  }
});
