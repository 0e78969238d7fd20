/** `opengslb agents` and the line of `opengslb status` about agents, as a process of their own against a real API. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isRefusal } from '../../src/commands/command.ts';
import { makeCertificate } from '../../src/nodes/identity/make-certificate.ts';
import { a, app, b, believing, oneDomain, order } from '../given.ts';
import { runApi, start } from './running-api.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `web-1` claims `a`, healthy, and `b`, which drains; `old` is an agent of the original that was never heard. */
async function running(context: TestContext) {
  const api = await runApi(context, { configuration: oneDomain([a, b], {}, believing) });
  const give = async (command: Parameters<typeof order>[0]) => {
    const outcome = await api.engine.execute(order(command));
    assert(!isRefusal(outcome), JSON.stringify(outcome));
  };
  const { der, fingerprint } = makeCertificate({ role: 'agent', id: 'web-1', now: start });
  const pin = { region: 'eu', services: [app], address: '192.0.2.9:7946' };
  await give({ kind: 'pinAgent', agent: 'web-1', fingerprint, certificate: Buffer.from(der).toString('base64'), ...pin, legacy: false });
  await give({ kind: 'pinAgent', agent: 'old', fingerprint: null, certificate: null, ...pin, legacy: true });
  const backends = [
    { service: app, address: a, port: 80, weight: 100, healthy: true, draining: null },
    { service: app, address: b, port: 80, weight: 100, healthy: true, draining: 'kernel upgrade' },
  ];
  const claims = { missedThreshold: 3, backends };
  await give({ kind: 'receiveClaims', beat: { agent: 'web-1', boot: 7, sequence: 9, intervalMs: 10_000, claims } });
  const run = (...words: readonly string[]) =>
    new Promise<Said>((resolve) => {
      const args = ['--import', 'tsx', main, ...words, '--api', `http://127.0.0.1:${api.port}`];
      const env = { PATH: process.env.PATH, XDG_CONFIG_HOME: tmpdir(), NO_COLOR: '1' };
      execFile(process.execPath, args, { env }, (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }));
    });
  return { ...api, run, fingerprint };
}

test('lists, shows and revokes', async (context) => {
  const { run, fingerprint, engine } = await running(context);
  const list = await run('agents', 'list');
  assert.equal(list.code, 0, list.stderr);
  assert.match(list.stdout, /^web-1 +heard +now +eu +app\.example\.com +2 +192\.0\.2\.9:7946 +until 2027-11-\d\d$/m);
  assert.match(list.stdout, /^old +unheard +never .* none: it proves nothing$/m);

  const { stdout } = await run('agents', 'show', 'web-1');
  assert(stdout.includes(fingerprint));
  assert.match(stdout, /^stale after 30\.0 s of silence\nstart 7, message 9$/m);
  assert.match(
    (await run('agents', 'show', 'old')).stdout,
    /^certificate none: it proves nothing; let in by event #\d+\n\nit claims nothing$/m,
  );
  assert.match(stdout, /app\.example\.com +192\.0\.2\.1:80 +healthy +healthy +100$/m);
  assert.match(stdout, /app\.example\.com +192\.0\.2\.2:80 +draining +draining +100 +kernel upgrade$/m);

  assert.match((await run('status')).stdout, /2 agents, 1 heard: old unheard; 1 of them prove nothing/);

  const rehearsed = await run('agents', 'revoke', 'web-1', '--reason', 'its disk was stolen', '--dry-run');
  assert.match(rehearsed.stdout, /record agent\.revoked/, rehearsed.stderr);
  assert.equal(engine.state.trust.get('web-1')?.revokedBecause, null, 'nothing was done');

  const revoked = await run('agents', 'revoke', 'web-1', '--reason', 'its disk was stolen');
  assert.deepEqual([revoked.code, engine.state.trust.get('web-1')?.revokedBecause], [0, 'its disk was stolen']);
  assert.match((await run('agents', 'show', 'web-1')).stdout, /revoked: its disk was stolen/);
});

test('one that is not there is an error that says so, and a reason is needed', async (context) => {
  const { run } = await running(context);
  const unknown = await run('agents', 'show', 'nobody');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /there is no agent nobody\n.*"opengslb agents list" lists the agents/);
  assert.equal((await run('agents', 'revoke', 'web-1')).code, 2);
});
