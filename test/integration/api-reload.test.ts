/** POST /config/reload: what the node's reload says is what is answered, and who asked reaches it. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Reload, ReloadOutcome } from '../../src/nodes/overwatch/reload.ts';
import { a, oneDomain, unchecked } from '../given.ts';
import { assertError, bearer, runApi } from './running-api.ts';

const configuration = oneDomain([a], {}, unchecked);
const tokens = (['operator', 'admin'] as const).map((role) => ({ name: role, role, kind: 'tool', token: `${role}-0123456789` }) as const);
const admin = bearer('admin-0123456789');

function reloading(outcome: ReloadOutcome) {
  const asked: Parameters<Reload>[0][] = [];
  const reload: Reload = async (question) => {
    asked.push(question);
    return outcome;
  };
  return { asked, reload };
}

it('answers what came of it', async (test) => {
  const { asked, reload } = reloading({ applied: true, position: 17, needRestart: ['api'] });
  const { ask } = await runApi(test, { configuration, tokens, reload });
  const answer = await ask('POST', '/config/reload?force=true&reason=x', { headers: { ...admin, 'idempotency-key': 'k' } });
  assert.deepEqual([answer.status, answer.body], [200, { applied: true, position: 17, need_restart: ['api'] }]);
  await ask('POST', '/config/reload', { headers: admin });
  assert.equal((await ask('POST', '/config/reload?force=true', { headers: admin })).status, 400);
  const actor = { kind: 'tool', name: 'admin', address: '127.0.0.1' };
  assert.deepEqual(asked, [
    { actor, force: true, key: 'k' },
    { actor, force: false },
  ]);
});

it('says why nothing was applied', async (test) => {
  const { reload } = reloading({ applied: false, error: 'line 3 is wrong', remedy: 'mend it' });
  const { ask } = await runApi(test, { configuration, reload });
  assertError(await ask('POST', '/config/reload'), 422, 'configuration-inconsistent', 'line 3 is wrong', 'mend it');
});

it('is for admins', async (test) => {
  const { asked, reload } = reloading({ applied: true, position: null, needRestart: [] });
  const { ask } = await runApi(test, { configuration, tokens, reload });
  const error = 'this needs the role admin, and the token operator has operator';
  const answer = await ask('POST', '/config/reload', { headers: bearer('operator-0123456789') });
  assertError(answer, 403, 'role-insufficient', error, 'use a token whose role is admin');
  assert.deepEqual(asked, []);
});

it('is not there where the node was not started from a file', async (test) => {
  const { ask } = await runApi(test, { configuration });
  const answer = await ask('POST', '/config/reload');
  assertError(answer, 503, 'not-available', 'this node was not started from a file', 'restart it to change anything');
});
