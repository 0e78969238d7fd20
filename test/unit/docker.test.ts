/** The container files cannot be built by a test, but what they name must be there and fit together. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { readConfiguration } from '../../src/nodes/configuration/read.ts';
import { read } from '../house/source.ts';

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: { readonly gslb: { readonly ipv4_address: string } };
  readonly network_mode?: string;
}

const compose = parse(read('docker-compose.yml'), { merge: true }) as { readonly services: Readonly<Record<string, Service>> };
const dockerfile = read('Dockerfile');
const { services } = compose;
const { overwatch, client } = services;
assert.ok(overwatch !== undefined && client !== undefined);
const servicesOf = (kind: string) => Object.entries(services).flatMap(([name, service]) => (name.startsWith(kind) ? [service] : []));
const [agents, webs] = [servicesOf('agent'), servicesOf('web')];
const secrets = {
  OPENGSLB_ADMIN_TOKEN: 'sixteen letters!',
  OPENGSLB_APP_TOKEN: 'sixteen letters?',
  OPENGSLB_GOSSIP_KEY: Buffer.alloc(32, 7).toString('base64'),
};
const { configuration, warnings } = readConfiguration({ path: 'config/docker-overwatch.yaml', environment: secrets });
/** As it is given to the container of this service: what compose takes from the shell is a secret here. */
const agentOf = ({ environment = {} }: Service) => {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => !value.startsWith('$')));
  return readConfiguration({ path: 'config/docker-agent.yaml', environment: { ...secrets, ...given } });
};
const addressOf = ({ networks }: Service) => networks?.gslb.ipv4_address;

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
    const gossip = portOf(configuration.overwatch.gossip?.bind_address ?? '');
    assert.match(dockerfile, new RegExp(`^EXPOSE ${dns}/udp ${dns}/tcp ${api} ${gossip}/udp ${gossip}/tcp$`, 'm'));
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
    for (const { command, volumes } of Object.values(services)) {
      const mounted = volumes.filter((volume) => volume.startsWith('./')).map((volume) => volume.split(':') as [string, string]);
      assert.equal(mounted.length, 1);
      for (const [file, place] of mounted) assert.ok(existsSync(file) && command.includes(place), `${file} at ${place}`);
    }
  });

  test('gives each service what its configuration asks for', () => {
    for (const service of [overwatch, ...agents]) {
      const file = service.volumes[0]?.split(':')[0] ?? '';
      const asked = [...read(file.slice(2)).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
      assert.deepEqual([...new Set(asked)].sort(), Object.keys(service.environment ?? {}).sort(), file);
    }
  });

  test('has the overwatch, three agents and the client at their addresses', () => {
    assert.equal(addressOf(overwatch), '10.20.0.10');
    assert.deepEqual(agents.map(addressOf), ['10.20.0.21', '10.20.0.22', '10.20.0.23']);
    assert.equal(addressOf(client), '10.20.0.100');
    assert.equal(configuration.dns.zones[0]?.nameservers[0]?.address, '10.20.0.10');
    assert.equal(client.environment?.NAMESERVER, '10.20.0.10:53');
    assert.equal(client.environment?.SERVICE, configuration.domains[0]?.name);
  });

  test('has a web server beside each agent, which speaks for it and for nobody else', () => {
    assert.deepEqual(
      webs.map(({ network_mode: mode }) => mode),
      Object.keys(services).flatMap((name) => (name.startsWith('agent') ? [`service:${name}`] : [])),
    );
    for (const service of agents) {
      const { configuration: own, warnings: said } = agentOf(service);
      assert.deepEqual(
        own.agent?.backends.map(({ address }) => address),
        [addressOf(service)],
      );
      assert.deepEqual(said, []);
    }
    assert.deepEqual(
      agents.map((service) => agentOf(service).configuration.agent?.identity.agent_id),
      webs.map(({ environment }) => environment?.NAME),
    );
  });

  test('lets agents reach the overwatch, and speak for its name in its region', () => {
    const gossip = configuration.overwatch.gossip;
    for (const service of agents) {
      const { agent } = agentOf(service).configuration;
      assert.deepEqual(agent?.gossip.overwatch_nodes, [`${addressOf(overwatch)}:${portOf(gossip?.bind_address ?? '')}`]);
      assert.equal(agent?.identity.region, configuration.regions[0]?.name);
      const [backend] = agent?.backends ?? [];
      assert.equal(configuration.overwatch.agent_tokens[backend?.service ?? ''], agent?.identity.service_token);
    }
    // Tokens go without TLS, on a way that nobody else is on; the file says so.
    assert.deepEqual(
      warnings.filter((warning) => !/without TLS/.test(warning)),
      [],
    );
  });
});
