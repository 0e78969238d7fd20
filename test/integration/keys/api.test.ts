/** Keys over the API and the command line, on real keys: what is shown, what each order does, and what none of them shows. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { keysOf } from '../../../src/projections/keys.ts';
import { app, oneDomain } from '../../given.ts';
import { bearer, runApi, start, startText } from '../running-api.ts';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
const hour = 3_600_000;
const silentParent = { overwatch: { dnssec: { parents: [{ zone: 'example.com', servers: ['127.0.0.1:9'] }] } } };

interface Zone {
  readonly zone: string;
  readonly signed: boolean;
  readonly signs: number | null;
  readonly successor: number | null;
  readonly waits_for: string | null;
  readonly until: string | null;
  readonly keys: readonly { readonly key_tag: number; readonly stage: string; readonly can_sign: boolean }[];
  readonly repeated: boolean;
}
interface Refused {
  readonly reason: string;
  readonly remedy: string;
}

async function running(test: TestContext, rest = silentParent) {
  const api = await runApi(test, { configuration: oneDomain(['192.0.2.1'], {}, rest), keys: true });
  const post = <B = Zone>(path: string, body: object, headers = {}) => api.ask<B>('POST', `/dnssec/${path}`, { body, headers });
  const first = keysOf(api.engine.state, app)[0]?.keyTag as number;
  return { ...api, post, first };
}

describe('the API', () => {
  it('shows the key that signs, and its DS', async (test) => {
    const { ask, first, engine } = await running(test);
    const key = keysOf(engine.state, app)[0];
    const { keys, ...rest } = (await ask<{ keys: object[] }>('GET', `/dnssec/keys?zone=${app}`)).body;
    assert.deepEqual(rest, { enabled: true, generated_at: startText });
    assert.deepEqual(keys, [
      {
        ...{ zone: app, key_tag: first, algorithm: 13, flags: 257, public_key: key?.publicKey, created_at: startText, age_seconds: 0 },
        ...{ node_id: 'test', can_sign: true, stage: 'active', since: startText, until: null, successor_of: null },
      },
    ]);
    type Ds = { ds_records: { digest: string; ds_record: string; stage: string }[] };
    const { ds_records: records } = (await ask<Ds>('GET', '/dnssec/ds')).body;
    assert.equal(records.length, 1);
    assert.equal(records[0]?.ds_record, `${app}. 3600 IN DS ${first} 13 2 ${records[0]?.digest}`);
    assert.match(records[0]?.digest ?? '', /^[0-9A-F]{64}$/);
  });

  it('takes a rotation through its stages, by orders and by time', async (test) => {
    const { ask, post, clock, first, engine } = await running(test);
    const begun = (await post('rotate', { zone: app }, { 'idempotency-key': 'one' })).body;
    const second = begun.successor as number;
    assert.deepEqual([begun.signs, begun.waits_for, begun.until], [first, 'announced', new Date(start + hour).toISOString()]);
    assert.deepEqual(
      begun.keys.map(({ key_tag: tag, stage, can_sign: can }) => [tag, stage, can]),
      [
        [first, 'active', true],
        [second, 'published', true],
      ],
    );
    const again = (await post('rotate', { zone: app }, { 'idempotency-key': 'one' })).body;
    assert.deepEqual([again.repeated, again.successor], [true, second]);
    assert.equal((await post<Refused>('rotate', { zone: app })).body.reason, 'rotation-in-progress');
    assert.equal((await post<Refused>('ds-seen', { zone: app })).body.reason, 'stage-not-due');
    const tags = async () =>
      (await ask<{ ds_records: { key_tag: number }[] }>('GET', '/dnssec/ds')).body.ds_records.map((ds) => ds.key_tag);
    assert.deepEqual(await tags(), [first], 'no parent shall have a DS whose key resolvers may not know');

    const stage = () =>
      keysOf(engine.state, app)
        .map((key) => key.stage)
        .join();
    const reach = async (stages: string, at: number) => {
      await clock.moveTo(at);
      while (stage() !== stages) await new Promise((resolve) => setImmediate(resolve));
    };
    await reach('active,announced', start + hour);
    assert.deepEqual(await tags(), [first, second]);
    assert.equal((await post<Refused>('abort', { zone: app, reason: 'x' })).body.reason, 'rotation-announced');
    const seen = (await post('ds-seen', { zone: app, key_tag: second, ds_ttl_seconds: 60 })).body;
    assert.deepEqual([seen.waits_for, seen.until], ['active', new Date(start + hour + 60_000).toISOString()]);
    assert.equal((await post<Refused>('abort?force=true', { zone: app, reason: 'x' })).body.reason, 'rotation-past-ds');
    await reach('retiring,active', start + hour + 60_000);
    assert.deepEqual(await tags(), [second]);
    await reach('active', start + 2 * hour + 60_000);
    const [zone] = (await ask<{ zones: Zone[] }>('GET', '/dnssec/status')).body.zones;
    assert.deepEqual([zone?.signs, zone?.successor, zone?.waits_for], [second, null, null]);
  });

  it('calls a rotation off, forgets no zone that is served, and says what is not there', async (test) => {
    const { post, ask, first } = await running(test);
    await post('rotate', { zone: app });
    const aborted = (await post('abort', { zone: app, reason: 'a mistake' })).body;
    assert.deepEqual([aborted.signs, aborted.successor, aborted.keys.length], [first, null, 1]);
    for (const [path, body, status, reason] of [
      ['abort', { zone: app, reason: 'x' }, 409, 'no-rotation'],
      ['remove', { zone: app, reason: 'x' }, 409, 'zone-served'],
      ['remove', { zone: 'other.example', reason: 'x' }, 404, 'unknown-zone'],
      ['rotate', { zone: 'other.example' }, 404, 'unknown-zone'],
      ['ds-seen', { zone: 'other.example' }, 409, 'no-rotation'],
      ['rotate', {}, 400, 'request-invalid'],
      ['sync', {}, 409, 'no-peers'],
    ] as const) {
      const answer = await post<Refused>(path, body);
      assert.deepEqual([answer.status, answer.body.reason], [status, reason], `${path} ${JSON.stringify(body)}`);
    }
    assert.equal((await ask<Refused>('GET', '/dnssec/ds?zone=other.example')).body.reason, 'unknown-zone');
  });

  it('says that nothing is signed where DNSSEC is off, and which zones wait for a key', async (test) => {
    const acknowledgment =
      'I understand that disabling DNSSEC removes cryptographic authentication of DNS responses and allows DNS spoofing attacks against my zones';
    const off = await runApi(test, {
      configuration: oneDomain([], {}, { overwatch: { dnssec: { enabled: false, security_acknowledgment: acknowledgment } } }),
      keys: true,
    });
    type Status = { enabled: boolean; message?: string; zones: object[] };
    const shown = async (api: typeof off) => (await api.ask<Status>('GET', '/dnssec/status')).body;
    assert.deepEqual(await shown(off).then(({ enabled, message, zones }) => [enabled, message, zones]), [
      false,
      'DNS answers are not signed: overwatch.dnssec.enabled is false',
      [],
    ]);
    const waiting = await runApi(test, {
      configuration: oneDomain(
        [],
        {},
        { overwatch: { dnssec: { key_sync: { peers: [{ url: 'https://o.example', fingerprint: 'a'.repeat(64) }] } } } },
      ),
      keys: true,
    });
    assert.deepEqual(await shown(waiting).then(({ enabled, message }) => [enabled, message]), [true, `without a key yet: ${app}`]);
  });

  it('holds no private key in any answer, nor does the log that it shows', async (test) => {
    const { ask, post, folder } = await running(test);
    await post('rotate', { zone: app });
    const place = join(folder, 'secrets', 'dnssec');
    const secrets = readdirSync(place).flatMap((name) => {
      const der = Buffer.from(readFileSync(join(place, name), 'utf8').replace(/-----[^-]+-----|\s/g, ''), 'base64');
      const number = der.subarray(36, 68);
      return [der.toString('base64').slice(0, 60), number.toString('hex'), number.toString('base64'), number.toString('base64url')];
    });
    assert.equal(secrets.length, 8);
    for (const path of ['/dnssec/status', '/dnssec/keys', '/dnssec/ds', '/events?from=1', '/openapi.json']) {
      const answer = await ask('GET', path);
      assert.equal(answer.status, 200);
      for (const secret of secrets) assert(!JSON.stringify(answer.body).includes(secret), path);
    }
  });

  it('lets only an admin change anything', async (test) => {
    const tokens = (['viewer', 'operator', 'admin'] as const).map(
      (role) => ({ name: role, role, kind: 'human', token: `${role}-0123456789abcdef` }) as const,
    );
    const api = await runApi(test, { configuration: oneDomain(['192.0.2.1']), keys: true, tokens });
    const statuses = async (method: string, path: string, body?: object) =>
      Promise.all(tokens.map(async ({ token }) => (await api.ask(method, path, { headers: bearer(token), ...(body && { body }) })).status));
    assert.deepEqual(await statuses('GET', '/dnssec/status'), [200, 200, 200]);
    assert.deepEqual(await statuses('POST', '/dnssec/rotate', { zone: app }), [403, 403, 200]);
  });
});

describe('the command line', () => {
  it('prints the DS, shows the keys, rotates, confirms and aborts, with the exit codes of every command', async (test) => {
    const { port, first, clock, engine } = await running(test);
    const run = (...words: readonly string[]) =>
      new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
        const args = ['--import', 'tsx', main, 'dnssec', ...words, '--api', `http://127.0.0.1:${port}`];
        const env = { PATH: process.env.PATH, XDG_CONFIG_HOME: tmpdir(), NO_COLOR: '1' };
        execFile(process.execPath, args, { env }, (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }));
      });
    assert.match((await run('ds', '--zone', app)).stdout, new RegExp(`^app\\.example\\.com\\. 3600 IN DS ${first} 13 2 [0-9A-F]{64}\\n$`));
    assert.match((await run('keys')).stdout, new RegExp(`^app\\.example\\.com +${first} +P-256 +active +now +test +here$`, 'm'));
    assert.match((await run('status')).stdout, new RegExp(`^app\\.example\\.com +key ${first} +1h +nothing is to be done$`, 'm'));

    const rotated = await run('rotate', app, '--key', 'one');
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.match(
      rotated.stdout,
      /published +until 2026-11-21 04:12[\s\S]*the parent is asked for the new DS at 2026-11-21 04:12\nrequest key one\n$/,
    );
    const refused = await run('rotate', app);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /a rotation of app\.example\.com is going on: key \d+ is published\n.*"opengslb dnssec status" says/);

    await clock.moveTo(start + hour);
    while (keysOf(engine.state, app)[1]?.stage !== 'announced') await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await run('abort', app, '--reason', 'x')).code, 1);
    const seen = await run('ds-seen', app, '--ds-ttl', '2h', '--json');
    assert.equal(seen.code, 0, seen.stderr);
    assert.match(JSON.parse(seen.stdout).results[0].result, /^the new key signs at 2026-11-21 06:12$/);
    assert.equal(JSON.parse((await run('status', '--json')).stdout).zones[0].waits_for, 'active');
    assert.equal((await run('sync')).code, 1);
    assert.equal((await run('ds-seen', app, '--tag', '70000')).code, 2);
    assert.equal((await run('rotate')).code, 2);
  });
});
