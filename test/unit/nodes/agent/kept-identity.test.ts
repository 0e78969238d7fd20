import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { keepIdentity } from '../../../../src/nodes/agent/kept-identity.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import { rotationFits } from '../../../../src/nodes/identity/proofs.ts';

const start = Date.UTC(2027, 0, 31, 12);
const day = 86_400_000;
const logger = pino({ level: 'silent' });

test('the certificate is replaced a month before its end, by one that it vouches for; a start finds the new one', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'opengslb-kept-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o700);
  const clock = virtualClock(start);
  let rotated = 0;
  const options = {
    agent: 'web-1',
    certPath: join(folder, 'a.crt'),
    keyPath: join(folder, 'a.key'),
    clock,
    logger,
    rotated: () => rotated++,
  };
  const kept = keepIdentity(options);
  const { certificate: first } = kept.current();
  await clock.moveTo(start + 330 * day);
  assert.deepEqual([rotated, kept.current().certificate.fingerprint], [0, first.fingerprint]);
  await clock.moveTo(start + 340 * day);
  const { certificate: next, rotation } = kept.current();
  assert.equal(rotated, 1);
  assert.notEqual(next.fingerprint, first.fingerprint);
  assert(rotation !== null && rotationFits(first.publicKey, first.fingerprint, next.fingerprint, rotation.signature));
  kept.stop();
  assert.equal(keepIdentity(options).current().certificate.fingerprint, next.fingerprint);
});
