/** What the documents tell a newcomer to type works as it stands there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { api, program, resolve, runProgram, startOverwatchProcess } from './overwatch-process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The lines of the document's shell blocks. */
async function commandsIn(document: string): Promise<string[]> {
  const text = await readFile(join(root, document), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block]) => (block as string).split('\n')).filter((line) => line !== '');
}

describe('every command of the README', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'opengslb-documents-'));
    for (const name of ['config', 'replay-fixtures']) await cp(join(root, name), join(folder, name), { recursive: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** What proves each line; one that is not here has to be added, with a proof. */
  const proofs: Readonly<Record<string, () => Promise<void>>> = {
    'git clone <this repository> opengslb && cd opengslb': async () => {},
    'npm run demo': () => isScript('demo'), // run whole in demo.test.ts
    'npm test': () => isScript('test'), // this very run is one of its kind
    'npx opengslb replay replay-fixtures/outage.ndjson': async () => {
      const { code, stdout } = await runProgram('replay', join(root, 'replay-fixtures/outage.ndjson'));
      assert.equal(code, 0);
      assert.match(stdout, /app\.demo\.local: \d+ changes/);
      assert.match(stdout, /agrees with what the node said it answered/);
    },
    'npx opengslb overwatch --config config/minimal.yaml': async () => {
      const overwatch = await startOverwatchProcess('config/minimal.yaml', { cwd: folder });
      try {
        assert.equal(overwatch.dnsPort, 5353);
        assert.match(overwatch.output(), /what DNS answers is signed/);
        // Nothing listens on the two servers of the example: no answer, but an authoritative one for the zone.
        assert.match(await resolve(5353, 'app.example.com', 'SOA'), /.+/);
        const answers = await api<{ name: string }>(`${overwatch.apiUrl}/services/app.example.com/answers`);
        assert.equal(answers.status, 200);
        assert.equal(overwatch.apiUrl, 'http://127.0.0.1:8080/api/v1');
      } finally {
        assert.equal((await overwatch.end('SIGTERM')).code, 0);
      }
    },
    'dig @127.0.0.1 -p 5353 app.example.com': async () => {}, // asked above, over the same port
    'curl -s http://127.0.0.1:8080/api/v1/services/app.example.com/answers': async () => {}, // asked above
  };

  async function isScript(name: string): Promise<void> {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    assert(name in scripts);
  }

  test('is proved here', async () => {
    for (const command of await commandsIn('README.md')) {
      assert(command in proofs, `README.md tells to run \`${command}\`, and nothing proves that it works`);
      await proofs[command]?.();
    }
  });
});

test('the program says how it is used, with an example for each subcommand', async () => {
  const { stdout, code } = await runProgram('--help');
  assert.equal(code, 0);
  const names = [...stdout.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, name]) => name as string).filter((name) => name !== 'help');
  assert(names.includes('overwatch') && names.includes('replay') && names.includes('demo'));
  for (const name of names) {
    const help = await runProgram(name, '--help');
    assert.equal(help.code, 0, name);
    assert.match(help.stdout, /Example/, name);
  }
});

test('a closed pipe ends the program quietly', async () => {
  const child = spawn(process.execPath, [program, 'replay', join(root, 'replay-fixtures/outage.ndjson'), '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  assert.equal(said, '');
});
