/**
 * What the operators' documents tell to type works as it stands there: on a machine that is a folder, with real
 * overwatches. `sudo` is left out, and what systemd would do to the process is done to a real one.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { freePort, program, type RunningOverwatch, resolve, startOverwatchProcess, until } from './overwatch-process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const unit = 'opengslb-overwatch';

async function blocksOf(document: string, language: string): Promise<string[]> {
  const text = await readFile(join(root, document), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block]) => block as string);
}

/** A folder that stands for a machine: its /etc and /var/lib, `opengslb` in the path, and at most one overwatch. */
interface Machine {
  readonly folder: string;
  at(path: string): string;
  /** Runs the line as it stands in a document, and gives what it printed. */
  type(line: string): Promise<string>;
  start(): Promise<RunningOverwatch>;
  stop(): Promise<void>;
  running(): RunningOverwatch;
  remove(): Promise<void>;
}

async function makeMachine(env: Readonly<Record<string, string>> = {}): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'opengslb-machine-'));
  const at = (path: string) => join(folder, path);
  for (const path of ['bin', 'etc/systemd/system', 'var/lib', 'global']) await mkdir(at(path), { recursive: true });
  for (const name of ['config', 'replay-fixtures']) await cp(join(root, name), at(name), { recursive: true });
  await writeFile(at('bin/opengslb'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  await chmod(at('bin/opengslb'), 0o755);
  await symlink(root, at('global/opengslb'));
  let overwatch: RunningOverwatch | undefined;
  const running = () => {
    assert(overwatch !== undefined, 'the overwatch is not started');
    return overwatch;
  };
  return {
    folder,
    at,
    running,
    async type(line) {
      const here = line
        .replaceAll('sudo ', '')
        .replaceAll('$(npm root --global)', at('global'))
        .replace(/(?<=[ "])\/(etc|var\/lib)\//g, `${folder}/$1/`);
      const api = overwatch === undefined ? {} : { OPENGSLB_API: overwatch.apiUrl.replace('/api/v1', '') };
      const { stdout } = await promisify(execFile)('sh', ['-ec', here], {
        cwd: folder,
        env: { ...process.env, PATH: `${at('bin')}:${process.env.PATH}`, ...env, ...(await environmentFile(at)), ...api },
        timeout: 30_000,
      });
      return stdout;
    },
    async start() {
      overwatch = await startOverwatchProcess(at('etc/opengslb/config.yaml'), {
        cwd: folder,
        env: { ...env, ...(await environmentFile(at)) },
      });
      return overwatch;
    },
    async stop() {
      assert.equal((await running().end('SIGTERM')).code, 0);
      overwatch = undefined;
    },
    async remove() {
      await overwatch?.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** `EnvironmentFile=` of the unit, and the token for whoever asks. */
async function environmentFile(at: (path: string) => string): Promise<Record<string, string>> {
  const text = await readFile(at('etc/opengslb/environment'), 'utf8').catch(() => '');
  const values = Object.fromEntries(text.split('\n').flatMap((line) => (line === '' ? [] : [line.split('=') as [string, string]])));
  return { ...values, ...(values.OPENGSLB_ADMIN_TOKEN !== undefined && { OPENGSLB_TOKEN: values.OPENGSLB_ADMIN_TOKEN }) };
}

/** What proves each line of a document, in the order of the document; a line without a proof fails. */
async function prove(document: string, proofs: Readonly<Record<string, (line: string) => Promise<unknown>>>): Promise<void> {
  const lines = (await blocksOf(document, 'sh')).flatMap((block) => block.split('\n')).filter((line) => line !== '');
  for (const line of lines) {
    assert(line in proofs, `${document} tells to run \`${line}\`, and nothing proves that it works`);
    await proofs[line]?.(line);
  }
  assert.deepEqual(
    Object.keys(proofs).filter((line) => !lines.includes(line)),
    [],
    'is proved, and no longer told',
  );
}

const provedIn = (file: string) => async () => assert(existsSync(join(root, 'test/e2e', file)), file);

describe('docs/deployment.md', () => {
  let machine: Machine;
  before(async () => {
    machine = await makeMachine();
  });
  after(() => machine.remove());

  /** "Edit /etc/opengslb/config.yaml": to this machine's ports and folder. */
  async function edit(): Promise<void> {
    const file = machine.at('etc/opengslb/config.yaml');
    const [dns, api, metrics] = [await freePort(), await freePort(), await freePort()];
    const text = (await readFile(file, 'utf8'))
      .replace('OPENGSLB_DNS_LISTEN:-:53', `OPENGSLB_DNS_LISTEN:-127.0.0.1:${dns}`)
      .replace('127.0.0.1:8080', `127.0.0.1:${api}`)
      .replace('127.0.0.1:9090', `127.0.0.1:${metrics}`)
      .replace(':-/var/lib/opengslb', `:-${machine.at('var/lib/opengslb')}`);
    await writeFile(file, text);
  }

  const install = async (line: string) => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    assert(line.endsWith(`./opengslb-${version}.tgz`), 'the package has another version by now');
  };
  /** systemd's own part is systemd's; the unit that it is asked about is the one that was put there. */
  const aboutUnit = async (line: string) => assert(line.includes(unit) && existsSync(machine.at(`etc/systemd/system/${unit}.service`)));

  /** The agent of /etc/opengslb/agent.yaml, edited to this machine; it ends with the test. */
  async function startAgent(): Promise<void> {
    const file = machine.at('etc/opengslb/agent.yaml');
    const text = (await readFile(file, 'utf8'))
      .replaceAll(':-/var/lib/opengslb', `:-${machine.at('var/lib/opengslb-agent')}`)
      .replace('0.0.0.0:7946', '127.0.0.1:0')
      .replaceAll(/^( +- )(?:192\.0\.2\.53|198\.51\.100\.53):7946$/gm, (_, dash: string) => `${dash}127.0.0.${++agentNodes}:1`)
      .replaceAll('192.0.2.10', '127.0.0.1')
      .replace(/^metrics:\n {2}enabled: true$/m, 'metrics:\n  enabled: false');
    await writeFile(file, text);
    const secrets = {
      OPENGSLB_GOSSIP_KEY: Buffer.alloc(32, 7).toString('base64'),
      OPENGSLB_APP_TOKEN: 'a token of the app',
      OPENGSLB_API_TOKEN: 'a token of the api',
    };
    agent = spawn(process.execPath, [program, 'agent', '--config', file], {
      env: { ...process.env, ...secrets },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    agent.stdout?.on('data', (piece: Buffer) => {
      said += piece.toString();
    });
    await until('the agent watches', () => said.includes('"watching"') || undefined);
  }
  let agent: ChildProcess | undefined;
  let agentNodes = 0;
  after(() => void agent?.kill('SIGKILL'));

  test('tells only what works', async () => {
    await prove('docs/deployment.md', {
      'npm pack': provedIn('package.test.ts'),
      'sudo npm install --global ./opengslb-0.1.0.tgz': install, // the installation itself is in package.test.ts
      'sudo install -d /etc/opengslb': machine.type,
      'sudo cp "$(npm root --global)/opengslb/config/overwatch.yaml" /etc/opengslb/config.yaml': machine.type,
      'for name in ADMIN DEPLOY CHECK; do echo "OPENGSLB_${name}_TOKEN=$(openssl rand -hex 24)"; done | sudo install -m 0600 /dev/stdin /etc/opengslb/environment':
        async (line) => {
          await machine.type(line);
          assert.equal((await stat(machine.at('etc/opengslb/environment'))).mode & 0o777, 0o600);
        },
      [`sudo cp "$(npm root --global)/opengslb/config/systemd/${unit}.service" /etc/systemd/system/`]: machine.type,
      [`sudo cp -r "$(npm root --global)/opengslb/config/systemd/${unit}.service.d" /etc/systemd/system/`]: async (line) => {
        await machine.type(line);
        assert(existsSync(machine.at(`etc/systemd/system/${unit}.service.d/notify-reload.conf`)));
      },
      'sudo systemctl daemon-reload': async () => {}, // that systemd takes the unit is in supervised.test.ts
      [`sudo systemctl enable --now ${unit}`]: async (line) => {
        await aboutUnit(line);
        await edit();
        const { dnsPort } = await machine.start();
        assert.match(await resolve(dnsPort, 'gslb.example.com', 'SOA'), /.+/);
      },
      [`systemctl status ${unit}`]: aboutUnit,
      [`journalctl --unit ${unit} --follow`]: aboutUnit,
      [`sudo systemctl reload ${unit}`]: async (line) => {
        await aboutUnit(line);
        process.kill(machine.running().pid, 'SIGHUP');
        await until('the reload is told', () => (machine.running().output().includes('configuration reloaded') ? true : undefined));
      },
      'sudo cp "$(npm root --global)/opengslb/config/agent.yaml" /etc/opengslb/agent.yaml': machine.type,
      'sudo cp "$(npm root --global)/opengslb/config/systemd/opengslb-agent.service" /etc/systemd/system/': machine.type,
      'sudo systemctl enable --now opengslb-agent': async () => {
        assert(existsSync(machine.at('etc/systemd/system/opengslb-agent.service')));
        await startAgent();
      },
      'opengslb agent status --config /etc/opengslb/agent.yaml': async (line) => assert.match(await machine.type(line), /web-1/),
      'export OPENGSLB_ADMIN_TOKEN=$(openssl rand -hex 24)': machine.type,
      'export OPENGSLB_APP_TOKEN=$(openssl rand -hex 24) OPENGSLB_GOSSIP_KEY=$(openssl rand -base64 32)': machine.type,
      'docker compose up --build --detach': provedIn('image.test.ts'),
      'dig @127.0.0.1 -p 5353 app.demo.local': provedIn('image.test.ts'),
      'docker compose logs --follow client': provedIn('image.test.ts'),
      'docker compose kill web1': provedIn('image.test.ts'),
      'docker compose exec agent3 opengslb drain on --reason "kernel update"': provedIn('image.test.ts'),
      'docker compose kill web3': provedIn('image.test.ts'),
      'dig @192.0.2.53 gslb.example.com SOA +norecurse': async () => {
        assert.match(await resolve(machine.running().dnsPort, 'gslb.example.com', 'SOA'), /.+/);
      },
      'dig @198.51.100.53 gslb.example.com NS +norecurse': async () => {
        assert.equal(await resolve(machine.running().dnsPort, 'gslb.example.com', 'NS'), 'ns1.gslb.example.com ns2.gslb.example.com');
      },
      'dig gslb.example.com NS +trace': async () => {}, // asks the parents on the internet
      'opengslb config validate /etc/opengslb/config.yaml': machine.type,
      [`sudo systemctl restart ${unit}`]: async (line) => {
        await aboutUnit(line);
        await machine.stop();
        await machine.start();
      },
      'opengslb status --all': async (line) => assert.match(await machine.type(line), /overwatch-1/),
    });
  });

  test('shows the zone as config/overwatch.yaml has it, and the same to the parent', async () => {
    const [shown] = await blocksOf('docs/deployment.md', 'yaml');
    interface Zones {
      readonly dns: {
        readonly zones: readonly { readonly name: string; readonly nameservers: readonly { name: string; address: string }[] }[];
      };
    }
    const zone = (parse(shown ?? '') as Zones).dns.zones[0];
    const example = (parse(await readFile(join(root, 'config/overwatch.yaml'), 'utf8')) as Zones).dns.zones[0];
    assert.deepEqual([zone?.name, zone?.nameservers], [example?.name, example?.nameservers]);
    const [records = ''] = await blocksOf('docs/deployment.md', 'zone');
    for (const { name, address } of zone?.nameservers ?? []) {
      assert.match(records, new RegExp(`^${zone?.name}\\. +\\d+ IN NS ${name}\\.$`, 'm'));
      assert.match(records, new RegExp(`^${name}\\. +\\d+ IN A +${address}$`, 'm'));
    }
  });
});

/** A machine whose overwatch runs by config/minimal.yaml, on ports of its own. */
async function machineWithMinimal(): Promise<Machine> {
  const machine = await makeMachine();
  await mkdir(machine.at('etc/opengslb'));
  const text = (await readFile(join(root, 'config/minimal.yaml'), 'utf8'))
    .replace('127.0.0.1:5353', '127.0.0.1:0')
    .replace('data_dir: opengslb-data', `data_dir: ${machine.at('var/lib/opengslb')}`)
    .replace(/^ {2}enabled: true$/m, '$&\n  address: 127.0.0.1:0');
  await writeFile(machine.at('etc/opengslb/config.yaml'), text);
  await machine.start();
  return machine;
}

test('docs/backup-and-restore.md tells only what works, and brings back what stood', async () => {
  const machine = await machineWithMinimal();
  const log = machine.at('var/lib/opengslb/log');
  const overrides = async () => [...(await machine.type('opengslb overrides list --json')).matchAll(/to be found again/g)].length;
  try {
    await machine.type('opengslb overrides set app.example.com 127.0.0.1 drain --reason "to be found again"');
    let starts = 0;
    await prove('docs/backup-and-restore.md', {
      'opengslb events export > node.ndjson': machine.type,
      'opengslb replay node.ndjson': async (line) => assert.match(await machine.type(line), /app\.example\.com/),
      [`sudo systemctl stop ${unit}`]: () => machine.stop(),
      'sudo opengslb log export /var/lib/opengslb --output backup.ndjson': machine.type,
      'sudo tar --create --file secrets.tar --directory /var/lib/opengslb secrets': machine.type,
      [`sudo systemctl start ${unit}`]: async () => {
        starts += 1;
        await machine.start();
        assert.equal(await overrides(), 1, `after start ${starts}`);
      },
      'opengslb log verify backup.ndjson': async (line) => {
        await machine.type(line);
        // The disaster.
        await machine.stop();
        await rm(machine.at('var/lib/opengslb'), { recursive: true });
      },
      'sudo install -d -m 0700 /var/lib/opengslb': machine.type,
      'sudo opengslb log import backup.ndjson /var/lib/opengslb/log': async (line) => {
        await machine.type(line);
        assert(existsSync(join(log, 'CURRENT')));
      },
      'sudo tar --extract --file secrets.tar --directory /var/lib/opengslb': async (line) => {
        await machine.type(line);
        assert(existsSync(machine.at('var/lib/opengslb/secrets/redaction.key')));
      },
      'sudo opengslb log verify /var/lib/opengslb': machine.type,
      // Nobody but root may give it to root.
      'sudo chown root: /var/lib/opengslb': async (line) => (process.getuid?.() === 0 ? machine.type(line) : undefined),
    });
    assert.equal(starts, 2);
    // What the document says is lost without secrets/ is not lost with it: nothing was applied anew.
    await machine.stop();
    const applied = (await machine.type('opengslb log export /var/lib/opengslb --type configuration.applied'))
      .split('\n')
      .filter((line) => line !== '');
    assert.equal(applied.length, 1);
  } finally {
    await machine.remove();
  }
});

test('docs/configuration.md and docs/troubleshooting.md tell only what works', async () => {
  const machine = await machineWithMinimal();
  try {
    await prove('docs/configuration.md', { 'opengslb config validate config/minimal.yaml': machine.type });
    await prove('docs/troubleshooting.md', {
      'opengslb status': async (line) => assert.match(await machine.type(line), /app\.example\.com/),
      'opengslb explain app.example.com': async (line) => assert.match(await machine.type(line), /127\.0\.0\.2/),
      'opengslb events tail --from -20': async (line) => assert.notEqual(await machine.type(line), ''),
    });
  } finally {
    await machine.remove();
  }
});
