/** Saying where clients are: one row for each row of the table in `geo-mappings.ts`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Decision } from '../../../src/commands/command.ts';
import { isRefusal } from '../../../src/commands/command.ts';
import { geoMappingsMax, removeGeoMapping, setGeoMapping } from '../../../src/commands/geo-mappings.ts';
import type { Fact } from '../../../src/events/event.ts';
import { a, at, inForce, mapped, oneDomain, stateOf, unmapped } from '../../given.ts';

const fromFile = { overwatch: { geolocation: { custom_mappings: [{ cidr: '10.0.0.0/8', region: 'eu' }] } } };
const given = (...facts: readonly Fact[]) => stateOf(at(1_000, ...inForce(oneDomain([a], {}, fromFile))), at(2_000, ...facts));
const set = (cidr: string, region: string, comment: string | null = null) => ({ kind: 'setGeoMapping', cidr, region, comment }) as const;
const remove = (cidr: string) => ({ kind: 'removeGeoMapping', cidr }) as const;
const refused = (decision: Decision) => (isRefusal(decision) ? `${decision.refused}: ${decision.error}; ${decision.remedy}` : decision);

describe('setting', () => {
  it('is a fact with all that was said', () => {
    assert.deepEqual(setGeoMapping(set('10.1.0.0/16', 'eu', 'offices'), given()), [mapped('10.1.0.0/16', 'eu', 'offices')]);
  });
  it('may hide what the configuration says, even in the same words', () => {
    assert.deepEqual(setGeoMapping(set('10.0.0.0/8', 'eu'), given()), [mapped('10.0.0.0/8', 'eu')]);
  });
  it('is nothing where it is set so already, and a fact where a word is another', () => {
    const state = given(mapped('10.1.0.0/16', 'eu', 'offices'));
    assert.deepEqual(setGeoMapping(set('10.1.0.0/16', 'eu', 'offices'), state), []);
    assert.deepEqual(setGeoMapping(set('10.1.0.0/16', 'eu'), state), [mapped('10.1.0.0/16', 'eu')]);
  });
  it('is refused for a region that is none', () => {
    const said = 'unknown-region: there is no region named us; use one of eu';
    assert.equal(refused(setGeoMapping(set('10.1.0.0/16', 'us'), given())), said);
  });
  it('is refused beyond the limit, but not for a network that is there', () => {
    const many = Array.from({ length: geoMappingsMax }, (_, index) => mapped(`10.${index >> 8}.${index & 255}.0/24`, 'eu'));
    const state = given(...many);
    const said = refused(setGeoMapping(set('192.0.2.0/24', 'eu'), state));
    assert.match(String(said), /^too-many-mappings: 2000 networks are set already; remove those/);
    assert.equal(isRefusal(setGeoMapping(set('10.0.0.0/24', 'eu', 'again'), state)), false);
    assert.equal(isRefusal(setGeoMapping(set('192.0.2.0/24', 'eu'), given(...many.slice(1)))), false);
  });
});

describe('removing', () => {
  it('is a fact that names what it ends', () => {
    const state = given(mapped('10.1.0.0/16', 'eu'));
    assert.deepEqual(removeGeoMapping(remove('10.1.0.0/16'), state), [{ ...unmapped('10.1.0.0/16'), cause: state.position }]);
  });
  it('of what hides the configuration shows that again', () => {
    const state = given(mapped('10.0.0.0/8', 'eu'));
    assert.deepEqual(removeGeoMapping(remove('10.0.0.0/8'), state), [{ ...unmapped('10.0.0.0/8'), cause: state.position }]);
  });
  it('is refused where only the configuration says it', () => {
    assert.match(
      String(refused(removeGeoMapping(remove('10.0.0.0/8'), given()))),
      /^static-mapping: the configuration says where 10\.0\.0\.0\/8 is; remove/,
    );
  });
  it('is refused where nobody said it', () => {
    assert.match(
      String(refused(removeGeoMapping(remove('10.7.0.0/16'), given()))),
      /^unknown-mapping: nobody said where 10\.7\.0\.0\/16 is; GET/,
    );
  });
});
