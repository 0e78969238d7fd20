/** Tokens: who is let in, what their role allows, how the log names them, and how guessing at them ends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Token } from '../../src/nodes/api/identity.ts';
import { apiLimits } from '../../src/nodes/api/limits.ts';
import { a, app, b, oneDomain, unchecked } from '../given.ts';
import { assertError, bearer, runApi, start } from './running-api.ts';

const configuration = oneDomain([a, b], {}, unchecked);
const target = `/overrides/${app}/${a}`;
const body = { action: 'drain', reason: 'x', source: 'somebody else' };
const secretOf = (name: string) => `${name}-0123456789abcdef`;
const token = (name: string, role: Token['role'], kind: Token['kind'] = 'human'): Token => ({ name, role, kind, token: secretOf(name) });
const tokens = [token('vera', 'viewer'), token('olga', 'operator'), token('ci', 'operator', 'tool'), token('ada', 'admin')];
const howToSend = 'Authorization: Bearer TOKEN';

describe('where there are tokens', () => {
  it('nobody asks without one', async (test) => {
    const { ask } = await runApi(test, { configuration, tokens });
    for (const authorization of [undefined, '', 'Basic dXNlcjpwYXNz', 'Bearer']) {
      const answer = await ask('GET', '/overrides', { headers: { ...(authorization !== undefined && { authorization }) } });
      assertError(answer, 401, 'token-missing', 'the request carries no token', `send one: ${howToSend}`);
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="opengslb"');
    }
    assert.equal((await ask('GET', '/nowhere')).status, 401);
  });

  it('one that is not known is refused, however alike', async (test) => {
    const { ask } = await runApi(test, { configuration, tokens });
    for (const text of ['nonsense', `${secretOf('ada')}x`, secretOf('ada').slice(0, -1), 'ada']) {
      const answer = await ask('GET', '/overrides', { headers: bearer(text) });
      assertError(answer, 401, 'token-unknown', 'the token is not known here', 'use one of api.tokens');
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="opengslb", error="invalid_token"');
    }
  });

  it('the role decides what may be asked', async (test) => {
    const { ask, log } = await runApi(test, { configuration, tokens });
    const viewer = { headers: bearer(secretOf('vera')) };
    assert.equal((await ask('GET', '/overrides', viewer)).status, 200);
    const refused = await ask('PUT', target, { ...viewer, body });
    const error = 'this needs the role operator, and the token vera has viewer';
    assertError(refused, 403, 'role-insufficient', error, 'use a token whose role is operator or higher');
    assert.equal(refused.headers['www-authenticate'], 'Bearer realm="opengslb", error="insufficient_scope"');
    assert.equal(log.end.position, 3);
    assert.equal((await ask('GET', '/nowhere', viewer)).status, 404);
    assert.equal((await ask('PUT', target, { body, headers: bearer(secretOf('olga')) })).status, 200);
    assert.equal((await ask('DELETE', target, { headers: bearer(secretOf('ada')) })).status, 204);
  });

  it('the log names whoever asks by their token, whose kind is whose word it is', async (test) => {
    const { ask, engine } = await runApi(test, { configuration, tokens });
    await ask('PUT', target, { body, headers: { authorization: `bearer   ${secretOf('ci')} ` } });
    const [override] = [...(engine.state.overrides.get(app)?.values() ?? [])];
    assert.deepEqual([override?.actor, override?.authority], [{ kind: 'tool', name: 'ci', address: '127.0.0.1' }, 'tool']);
    await ask('PUT', target, { body, headers: bearer(secretOf('olga')) });
    const outranked = await ask<{ reason: string }>('DELETE', `${target}:80`, { headers: bearer(secretOf('ci')) });
    assert.equal(outranked.body.reason, 'unknown-override');
    assert.equal((await ask('DELETE', target, { headers: bearer(secretOf('ci')) })).status, 204);
    assert.equal((await ask<{ reason: string }>('DELETE', target, { headers: bearer(secretOf('ci')) })).body.reason, 'outranked');
  });

  it("a tool does not clear a person's override in the words of the original either", async (test) => {
    const { ask, engine } = await runApi(test, { configuration, tokens });
    await ask('PUT', `${target}:80`, { body, headers: bearer(secretOf('olga')) });
    const path = `/overwatch/backends/${app}/${a}/80/override`;
    const refused = await ask<{ reason: string }>('DELETE', path, { headers: bearer(secretOf('ci')) });
    assert.deepEqual([refused.status, refused.body.reason, engine.state.overrides.size], [403, 'outranked', 1]);
  });

  it('a token is compared by its bytes', async (test) => {
    const { ask } = await runApi(test, { configuration, tokens: [{ ...token('nina', 'viewer'), token: 'schlüssel-0123456789' }] });
    assert.equal((await ask('GET', '/overrides', { headers: bearer('schlüssel-0123456789') })).status, 200);
  });

  it('a load balancer needs none', async (test) => {
    const { ask } = await runApi(test, { configuration, tokens });
    for (const path of ['/ready', '/live', '/version']) assert.equal((await ask('GET', path)).status, 200, path);
  });

  it('guessing is slowed down, and does not slow down others', async (test) => {
    const { ask, clock } = await runApi(test, { configuration, tokens });
    const guess = () => ask<{ reason: string }>('GET', '/overrides', { headers: bearer('nonsense') });
    const guesses = Math.ceil(apiLimits.requestsAtOnce / (apiLimits.unknownTokenCost + 1));
    for (let nth = 0; nth < guesses; nth += 1) assert.equal((await guess()).status, 401);
    const slowed = await guess();
    const remedy = `ask at most ${apiLimits.requestsPerSecond} times a second`;
    assertError(slowed, 429, 'too-many-requests', '127.0.0.1 asks too often', remedy);
    assert.equal(slowed.headers['retry-after'], '1');
    const known = { headers: bearer(secretOf('vera')) };
    assert.equal((await ask('GET', '/overrides', known)).status, 429, 'a right guess is not let in either');
    assert.equal((await ask('GET', '/overrides', { ...known, from: '127.0.0.2' })).status, 200);
    await clock.moveTo(start + 1_000);
    assert.equal((await ask('GET', '/overrides', known)).status, 200);
  });
});

describe('where there are none', () => {
  it('another machine may read and no more', async (test) => {
    const networks = ['127.0.0.1/32', '192.0.2.0/24'];
    const { ask, log } = await runApi(test, { configuration, networks, trustProxyHeaders: true });
    const headers = { 'x-forwarded-for': '192.0.2.66' };
    assert.equal((await ask('GET', '/overrides', { headers })).status, 200);
    for (const method of ['PUT', 'DELETE']) {
      assertError(
        await ask(method, target, { headers, ...(method === 'PUT' && { body }) }),
        ...([403, 'tokens-needed', 'there are no tokens, so other machines may only read'] as const),
        `set api.tokens and send one of them (${howToSend}), or ask from this machine`,
      );
    }
    assert.equal(log.end.position, 3);
    assert.equal((await ask('PUT', target, { body })).status, 200);
  });
});
