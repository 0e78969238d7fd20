/** Runs one check on real sockets, and holds every result against what a fact allows and against its own arithmetic. */
import assert from 'node:assert/strict';
import { validationRecorded } from '../../src/events/catalogue/health.ts';
import type { CheckResult, CheckTarget } from '../../src/nodes/checks/check.ts';
import { createChecks } from '../../src/nodes/checks/checks.ts';
import { certificates } from './check-servers.ts';

const checks = createChecks({ authorities: Object.values(certificates) });

export async function run(target: CheckTarget, signal: AbortSignal = new AbortController().signal): Promise<CheckResult> {
  const result = await checks[target.type](target, signal);
  validationRecorded.data.parse({ service: 'app.example.com', address: '127.0.0.1', port: 80, ...result });
  assert.equal(result.ok, result.error === null);
  assert.equal(result.dnsUs, null);
  const phasesUs = (result.connectUs ?? 0) + (result.tlsUs ?? 0) + (result.firstByteUs ?? 0);
  if (target.expectedBody === undefined) assert.equal(result.totalUs, phasesUs);
  else assert.ok(result.totalUs >= phasesUs);
  return result;
}
