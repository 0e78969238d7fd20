/** The overwatch as people meet it: a process that is started, asked, overridden, killed and started again. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  api,
  freePort,
  makeFolder,
  type RunningOverwatch,
  resolve,
  runProgram,
  startOverwatchProcess,
  startWebServer,
  until,
  type WebServer,
} from './overwatch-process.ts';

const addresses = ['127.0.0.31', '127.0.0.32', '127.0.0.33'];
const all = addresses.join(' ');
const withoutSecond = '127.0.0.31 127.0.0.33';

describe('an overwatch', () => {
  let port: number;
  let servers: WebServer[];
  let made: Awaited<ReturnType<typeof makeFolder>>;

  before(async () => {
    port = await freePort(addresses[0]);
    servers = await Promise.all(addresses.map((address) => startWebServer(address, port)));
    made = await makeFolder({ addresses, port });
  });
  /** Whatever a failed test left behind. */
  const running: RunningOverwatch[] = [];
  const start = async (...form: readonly string[]) => {
    const overwatch = await startOverwatchProcess(made.configFile, form.length > 0 ? { form } : {});
    running.push(overwatch);
    return overwatch;
  };
  afterEach(async () => {
    await Promise.all(running.splice(0).map((overwatch) => overwatch.end('SIGKILL')));
  });
  after(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await made.remove();
  });

  const answered = (overwatch: RunningOverwatch, expected: string) =>
    until(`DNS answers ${expected}`, async () => (await resolve(overwatch.dnsPort)) === expected || undefined);

  test('drops a server that fails, and takes it back', async () => {
    const overwatch = await start();
    await answered(overwatch, all);
    await servers[1]?.close();
    await answered(overwatch, withoutSecond);
    servers[1] = await startWebServer(addresses[1] as string, port);
    await answered(overwatch, all);
    assert.equal((await overwatch.end('SIGTERM')).code, 0);
  });

  test('an override acts at once, survives kill -9, and the events say who set it and why', async () => {
    const overwatch = await start();
    await answered(overwatch, all);
    const put = await api(`${overwatch.apiUrl}/overrides/app.demo.local/${addresses[1]}`, 'PUT', {
      action: 'down',
      reason: 'disk is dying',
    });
    assert.equal(put.status, 200);
    assert.equal(await resolve(overwatch.dnsPort), withoutSecond, 'the very next answer');
    assert.equal((await overwatch.end('SIGKILL')).signal, 'SIGKILL');

    const again = await start();
    assert.equal(await resolve(again.dnsPort), withoutSecond, 'the first answer after the restart');
    interface Events {
      readonly events: readonly { type: string; actor: { kind: string; name: string }; data: { reason: string; action: string } }[];
    }
    const { body } = await api<Events>(`${again.apiUrl}/events?type=override.set&from=1&limit=1000`);
    assert.deepEqual(
      body.events.map(({ actor, data }) => [actor.kind, actor.name, data.action, data.reason]),
      [['human', 'local', 'down', 'disk is dying']],
    );
    assert.equal((await api(`${again.apiUrl}/overrides/app.demo.local/${addresses[1]}`, 'DELETE')).status, 204);
    await answered(again, all);
    assert.equal((await again.end('SIGTERM')).code, 0);
  });

  test('what it did is told by replaying its folder, and only once it has stopped', async () => {
    const overwatch = await start();
    const early = await runProgram('replay', join(made.folder, 'data'));
    assert.equal(early.code, 1);
    assert.match(early.stderr, /belongs to a running node/);
    await overwatch.end('SIGTERM');

    const { code, stdout } = await runProgram('replay', join(made.folder, 'data'), '--json');
    assert.equal(code, 0);
    const report = JSON.parse(stdout) as {
      timeline: { because: { kind: string } }[];
      attestations: { compared: number; firstDifference: unknown };
    };
    const kinds = new Set(report.timeline.map(({ because }) => because.kind));
    assert.deepEqual(kinds, new Set(['configuration.applied', 'validation.recorded', 'override.set', 'override.cleared']));
    assert(report.attestations.compared > 0);
    assert.equal(report.attestations.firstDifference, null);
  });

  test('takes up a changed file at SIGHUP, and none that is wrong or unchanged', async () => {
    const overwatch = await start();
    await answered(overwatch, all);
    const before = await readFile(made.configFile, 'utf8');
    const position = async () => (await api<{ last: number }>(`${overwatch.apiUrl}/events?from=-1`)).body.last;
    const reload = (text: string, said: RegExp) => {
      const already = overwatch.output().length;
      return writeFile(made.configFile, text).then(() => {
        process.kill(overwatch.pid, 'SIGHUP');
        return until(`it says ${said}`, () => (said.test(overwatch.output().slice(already)) ? true : undefined));
      });
    };
    try {
      await reload(before, /"position":null.*configuration reloaded/);
      assert.equal(await resolve(overwatch.dnsPort), all, 'an unchanged file changes no answer');
      await reload(before.replace('regions: [demo]', 'regions: [nowhere]'), /was not reloaded, nothing has changed/);
      assert.equal(await resolve(overwatch.dnsPort), all, 'a wrong file changes no answer');
      await reload(before.replace(/ +- .*127\.0\.0\.32.*\n/, ''), /"position":\d+.*configuration reloaded/);
      assert.equal(await resolve(overwatch.dnsPort), withoutSecond, 'the server is gone with the file');
      const last = await position();
      await reload(before, /"position":\d+.*configuration reloaded/);
      await answered(overwatch, all);
      assert((await position()) > last);
    } finally {
      await writeFile(made.configFile, before);
    }
    assert.equal((await overwatch.end('SIGTERM')).code, 0);
  });

  test('is started by --mode overwatch as well', async () => {
    const overwatch = await start('--mode', 'overwatch');
    await answered(overwatch, all);
    assert.equal((await overwatch.end('SIGINT')).code, 0);
  });

  test('a second one on the same folder is refused with a sentence', async () => {
    const overwatch = await start();
    const second = await runProgram('overwatch', '--config', made.configFile);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /Another opengslb process has the log/);
    await overwatch.end('SIGTERM');
  });

  test('a port that is taken ends it with a sentence', async () => {
    const overwatch = await start();
    const other = await makeFolder({ addresses, port, dnsPort: overwatch.dnsPort });
    const second = await runProgram('overwatch', '--config', other.configFile);
    assert.equal(second.code, 1);
    assert.match(second.stderr, new RegExp(`DNS cannot listen on 127.0.0.1:${overwatch.dnsPort}: another program listens there`));
    assert.doesNotMatch(second.stderr, /\n\s+at /);
    await overwatch.end('SIGTERM');
    await other.remove();
  });

  test('a bad file ends it with file, line, path and the nearest key', async () => {
    const bad = join(made.folder, 'bad.yaml');
    await writeFile(bad, 'domains:\n  - name: app.demo.local\n    regions: [demo]\n    routing_algorith: weighted\n', { mode: 0o600 });
    const { code, stderr } = await runProgram('overwatch', '--config', bad);
    assert.equal(code, 1);
    assert.match(stderr, /bad\.yaml:4:\d+: domains\[0\]\.routing_algorith/);
    assert.match(stderr, /routing_algorithm/);
  });

  test('wrong usage has a code of its own', async () => {
    assert.equal((await runProgram('overwatch', '--konfig', 'x')).code, 2);
    assert.equal((await runProgram('nothing-of-that-name')).code, 2);
    assert.equal((await runProgram('--help')).code, 0);
  });
});
