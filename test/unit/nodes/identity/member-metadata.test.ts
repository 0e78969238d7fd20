import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readMetadata, writeMetadata } from '../../../../src/nodes/identity/member-metadata.ts';

const at = Date.UTC(2026, 10, 21, 14, 0, 0, 7);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

describe('what a member tells of itself', () => {
  it('is written as the original writes it', () => {
    const whole = writeMetadata({ role: 'overwatch', region: 'eu', version: '1.0.0' }, at);
    assert.equal(text(whole), '{"role":"overwatch","region":"eu","version":"1.0.0","timestamp":"2026-11-21T14:00:00.007Z"}');
    const without = writeMetadata({ role: 'agent', region: '', version: '1.0.0' }, at);
    assert.equal(text(without), '{"role":"agent","version":"1.0.0","timestamp":"2026-11-21T14:00:00.007Z"}');
  });
  it('has at most 512 bytes, and rather no region than no role', () => {
    const written = writeMetadata({ role: 'agent', region: 'ä'.repeat(250), version: 'v'.repeat(500) }, at);
    assert.ok(written.length <= 512);
    assert.deepEqual(readMetadata(written), { role: 'agent', region: '', version: 'v'.repeat(64) });
  });

  const rows: readonly (readonly [string, unknown, ReturnType<typeof readMetadata>])[] = [
    ['all of it', { role: 'agent', region: 'eu', version: '2', timestamp: 'x' }, { role: 'agent', region: 'eu', version: '2' }],
    ['only a role', { role: 'overwatch' }, { role: 'overwatch', region: '', version: '' }],
    ['wrong types', { role: 'agent', region: 7, version: null }, { role: 'agent', region: '', version: '' }],
    ['another role', { role: 'admin' }, undefined],
    ['no object', ['agent'], undefined],
    ['null', null, undefined],
    ['too long', { role: 'agent', region: 'x'.repeat(600) }, undefined],
  ];
  for (const [what, json, metadata] of rows)
    it(`is read: ${what}`, () => assert.deepEqual(readMetadata(Buffer.from(JSON.stringify(json))), metadata));
  it('is read: nothing, and what is no JSON', () => {
    assert.equal(readMetadata(new Uint8Array()), undefined);
    assert.equal(readMetadata(Buffer.from('{"role":"agent"')), undefined);
  });
});
