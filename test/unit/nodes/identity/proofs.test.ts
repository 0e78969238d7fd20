import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  agentProof,
  greetingNonce,
  type Introduction,
  macFits,
  macOf,
  overwatchProof,
  pairKey,
  rotationFits,
  signRotation,
} from '../../../../src/nodes/identity/proofs.ts';
import { agentKey, agentPublicKey, expected, introduction, overwatchKey, overwatchPublicKey, service, token } from './vectors.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const fingerprints = [introduction.agentFingerprint, introduction.overwatchFingerprint] as const;
const key = pairKey(agentKey, overwatchPublicKey, fingerprints);
const beat = Buffer.from('beat');

describe('what another implementation computed', () => {
  it('is computed here', () => {
    assert.equal(hex(agentProof(token, introduction, service)), expected.agentProof);
    assert.equal(hex(overwatchProof(token, introduction, service)), expected.overwatchProof);
    assert.equal(hex(key), expected.pairKey);
    assert.equal(hex(macOf(key, 'from-agent', beat)), expected.macFromAgent);
    assert.equal(hex(macOf(key, 'from-overwatch', beat)), expected.macFromOverwatch);
    assert.equal(hex(greetingNonce(key, 'web-1', introduction.agentNonce, 7)), expected.greetingNonce);
    assert.ok(rotationFits(agentPublicKey, ...fingerprints, Buffer.from(expected.rotation, 'hex')));
  });

  it('comes to the same key on both sides, in whatever order the fingerprints stand', () => {
    assert.equal(hex(pairKey(overwatchKey, agentPublicKey, [fingerprints[1], fingerprints[0]])), expected.pairKey);
  });
});

describe('a proof', () => {
  const other: Introduction[] = [
    { ...introduction, agentFingerprint: introduction.overwatchFingerprint },
    { ...introduction, overwatchFingerprint: introduction.agentFingerprint },
    { ...introduction, agentNonce: introduction.overwatchNonce },
    { ...introduction, overwatchNonce: introduction.agentNonce },
  ];
  it('is good for one token, one pair of certificates, one pair of nonces and one service', () => {
    const proofs = [
      agentProof(token, introduction, service),
      agentProof(`${token}.`, introduction, service),
      agentProof(token, introduction, 'api.example.com'),
      ...other.map((words) => agentProof(token, words, service)),
      overwatchProof(token, introduction, service),
    ].map(hex);
    assert.equal(new Set(proofs).size, proofs.length);
  });
});

describe('a seal', () => {
  const mac = macOf(key, 'from-agent', beat);
  it('fits the message, the direction and the key that it was made with', () => {
    assert.ok(macFits(key, 'from-agent', beat, mac));
    assert.ok(!macFits(key, 'from-overwatch', beat, mac));
    assert.ok(!macFits(key, 'from-agent', Buffer.from('beau'), mac));
    assert.ok(!macFits(pairKey(agentKey, overwatchPublicKey, [fingerprints[0], fingerprints[0]]), 'from-agent', beat, mac));
  });
  it('has all of its bytes', () => {
    assert.ok(!macFits(key, 'from-agent', beat, mac.subarray(0, 15)));
    assert.ok(!macFits(key, 'from-agent', beat, new Uint8Array()));
  });
});

describe('the nonce of a greeting', () => {
  it('is another for another agent, nonce, period or key', () => {
    const nonces = [
      greetingNonce(key, 'web-1', introduction.agentNonce, 7),
      greetingNonce(key, 'web-2', introduction.agentNonce, 7),
      greetingNonce(key, 'web-1', introduction.overwatchNonce, 7),
      greetingNonce(key, 'web-1', introduction.agentNonce, 8),
      greetingNonce(key.subarray(1), 'web-1', introduction.agentNonce, 7),
    ].map(hex);
    assert.equal(new Set(nonces).size, nonces.length);
  });
});

describe('the word of the old key', () => {
  const [old, next] = fingerprints;
  const signature = signRotation(agentKey, old, next);
  it('is about these two certificates, and by that key', () => {
    assert.ok(rotationFits(agentPublicKey, old, next, signature));
    assert.ok(!rotationFits(overwatchPublicKey, old, next, signature));
    assert.ok(!rotationFits(agentPublicKey, next, old, signature));
    assert.ok(!rotationFits(agentPublicKey, old, old, signature));
    assert.ok(!rotationFits(agentPublicKey, old, next, new Uint8Array(3)));
  });
});
