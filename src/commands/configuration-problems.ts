/**
 * What the fields of a configuration must be to each other; what one field alone can say is in the schema. Pure, so
 * that a file, a dry run and a command are refused by the same rules. An error is never answered by something else:
 * what is asked for and not built is refused, not ignored.
 */
import type { Configuration, HealthCheck } from '../events/catalogue/configuration.ts';
import { redactedSecret } from '../events/catalogue/configuration.ts';
import { canonicalAddress } from '../events/catalogue/scalars.ts';
import { durationMs } from '../events/duration.ts';
import { endpointText } from '../projections/endpoint.ts';
import { agentProblems } from './agent-problems.ts';
import {
  type ConfigurationPath,
  type ConfigurationProblem,
  type ConfigurationRule,
  error,
  repeated,
  warning,
} from './configuration-problem.ts';
import { notBuiltProblems } from './not-built.ts';
import { zoneProblems } from './zone-problems.ts';

/** Everything that does not fit together, in the order of the rules. */
export function configurationProblems(configuration: Configuration): readonly ConfigurationProblem[] {
  return rules.flatMap((rule) => [...rule(configuration)]);
}

const rules: readonly ConfigurationRule[] = [
  modeProblems,
  duplicateNames,
  notBuiltProblems,
  domainRegions,
  domainPolicies,
  serverServices,
  duplicateServers,
  domainsWithoutServers,
  checkTimes,
  zoneProblems,
  gossipKeys,
  agentProblems,
  unsignedAnswers,
  keyPeers,
  geolocationRegions,
  listenAddresses,
  apiTokens,
];

function* modeProblems({ mode, agent, domains }: Configuration): Iterable<ConfigurationProblem> {
  if (mode === 'agent' && agent === undefined) {
    yield error(['agent'], 'agent mode needs this section', 'add agent: with identity, backends and gossip, or use mode: overwatch');
  }
  if (mode === 'overwatch' && domains.length === 0) {
    yield error(['domains'], 'there is no domain, so there is nothing to answer', 'add one under domains:');
  }
}

function* duplicateNames({ regions, domains, dns, api }: Configuration): Iterable<ConfigurationProblem> {
  const lists: readonly (readonly [what: string, path: ConfigurationPath, items: readonly { readonly name: string }[]])[] = [
    ['region', ['regions'], regions],
    ['domain', ['domains'], domains],
    ['zone', ['dns', 'zones'], dns.zones],
    ['token', ['api', 'tokens'], api.tokens],
  ];
  for (const [what, path, items] of lists) {
    const named = items.map(({ name }, index) => ({ key: name, path: [...path, index, 'name'] }));
    for (const { entry, first } of repeated(named)) {
      yield error(entry.path, `there are two ${what}s named ${entry.key}`, 'rename or remove one', first.path);
    }
  }
}

function* domainRegions({ domains, regions }: Configuration): Iterable<ConfigurationProblem> {
  const known = new Set(regions.map(({ name }) => name));
  for (const [index, domain] of domains.entries()) {
    const path = (position: number) => ['domains', index, 'regions', position];
    const listed = domain.regions.map((key, position) => ({ key, path: path(position) }));
    for (const { key, path } of listed) {
      if (!known.has(key)) yield error(path, `there is no region named ${key}`, regionsRemedy(known));
    }
    for (const { entry, first } of repeated(listed)) {
      yield error(entry.path, `the region ${entry.key} is listed twice`, 'keep one', first.path);
    }
  }
}

function regionsRemedy(known: ReadonlySet<string>): string {
  const shown = [...known].slice(0, 10).join(', ');
  return known.size === 0 ? 'add it under regions:' : `add it under regions:, or use one of ${shown}`;
}

/** A setting that the domain's algorithm does not look at is a misunderstanding. */
function* domainPolicies({ domains }: Configuration): Iterable<ConfigurationProblem> {
  for (const [index, domain] of domains.entries()) {
    const { routing_algorithm: algorithm, failback, slow_start: ramp } = domain;
    if (failback !== 'auto' && algorithm !== 'failover') {
      yield error(
        ['domains', index, 'failback'],
        `is for failover, and this domain is ${algorithm}`,
        'leave it out, or use routing_algorithm: failover',
      );
    }
    if (durationMs(ramp) > 0 && algorithm !== 'weighted') {
      yield error(
        ['domains', index, 'slow_start'],
        `is for weighted, and this domain is ${algorithm}`,
        'leave it out, or use routing_algorithm: weighted',
      );
    }
  }
}

function* serverServices({ domains, regions }: Configuration): Iterable<ConfigurationProblem> {
  const byName = new Map(domains.map((domain) => [domain.name, domain]));
  for (const [regionIndex, region] of regions.entries()) {
    for (const [serverIndex, { service }] of region.servers.entries()) {
      const path = ['regions', regionIndex, 'servers', serverIndex, 'service'];
      const domain = byName.get(service);
      if (domain === undefined)
        yield error(path, `there is no domain named ${service}`, 'add it under domains:, or name one that is there');
      else if (!domain.regions.includes(region.name)) {
        const remedy = `add ${region.name} to the regions of ${service}, or move the server`;
        yield error(
          path,
          `the domain ${service} does not list this server's region, ${region.name}, so it would never be answered`,
          remedy,
        );
      }
    }
  }
}

function* duplicateServers({ regions }: Configuration): Iterable<ConfigurationProblem> {
  const servers = regions.flatMap((region, regionIndex) =>
    region.servers.map(({ service, address, port }, serverIndex) => ({
      key: `${service} at ${endpointText(address, port)}`,
      path: ['regions', regionIndex, 'servers', serverIndex],
    })),
  );
  for (const { entry, first } of repeated(servers)) {
    yield error([...entry.path, 'address'], `there are two servers of ${entry.key}`, 'remove one', [...first.path, 'address']);
  }
}

/** Where agents may speak for a domain, its servers come with them. */
function* domainsWithoutServers({ mode, overwatch, domains, regions }: Configuration): Iterable<ConfigurationProblem> {
  if (mode !== 'overwatch') return;
  const served = new Set(regions.flatMap(({ servers }) => servers.map(({ service }) => service)));
  for (const [index, { name }] of domains.entries()) {
    if (served.has(name) || Object.hasOwn(overwatch.agent_tokens, name)) continue;
    const message = `no server here serves ${name}: until one is registered, its answer is SERVFAIL`;
    yield warning(['domains', index, 'name'], message, `add a server with service: ${name} to one of its regions`);
  }
}

interface Times {
  readonly interval: string;
  readonly timeout: string;
}

/** A check must be over before the next one begins. What a section leaves out comes from the section around it. */
function* checkTimes({ overwatch, regions, agent }: Configuration): Iterable<ConfigurationProblem> {
  const { check_interval: interval, check_timeout: timeout } = overwatch.validation;
  const outer = { interval, timeout };
  yield* tooLong(['overwatch', 'validation', 'check_timeout'], outer, outer);
  for (const [regionIndex, region] of regions.entries()) {
    const regional = { ...outer, ...timesOf(region.health_check) };
    yield* tooLong(['regions', regionIndex, 'health_check', 'timeout'], timesOf(region.health_check), regional);
    for (const [serverIndex, { health_check: check }] of region.servers.entries()) {
      const path = ['regions', regionIndex, 'servers', serverIndex, 'health_check', 'timeout'];
      yield* tooLong(path, timesOf(check), { ...regional, ...timesOf(check) });
    }
  }
  for (const [index, { health_check: check }] of (agent?.backends ?? []).entries()) {
    const path = ['agent', 'backends', index, 'health_check', 'timeout'];
    yield* tooLong(path, timesOf(check), { interval: '30s', timeout: '5s', ...timesOf(check) });
  }
}

function timesOf(check: HealthCheck | undefined): Partial<Times> {
  return {
    ...(check?.interval !== undefined && { interval: check.interval }),
    ...(check?.timeout !== undefined && { timeout: check.timeout }),
  };
}

/** Only a section that says something of its own can be at fault. */
function* tooLong(path: ConfigurationPath, own: Partial<Times>, { interval, timeout }: Times): Iterable<ConfigurationProblem> {
  if (own.interval === undefined && own.timeout === undefined) return;
  if (durationMs(timeout) <= durationMs(interval)) return;
  yield error(path, `a timeout of ${timeout} is longer than the interval of ${interval}`, 'shorten the timeout or lengthen the interval');
}

const gossipKeyRemedy = 'make one with: opengslb gossip-key generate';

function* gossipKeys({ mode, overwatch, agent }: Configuration): Iterable<ConfigurationProblem> {
  const overwatchPath = ['overwatch', 'gossip', 'encryption_key'];
  if (mode === 'overwatch' && overwatch.gossip !== undefined && overwatch.gossip.encryption_key === undefined) {
    yield error(overwatchPath, 'gossip needs a key', `${gossipKeyRemedy}, or leave the section out`);
  }
  yield* badKey(overwatchPath, overwatch.gossip?.encryption_key);
  yield* badKey(['agent', 'gossip', 'encryption_key'], agent?.gossip.encryption_key);
}

/** A configuration that comes from the log holds a digest here, which says nothing about the key. */
function* badKey(path: ConfigurationPath, key: string | undefined): Iterable<ConfigurationProblem> {
  if (key === undefined || redactedSecret.test(key) || isKey(key)) return;
  yield error(path, 'expected exactly 32 bytes in base64', gossipKeyRemedy);
}

/** 43 digits and one `=`: what 32 bytes are in base64. */
function isKey(text: string): boolean {
  return /^[A-Za-z0-9+/]{43}=$/.test(text);
}

/** Word for word the original's, so that its configurations are accepted. */
export const unsignedAcknowledgment =
  'I understand that disabling DNSSEC removes cryptographic authentication of DNS responses and allows DNS spoofing attacks against my zones';

function* unsignedAnswers({ overwatch: { dnssec } }: Configuration): Iterable<ConfigurationProblem> {
  if (dnssec.enabled || dnssec.security_acknowledgment === unsignedAcknowledgment) return;
  const remedy = `remove enabled: false, or set security_acknowledgment to exactly: ${unsignedAcknowledgment}`;
  yield error(
    ['overwatch', 'dnssec', 'security_acknowledgment'],
    'DNSSEC is switched off without the sentence that acknowledges it',
    remedy,
  );
}

/**
 * Private keys go to nobody on first sight, so each peer is named by the fingerprint of its certificate.
 *
 *     a peer's URL                                 its fingerprint       problem
 *     is no https:// with a host and a port alone  any                   that is what it is to be
 *     is                                           left out              how to get it
 *     is                                           another peer's, too   one of them is wrong
 */
function* keyPeers({ overwatch: { dnssec } }: Configuration): Iterable<ConfigurationProblem> {
  const seen = new Set<string>();
  for (const [index, { url, fingerprint }] of dnssec.key_sync.peers.entries()) {
    const path = ['overwatch', 'dnssec', 'key_sync', 'peers', index];
    const { protocol, username, password, pathname, search, hash } = new URL(url);
    if (protocol !== 'https:' || `${username}${password}${search}${hash}` !== '' || pathname !== '/') {
      yield error(path, `keys are not fetched from ${url}`, 'name it as https://HOST:PORT, the address of its key_sync.listen_address');
    } else if (fingerprint === undefined) {
      yield error(
        path,
        `nothing says which certificate ${url} has, and private keys go to nobody who is only somewhere`,
        'run "opengslb dnssec identity --config FILE" on that overwatch, and write {url: ..., fingerprint: ...} with what it prints',
      );
    } else if (seen.has(fingerprint)) {
      yield error([...path, 'fingerprint'], 'another peer has this fingerprint', 'each overwatch has a certificate of its own');
    }
    if (fingerprint !== undefined) seen.add(fingerprint);
  }
}

function* geolocationRegions({ overwatch: { geolocation }, regions }: Configuration): Iterable<ConfigurationProblem> {
  const known = new Set(regions.map(({ name }) => name));
  const path = ['overwatch', 'geolocation'];
  const named = geolocation.custom_mappings.map(({ region }, index) => ({
    key: region,
    path: [...path, 'custom_mappings', index, 'region'],
  }));
  if (geolocation.default_region !== undefined) named.unshift({ key: geolocation.default_region, path: [...path, 'default_region'] });
  for (const { key, path } of named) if (!known.has(key)) yield error(path, `there is no region named ${key}`, regionsRemedy(known));
}

function* listenAddresses({ dns, api, metrics }: Configuration): Iterable<ConfigurationProblem> {
  const host = hostOf(dns.listen_address);
  if (host !== '' && canonicalAddress(host) === undefined) {
    yield error(
      ['dns', 'listen_address'],
      `${host} is no IP address`,
      'DNS listens on an address such as 127.0.0.1:5353, or on :53 for all',
    );
  }
  if (api.enabled && metrics.enabled && api.address === metrics.address) {
    yield error(['metrics', 'address'], `the API listens on ${api.address} too`, 'give one of them another port', ['api', 'address']);
  }
}

function* apiTokens({ api }: Configuration): Iterable<ConfigurationProblem> {
  for (const { entry, first } of repeated(
    api.tokens.map(({ token }, index) => ({ key: token, path: ['api', 'tokens', index, 'token'] })),
  )) {
    yield error(entry.path, 'two names share one token, so nobody could tell who acted', 'give each its own', first.path);
  }
  if (!api.enabled || isLoopback(hostOf(api.address))) return;
  if (api.tokens.length === 0) {
    const message = `the API listens on ${api.address} without tokens: it will answer this machine only`;
    yield warning(['api', 'address'], message, 'add api.tokens, or listen on 127.0.0.1');
  } else if (api.tls === undefined) {
    const message = `the API listens on ${api.address} without TLS: whoever is on the way reads the tokens, and then has them`;
    yield warning(['api', 'address'], message, 'add api.tls, or listen on 127.0.0.1 with a proxy before it that speaks TLS');
  }
}

function hostOf(listenAddress: string): string {
  return listenAddress.slice(0, listenAddress.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
}

function isLoopback(host: string): boolean {
  const canonical = canonicalAddress(host) ?? host;
  return canonical === 'localhost' || canonical === '::1' || canonical.startsWith('127.');
}
