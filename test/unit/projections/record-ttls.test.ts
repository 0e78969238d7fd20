/** How long what a node said may be kept: by the configuration of now, and by those before it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Fact } from '../../../src/events/event.ts';
import { checkpointOf } from '../../../src/projections/checkpoint.ts';
import { dnskeyKeptSeconds, longestTtlSecondsOf, recordsKeptSeconds } from '../../../src/projections/record-ttls.ts';
import { decodeState, encodeState } from '../../../src/projections/snapshot.ts';
import type { State } from '../../../src/projections/state.ts';
import { a, app, at, configurationOf, inForce, oneDomain, stateOf } from '../../given.ts';

const nothing: Fact = { type: 'node.attested', data: { answers: '0'.repeat(64) } };
const under = (ttl: number, dnskeyTtl: string, apexTtl = 0) =>
  inForce(oneDomain([a], { ttl }, { overwatch: { dnssec: { dnskey_ttl: dnskeyTtl } }, dns: { apex_ttl: apexTtl, default_ttl: 0 } }));
/** A minute is for laying out what a reload brings. */
const kept = (state: State) => [dnskeyKeptSeconds(state), recordsKeptSeconds(state, app)];

describe('what was said may be kept', () => {
  it('for the TTL of DNSKEY, and for the longest of any record', () => {
    assert.deepEqual(kept(stateOf(at(1_000, ...under(60, '20s')))), [20, 60]);
    assert.deepEqual(kept(stateOf(at(1_000, ...under(60, '20s', 90)))), [20, 90], 'the apex');
    assert.deepEqual(kept(stateOf(at(1_000, ...under(1, '20s')))), [20, 20], 'a DS of a zone inside is kept as its keys are');
    assert.deepEqual(kept(stateOf(at(1_000, ...under(1, '1500ms')))), [1, 1], 'whole seconds');
  });

  it('for as long as it was said, where a reload lowered it or took it out, and for no longer than that', () => {
    const reloaded = [at(1_000, ...under(600, '1h')), at(10_000, ...under(5, '2s'))] as const;
    assert.deepEqual(kept(stateOf(...reloaded)), [3_660, 3_660]);
    assert.deepEqual(kept(stateOf(...reloaded, at(3_000_000, nothing))), [670, 670]);
    assert.deepEqual(kept(stateOf(...reloaded, at(4_000_000, nothing))), [2, 5]);
  });

  it('for no longer than is said now, where a reload lowered nothing', () => {
    assert.deepEqual(kept(stateOf(at(1_000, ...under(5, '1s')), at(10_000, ...under(6, '2s')))), [2, 6]);
  });

  it('for the longest of all that were lowered one after the other', () => {
    const state = stateOf(at(1_000, ...under(5, '1h')), at(2_000, ...under(5, '1m')), at(3_000, ...under(5, '1s')));
    assert.deepEqual(kept(state), [3_659, 3_659]);
  });

  it('also after a checkpoint or a snapshot', () => {
    const state = stateOf(at(1_000, ...under(5, '1h')), at(2_000, ...under(5, '1s')));
    assert.deepEqual(kept(decodeState(encodeState(state))), [3_660, 3_660]);
    const restated = stateOf(at(2_000, { type: 'log.checkpoint', data: checkpointOf(state) } as Fact));
    assert.deepEqual(kept(restated), [3_660, 3_660]);
  });
});

it('the longest TTL of a zone is that of its own records and domains, and of any zone where none is named', () => {
  const record = { name: 'x', type: 'TXT', text: 'x' } as const;
  const configuration = configurationOf({
    overwatch: { dnssec: { dnskey_ttl: '1s' } },
    dns: {
      ...{ apex_ttl: 2, default_ttl: 3 },
      zones: [
        { name: 'a.test', records: [{ ...record, ttl: 40 }] },
        { name: 'b.test', records: [{ ...record, ttl: 50 }] },
      ],
    },
    regions: [{ name: 'eu' }],
    domains: [
      { name: 'x.a.test', regions: ['eu'], ttl: 60 },
      { name: 'xa.test', regions: ['eu'], ttl: 70 },
    ],
  });
  assert.deepEqual(
    ['a.test', 'b.test', 'c.test', undefined].map((zone) => longestTtlSecondsOf(configuration, zone)),
    [60, 50, 3, 70],
  );
});
