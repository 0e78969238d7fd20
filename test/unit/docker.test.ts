/** The container files cannot be built by a test, but what they name must be there and fit together. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { readConfiguration } from '../../src/nodes/configuration/read.ts';
import { read } from '../house/source.ts';

interface Service {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly networks: { readonly gslb: { readonly ipv4_address: string } };
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
const dockerfile = read('Dockerfile');
const { overwatch, ...webs } = compose.services;
assert.ok(overwatch !== undefined);
const variables = Object.fromEntries(Object.keys(overwatch.environment ?? {}).map((name) => [name, 'sixteen letters!']));
const { configuration, warnings } = readConfiguration({ path: 'config/docker-overwatch.yaml', environment: variables });

const portOf = (address: string) => address.slice(address.lastIndexOf(':') + 1);

describe('Dockerfile', () => {
  test('copies only what is there and what .dockerignore lets through', () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names]) => (names ?? '').split(' '));
    assert.ok(copied.length > 5);
    assert.deepEqual(
      copied.filter((name) => !existsSync(name)),
      [],
    );
    const allowed = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    assert.deepEqual([...new Set(copied)].sort(), allowed.sort());
  });

  test('starts a program whose source is there', () => {
    const program = /exec node \/opt\/opengslb\/dist\/(\S+)\.js /.exec(dockerfile)?.[1];
    assert.ok(existsSync(`src/${program}.ts`), program);
    assert.deepEqual(JSON.parse(/^CMD (\[.+\])$/m.exec(dockerfile)?.[1] ?? ''), overwatch.command);
  });

  test('exposes the ports that the example listens on, and asks its API whether it lives', () => {
    const [dns, api] = [portOf(configuration.dns.listen_address), portOf(configuration.api.address)];
    assert.match(dockerfile, new RegExp(`^EXPOSE ${dns}/udp ${dns}/tcp ${api}$`, 'm'));
    assert.ok(dockerfile.includes(`http://127.0.0.1:${api}/api/v1/live`));
    assert.deepEqual(
      overwatch.ports?.map((port) => port.split(':')[2]),
      [`${dns}/udp`, `${dns}/tcp`, api],
    );
  });

  test('keeps the log in its volume', () => {
    assert.match(dockerfile, new RegExp(`^VOLUME ${configuration.overwatch.data_dir}$`, 'm'));
    assert.ok(overwatch.volumes.includes(`log:${configuration.overwatch.data_dir}`));
  });
});

describe('docker-compose.yml', () => {
  test('mounts files that are there, and starts with them', () => {
    for (const { command, volumes } of Object.values(compose.services)) {
      const mounted = volumes.filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':') as [string, string]);
      for (const [file, place] of mounted) assert.ok(existsSync(file) && command.includes(place), `${file} at ${place}`);
    }
  });

  test('has the servers of the example at their addresses, and its nameserver', () => {
    const servers = configuration.regions.flatMap((region) => region.servers.map(({ address }) => address));
    assert.deepEqual(
      Object.values(webs).map(({ networks }) => networks.gslb.ipv4_address),
      servers,
    );
    assert.equal(overwatch.networks.gslb.ipv4_address, '10.10.0.10');
    // Tokens go without TLS, on a way that nobody else is on; the file says so.
    assert.deepEqual(
      warnings.filter((warning) => !/without TLS/.test(warning)),
      [],
    );
  });
});
