import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { configurationProblems, unsignedAcknowledgment } from '../../../src/commands/configuration-problems.ts';
import { configuration } from '../../../src/events/catalogue/configuration.ts';

type Written = z.input<typeof configuration>;

const region = { name: 'eu', servers: [{ service: 'app.example.com', address: '192.0.2.1' }] };
const domain = { name: 'app.example.com', regions: ['eu'] };
const valid: Written = { regions: [region], domains: [domain] };
const key = Buffer.alloc(32, 7).toString('base64');
const token = 'a token of the right length';
const [app, other] = ['app.example.com', 'other.example.com'] as const;
const backend = { service: app, address: '192.0.2.1', port: 80 };
const agent = {
  identity: { service_token: token },
  backends: [backend],
  gossip: { encryption_key: key, overwatch_nodes: ['192.0.2.9:7946'] },
};

const peerNamed = (letter: string) => ({ url: `https://${letter}.example:8443`, fingerprint: letter.repeat(64) });

const agent_tokens = { [app]: token };

/** `error path: message; remedy <related>`, of the valid configuration with a change. */
function said(change: Written): readonly string[] {
  return configurationProblems(configuration.parse({ ...valid, ...change })).map(({ severity, path, message, remedy, related }) => {
    const other = related === undefined ? '' : ` <${related.join('.')}>`;
    return `${severity} ${path.join('.')}: ${message}; ${remedy}${other}`;
  });
}

interface Row {
  readonly what: string;
  readonly change: Written;
  /** How each problem begins, in order; none where the change is fine. */
  readonly says: readonly string[];
}

function check(rows: readonly Row[]): void {
  for (const { what, change, says } of rows) {
    test(what, () => {
      const all = said(change);
      assert.equal(all.length, says.length, all.join('\n') || 'no problem');
      for (const [index, beginning] of says.entries())
        assert.ok(all[index]?.startsWith(beginning), `${all[index]}\nshould begin\n${beginning}`);
    });
  }
}

const server = region.servers[0] as { service: string; address: string };
type Servers = NonNullable<NonNullable<Written['regions']>[number]['servers']>;
const withServers = (...servers: Servers): Written => ({ regions: [{ name: 'eu', servers }] });

check([
  { what: 'the valid one is fine', change: {}, says: [] },
  {
    what: 'an overwatch without domains has nothing to do',
    change: { domains: [], regions: [] },
    says: ['error domains: there is no domain'],
  },
  { what: 'agent mode needs its section', change: { mode: 'agent' }, says: ['error agent: agent mode needs this section'] },
  { what: 'an agent needs no domains', change: { mode: 'agent', agent, domains: [], regions: [] }, says: [] },
  {
    what: 'names are unique',
    change: {
      regions: [region, { name: 'eu' }],
      domains: [domain, { ...domain, name: 'APP.example.com' }],
      dns: { zones: ['example.com', 'Example.com.'] },
    },
    says: [
      'error regions.1.name: there are two regions named eu; rename or remove one <regions.0.name>',
      'error domains.1.name: there are two domains named app.example.com; rename or remove one <domains.0.name>',
      'error dns.zones.1.name: there are two zones named example.com; rename or remove one <dns.zones.0.name>',
    ],
  },
  {
    what: 'a domain lists regions that are there, each once',
    change: { domains: [{ ...domain, regions: ['eu', 'us', 'eu'] }] },
    says: [
      'error domains.0.regions.1: there is no region named us',
      'error domains.0.regions.2: the region eu is listed twice; keep one <domains.0.regions.0>',
    ],
  },
  {
    what: 'a server serves a domain that is there',
    change: withServers(server, { ...server, service: 'other.example.com' }),
    says: ['error regions.0.servers.1.service: there is no domain named other.example.com'],
  },
  {
    what: 'a server stands in a region that its domain lists',
    change: { regions: [region, { name: 'us', servers: [server] }] },
    says: [
      "error regions.1.servers.0.service: the domain app.example.com does not list this server's region, us",
      'error regions.1.servers.0.address: there are two servers of app.example.com at 192.0.2.1:80',
    ],
  },
  {
    what: 'a server is there once, however its address is written',
    change: withServers({ ...server, address: '2001:db8::1' }, { ...server, address: '2001:DB8:0::1', port: 80 }),
    says: [
      'error regions.0.servers.1.address: there are two servers of app.example.com at [2001:db8::1]:80; remove one <regions.0.servers.0.address>',
    ],
  },
  { what: 'one address may have two ports', change: withServers(server, { ...server, port: 81 }), says: [] },
  {
    what: 'a domain without servers is a warning',
    change: { regions: [{ name: 'eu' }] },
    says: ['warning domains.0.name: no server here serves app.example.com'],
  },
  { what: 'a domain that agents may speak for needs none', change: { regions: [{ name: 'eu' }], overwatch: { agent_tokens } }, says: [] },
  // What is not built.
  ...(['latency', 'learned_latency'] as const).map((algorithm) => ({
    what: `${algorithm} is not built`,
    change: { domains: [{ ...domain, routing_algorithm: algorithm }] },
    says: [`error domains.0.routing_algorithm: ${algorithm} is not built yet; use one of round-robin, weighted, failover, geolocation`],
  })),
  ...(['round-robin', 'weighted', 'failover', 'geolocation'] as const).map((algorithm) => ({
    what: `${algorithm} is built`,
    change: { domains: [{ ...domain, routing_algorithm: algorithm }] },
    says: [],
  })),
  {
    what: 'a policy of another algorithm is a misunderstanding',
    change: { domains: [{ ...domain, routing_algorithm: 'weighted', failback: 'manual' }] },
    says: ['error domains.0.failback: is for failover, and this domain is weighted'],
  },
  {
    what: 'a slow start needs weights',
    change: { domains: [{ ...domain, slow_start: '1m' }] },
    says: ['error domains.0.slow_start: is for weighted, and this domain is round-robin'],
  },
  {
    what: 'a policy of its own algorithm is fine',
    change: { domains: [{ ...domain, routing_algorithm: 'failover', failback: 'delay', when_all_unhealthy: 'last_healthy' }] },
    says: [],
  },
  {
    what: 'a slow start of weights is fine',
    change: { domains: [{ ...domain, routing_algorithm: 'weighted', slow_start: '1m' }], dns: { return_last_healthy: true } },
    says: [],
  },
  {
    what: 'what they default to is fine',
    change: { domains: [{ ...domain, failback: 'auto', slow_start: '0s', when_all_unhealthy: 'all' }] },
    says: [],
  },
  // Times of checks.
  {
    what: 'a timeout is at most the interval: validation',
    change: { overwatch: { validation: { check_interval: '1s', check_timeout: '2s' } } },
    says: ['error overwatch.validation.check_timeout: a timeout of 2s is longer than the interval of 1s'],
  },
  {
    what: 'a timeout is at most the interval: region, with the interval of validation',
    change: { regions: [{ ...region, health_check: { timeout: '31s' } }] },
    says: ['error regions.0.health_check.timeout: a timeout of 31s is longer than the interval of 30s'],
  },
  {
    what: 'a timeout is at most the interval: region, with the timeout of validation',
    change: { regions: [{ ...region, health_check: { interval: '1s' } }] },
    says: ['error regions.0.health_check.timeout: a timeout of 5s is longer than the interval of 1s'],
  },
  {
    what: 'a timeout is at most the interval: server, with the interval of the region',
    change: { regions: [{ name: 'eu', health_check: { interval: '6s' }, servers: [{ ...server, health_check: { timeout: '7s' } }] }] },
    says: ['error regions.0.servers.0.health_check.timeout: a timeout of 7s is longer than the interval of 6s'],
  },
  {
    what: 'a timeout is at most the interval: agent',
    change: { agent: { ...agent, backends: [{ ...backend, health_check: { interval: '4s' } }] } },
    says: ['error agent.backends.0.health_check.timeout: a timeout of 5s is longer than the interval of 4s'],
  },
  { what: 'a timeout may be the interval', change: { regions: [{ ...region, health_check: { interval: '5s' } }] }, says: [] },
  // Keys and tokens.
  {
    what: 'gossip needs a key',
    change: { overwatch: { gossip: {}, agent_tokens } },
    says: ['error overwatch.gossip.encryption_key: gossip needs a key; make one with: opengslb gossip-key generate'],
  },
  {
    what: 'gossip of an overwatch is not asked for a key by an agent',
    change: { mode: 'agent', agent, overwatch: { gossip: {} } },
    says: [],
  },
  { what: 'a key of 32 bytes is fine', change: { overwatch: { gossip: { encryption_key: key }, agent_tokens } }, says: [] },
  {
    what: 'the digest of a key is fine: it comes from the log',
    change: { overwatch: { gossip: { encryption_key: `hmac-sha256:${'0'.repeat(64)}` }, agent_tokens } },
    says: [],
  },
  ...[Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64'), key.slice(0, -1), `${key}\n`, `${'_'.repeat(43)}=`, ''].map(
    (bad) => ({
      what: `no key: ${JSON.stringify(bad)}`,
      change: { overwatch: { gossip: { encryption_key: bad }, agent_tokens } },
      says: ['error overwatch.gossip.encryption_key: expected exactly 32 bytes in base64; make one with: opengslb gossip-key generate'],
    }),
  ),
  {
    what: "the agent's key is looked at",
    change: { agent: { ...agent, gossip: { ...agent.gossip, encryption_key: 'short' } } },
    says: ['error agent.gossip.encryption_key: expected exactly 32 bytes in base64'],
  },
  {
    what: 'names of tokens and tokens are unique',
    change: {
      api: {
        tokens: [
          { name: 'a', role: 'admin', kind: 'human', token },
          { name: 'a', role: 'viewer', kind: 'tool', token },
        ],
      },
    },
    says: [
      'error api.tokens.1.name: there are two tokens named a; rename or remove one <api.tokens.0.name>',
      'error api.tokens.1.token: two names share one token, so nobody could tell who acted; give each its own <api.tokens.0.token>',
    ],
  },
  // Agents.
  {
    what: 'gossip without tokens lets nobody in',
    change: { overwatch: { gossip: { encryption_key: key } } },
    says: ['warning overwatch.agent_tokens: gossip is on and no service has a token'],
  },
  {
    what: 'gossip without tokens lets legacy agents in',
    change: { overwatch: { gossip: { encryption_key: key, legacy_agents: 'accept' } } },
    says: [],
  },
  {
    what: 'a token is for a domain that is there',
    change: { overwatch: { agent_tokens: { ...agent_tokens, [other]: token } } },
    says: ['error overwatch.agent_tokens.other.example.com: there is no domain named other.example.com'],
  },
  {
    what: 'an agent proves a token for each service',
    change: { agent: { ...agent, identity: { tokens: { [app]: token } }, backends: [backend, { ...backend, service: other }] } },
    says: ['error agent.backends.1.service: there is no token for other.example.com'],
  },
  {
    what: 'one token may stand for the services without their own',
    change: {
      agent: {
        ...agent,
        identity: { service_token: token, tokens: { [app]: token } },
        backends: [backend, { ...backend, service: other }],
      },
    },
    says: [],
  },
  {
    what: 'a token of an agent is for a backend that is there',
    change: { agent: { ...agent, identity: { service_token: token, tokens: { [other]: token } } } },
    says: ['error agent.identity.tokens.other.example.com: no backend here serves other.example.com'],
  },
  {
    what: 'a backend is there once, however its address is written',
    change: {
      agent: {
        ...agent,
        backends: [
          { ...backend, address: '2001:db8::1' },
          { ...backend, address: '2001:DB8:0::1' },
        ],
      },
    },
    says: [
      'error agent.backends.1.address: there are two backends of app.example.com at [2001:db8::1]:80; remove one <agent.backends.0.address>',
    ],
  },
  {
    what: 'a backend may have two ports, and an address two services',
    change: { agent: { ...agent, backends: [backend, { ...backend, port: 81 }, { ...backend, service: other }] } },
    says: [],
  },
  {
    what: 'an overwatch is listed once',
    change: { agent: { ...agent, gossip: { ...agent.gossip, overwatch_nodes: ['192.0.2.9:7946', '192.0.2.9:7947', '192.0.2.9:7946'] } } },
    says: ['error agent.gossip.overwatch_nodes.2: 192.0.2.9:7946 is listed twice; keep one <agent.gossip.overwatch_nodes.0>'],
  },
  {
    what: 'a probe is over before the next',
    change: { overwatch: { agent_tokens, gossip: { encryption_key: key, probe_interval: '1s', probe_timeout: '1001ms' } } },
    says: ['error overwatch.gossip.probe_timeout: a timeout of 1001ms is longer than the interval of 1s'],
  },
  {
    what: 'backends are stale before they are forgotten',
    change: { overwatch: { stale: { threshold: '2m', remove_after: '1m' } } },
    says: ['error overwatch.stale.remove_after: 1m is shorter than the threshold of 2m'],
  },
  ...(['cpu', 'memory', 'error_rate'] as const).flatMap((signal) => [
    {
      what: `${signal} is left below where it is entered`,
      change: { agent: { ...agent, predictive: { [signal]: { threshold: 50, leave_threshold: 50 } } } },
      says: [`error agent.predictive.${signal}.leave_threshold: 50 is not below the threshold of 50`],
    },
    {
      what: `${signal} may be left below where it is entered`,
      change: { agent: { ...agent, predictive: { [signal]: { threshold: 50, leave_threshold: 49 } } } },
      says: [],
    },
  ]),
  {
    what: 'latency is not learned yet',
    change: { agent: { ...agent, latency_learning: { enabled: true } } },
    says: ['warning agent.latency_learning.enabled: this version learns no latency from connections'],
  },
  // DNSSEC.
  { what: 'signed is the default', change: { overwatch: { dnssec: { enabled: true } } }, says: [] },
  {
    what: 'unsigned takes the sentence',
    change: { overwatch: { dnssec: { enabled: false } } },
    says: ['error overwatch.dnssec.security_acknowledgment: DNSSEC is switched off without the sentence'],
  },
  {
    what: 'unsigned takes exactly the sentence',
    change: { overwatch: { dnssec: { enabled: false, security_acknowledgment: `${unsignedAcknowledgment}.` } } },
    says: ['error overwatch.dnssec.security_acknowledgment: '],
  },
  {
    what: 'unsigned with the sentence',
    change: { overwatch: { dnssec: { enabled: false, security_acknowledgment: unsignedAcknowledgment } } },
    says: [],
  },
  // Peers that share keys.
  {
    what: 'peers by fingerprint',
    change: { overwatch: { dnssec: { key_sync: { peers: [peerNamed('a'), peerNamed('b')] } } } },
    says: [],
  },
  {
    what: 'a peer by its URL alone',
    change: { overwatch: { dnssec: { key_sync: { peers: [peerNamed('a'), 'https://b.example:8443'] } } } },
    says: ['error overwatch.dnssec.key_sync.peers.1: nothing says which certificate https://b.example:8443 has'],
  },
  {
    what: 'a peer without TLS',
    change: { overwatch: { dnssec: { key_sync: { peers: [{ ...peerNamed('a'), url: 'http://a.example:8443' }] } } } },
    says: ['error overwatch.dnssec.key_sync.peers.0: keys are not fetched from http://a.example:8443'],
  },
  {
    what: 'a peer with a path',
    change: { overwatch: { dnssec: { key_sync: { peers: [{ ...peerNamed('a'), url: 'https://a.example/keys' }] } } } },
    says: ['error overwatch.dnssec.key_sync.peers.0: keys are not fetched from'],
  },
  {
    what: 'two peers with one certificate',
    change: { overwatch: { dnssec: { key_sync: { peers: [peerNamed('a'), { ...peerNamed('a'), url: 'https://b.example' }] } } } },
    says: ['error overwatch.dnssec.key_sync.peers.1.fingerprint: another peer has this fingerprint'],
  },
  // Geolocation.
  {
    what: 'regions of geolocation are there',
    change: {
      overwatch: {
        geolocation: {
          default_region: 'us',
          custom_mappings: [
            { cidr: '10.0.0.0/8', region: 'eu' },
            { cidr: '10.0.0.0/8', region: 'ap' },
          ],
        },
      },
    },
    says: [
      'error overwatch.geolocation.default_region: there is no region named us',
      'error overwatch.geolocation.custom_mappings.1.region: there is no region named ap',
    ],
  },
  // Addresses to listen on.
  ...[':8080', '0.0.0.0:8080', '[::]:8080', '192.0.2.1:8080', 'host.example.com:8080'].map((address) => ({
    what: `an API on ${address} without tokens is a warning`,
    change: { api: { enabled: true, address } },
    says: [`warning api.address: the API listens on ${address} without tokens`],
  })),
  ...['127.0.0.1:8080', '127.1.2.3:8080', '[::1]:8080', '[0:0::1]:8080', 'localhost:8080'].map((address) => ({
    what: `an API on ${address} needs no tokens`,
    change: { api: { enabled: true, address } },
    says: [],
  })),
  { what: 'an API that is off needs no tokens', change: { api: { address: ':8080' } }, says: [] },
  ...[
    { address: ':8080', says: ['warning api.address: the API listens on :8080 without TLS: whoever is on the way reads the tokens'] },
    { address: '192.0.2.1:8080', says: ['warning api.address: the API listens on 192.0.2.1:8080 without TLS'] },
    { address: '127.0.0.1:8080', says: [] },
    { address: ':8080', tls: { cert_path: '/api.crt', key_path: '/api.key' }, says: [] },
    { address: ':8080', enabled: false, says: [] },
  ].map(({ says, ...more }) => ({
    what: `tokens go over the network in the clear: ${JSON.stringify(more)}`,
    change: { api: { enabled: true, tokens: [{ name: 'a', role: 'admin', kind: 'human', token }], ...more } },
    says,
  })),
  {
    what: 'API and metrics do not share a port',
    change: { api: { enabled: true, address: '127.0.0.1:9090' }, metrics: { enabled: true, address: '127.0.0.1:9090' } },
    says: ['error metrics.address: the API listens on 127.0.0.1:9090 too; give one of them another port <api.address>'],
  },
  {
    what: 'DNS listens on an address',
    change: { dns: { listen_address: 'localhost:53' } },
    says: ['error dns.listen_address: localhost is no IP address'],
  },
  ...[':53', '127.0.0.1:53', '[::1]:53'].map((address) => ({
    what: `DNS may listen on ${address}`,
    change: { dns: { listen_address: address } },
    says: [],
  })),
]);
