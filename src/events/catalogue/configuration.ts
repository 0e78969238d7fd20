/**
 * The configuration, as a schema and as a fact. The keys are the original OpenGSLB's with what its documents promise,
 * and ours in addition. Durations stay text here (`30s`), so that an event reads like the file that it came from;
 * secrets are replaced by keyed digests before a configuration becomes a fact.
 */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { address, domainName, duration, port, sha256 } from './scalars.ts';

/** Path to a file or folder. */
const path = z.string().min(1);

/** `host:port`, `:port` or `[v6]:port`. */
export const listenAddress = z
  .string()
  .regex(/^(?:\[[0-9a-fA-F:.]+\]|[^:\s]*):\d{1,5}$/, 'expected host:port, :port or [v6]:port')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'expected a port up to 65535');

const cidr = z.union([z.cidrv4(), z.cidrv6()], 'expected a network such as 10.0.0.0/8 or 2001:db8::/32');

/** A whole number of bytes, or text such as `512MiB`. */
const byteSize = z.union([z.int().positive(), z.string().regex(/^\d+(?:\.\d+)?(?:B|KiB|MiB|GiB|TiB)$/)], 'expected bytes, such as 1048576 or 512MiB');

/**
 * How one server is checked. What is left out is filled from `overwatch.validation`, then from the defaults named here
 * (see `projections/checks.ts`).
 */
export const healthCheck = z.strictObject({
  /** Default `http`. */
  type: z.enum(['http', 'https', 'tcp']).optional(),
  /** From one check to the next. Default `overwatch.validation.check_interval`. At least 100ms. */
  interval: duration(100).optional(),
  /** After this the check has failed. Default `overwatch.validation.check_timeout`. At least 10ms. */
  timeout: duration(10).optional(),
  /** http and https: what is asked for. Default `/health`. */
  path: z.string().startsWith('/', 'expected a path that starts with /').optional(),
  /** http and https: Host header and TLS server name. Default: the server's `host`, else its address. */
  host: z.string().min(1).optional(),
  /** Failures that take an up server down; they accumulate until `success_threshold` successes in a row. Default 3. */
  failure_threshold: z.int().min(1).max(100).optional(),
  /** Successes in a row that take a down server up. Default 2. */
  success_threshold: z.int().min(1).max(100).optional(),
  /** http and https: statuses that count as success, `204` or `200-299`. Default `["200-299"]`. */
  expected_status: z
    .array(z.union([z.int().min(100).max(599), z.string().regex(/^[1-5]\d\d-[1-5]\d\d$/)], 'expected a status such as 204, or a range such as 200-299'))
    .min(1)
    .optional(),
  /** http and https: text that the first 64 KiB of the body must contain. Default: the body is not read. */
  expected_body: z.string().min(1).max(1000).optional(),
  /** http and https. Default `GET`. */
  method: z.enum(['GET', 'HEAD', 'POST', 'OPTIONS']).optional(),
  /** http and https: sent with the request. */
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected a header name'), z.string()).optional(),
  /** https: whether the certificate must be valid for the host. Default true. */
  verify_tls: z.boolean().optional(),
});
export type HealthCheck = z.output<typeof healthCheck>;

const staticServer = z.strictObject({
  address,
  port: port.default(80),
  /** Share of the answers under `weighted`; 0 counts as draining. */
  weight: z.int().nonnegative().default(100),
  /** The domain that this server serves. */
  service: domainName,
  host: z.string().min(1).optional(),
  /** Before the region's. */
  health_check: healthCheck.optional(),
});

const region = z.strictObject({
  name: z.string().min(1).max(100),
  servers: z.array(staticServer).default([]),
  health_check: healthCheck.default({}),
  /** ISO 3166 alpha-2. */
  countries: z.array(z.string().length(2).toUpperCase()).default([]),
  continents: z.array(z.string().toUpperCase().pipe(z.enum(['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA']))).default([]),
});

/** The original's spellings of each algorithm. */
const algorithmAliases: Readonly<Record<string, string>> = {
  roundrobin: 'round-robin',
  rr: 'round-robin',
  weight: 'weighted',
  'active-standby': 'failover',
  activestandby: 'failover',
  geo: 'geolocation',
  'learned-latency': 'learned_latency',
};

export const routingAlgorithm = z
  .string()
  .transform((text) => algorithmAliases[text.toLowerCase()] ?? text.toLowerCase())
  .pipe(z.enum(['round-robin', 'weighted', 'failover', 'geolocation', 'latency', 'learned_latency']));
export type RoutingAlgorithm = z.output<typeof routingAlgorithm>;

/** What answers when no server is fit, draining or unproven. */
const lastResort = z.enum(['servfail', 'last_healthy', 'all']);

const ttlSeconds = z.int().min(0).max(604_800);

const domain = z.strictObject({
  name: domainName,
  routing_algorithm: routingAlgorithm.default('round-robin'),
  /** Order matters for `failover`. */
  regions: z.array(z.string()).min(1),
  /** Default `dns.default_ttl`. */
  ttl: ttlSeconds.optional(),
  /** How many addresses one answer holds. */
  answers: z.union([z.enum(['single', 'all']), z.int().min(1).max(16)], 'expected single, all or a number from 1 to 16').default('single'),
  /** Default `servfail`, or `last_healthy` where `dns.return_last_healthy` is true. */
  when_all_unhealthy: lastResort.optional(),
  /** `failover`: whether a recovered server takes over again at once, after `failback_delay`, or when an operator says so. */
  failback: z.enum(['auto', 'delay', 'manual']).default('auto'),
  failback_delay: duration(0).default('5m'),
  /** How long a server that came back takes to reach its whole weight. `0s`: at once. */
  slow_start: duration(0).default('0s'),
  latency_config: z
    .strictObject({
      smoothing_factor: z.number().gt(0).max(1).default(0.3),
      max_latency_ms: z.int().positive().default(500),
      min_samples: z.int().positive().default(3),
    })
    .optional(),
});

/** Records that stand beside the steered names. `name` is relative to the zone; `@` is the zone itself. */
const recordBase = { name: z.string().default('@'), ttl: ttlSeconds.optional() };
const hostTarget = z.string().min(1).max(254);
const staticRecord = z.discriminatedUnion('type', [
  z.strictObject({ ...recordBase, type: z.literal('A'), address: z.ipv4() }),
  z.strictObject({ ...recordBase, type: z.literal('AAAA'), address: z.ipv6() }),
  z.strictObject({ ...recordBase, type: z.literal('CNAME'), target: hostTarget }),
  z.strictObject({ ...recordBase, type: z.literal('NS'), target: hostTarget }),
  z.strictObject({ ...recordBase, type: z.literal('MX'), preference: z.int().min(0).max(65_535).default(10), target: hostTarget }),
  z.strictObject({
    ...recordBase,
    type: z.literal('SRV'),
    priority: z.int().min(0).max(65_535).default(0),
    weight: z.int().min(0).max(65_535).default(0),
    port: z.int().min(0).max(65_535),
    target: hostTarget,
  }),
  z.strictObject({ ...recordBase, type: z.literal('TXT'), text: z.union([z.string(), z.array(z.string()).min(1)]) }),
  z.strictObject({
    ...recordBase,
    type: z.literal('CAA'),
    flags: z.int().min(0).max(255).default(0),
    tag: z.string().regex(/^[a-zA-Z0-9]{1,15}$/),
    value: z.string(),
  }),
]);
export type StaticRecord = z.output<typeof staticRecord>;

const fullZone = z.strictObject({
  name: domainName,
  /** Default: `ns1.ZONE` at the listen address. An address is needed only for a nameserver inside the zone (glue). */
  nameservers: z.array(z.strictObject({ name: domainName, address: address.optional() })).default([]),
  records: z.array(staticRecord).default([]),
});
/** A zone is a name, or a name with its nameservers and records. */
const zone = z.union([domainName.transform((name) => fullZone.parse({ name })), fullZone], 'expected a zone name, or {name, nameservers, records}');
export type Zone = z.output<typeof fullZone>;

const dns = z.strictObject({
  /** UDP and TCP. */
  listen_address: listenAddress.default(':53'),
  default_ttl: ttlSeconds.default(60),
  /** The original's way of saying `when_all_unhealthy: last_healthy` for every domain. */
  return_last_healthy: z.boolean().default(false),
  /** Zones that this node is authoritative for. None: each domain is its own zone. */
  zones: z.array(zone).default([]),
  /** Worker threads; 0: cores - 1, at least one. */
  workers: z.int().min(0).max(256).default(0),
  /** Sampled log of queries. */
  query_log: z.strictObject({ enabled: z.boolean().default(false), sample: z.number().gt(0).max(1).default(0.01) }).prefault({}),
});

const overwatch = z.strictObject({
  identity: z
    .strictObject({
      /** Default: the host's name when the log is made. */
      node_id: z.string().min(1).max(253).optional(),
      region: z.string().default(''),
    })
    .prefault({}),
  /** Service to token. */
  agent_tokens: z.record(domainName, z.string().min(16, 'expected a token of at least 16 characters')).default({}),
  gossip: z
    .strictObject({
      bind_address: listenAddress.optional(),
      encryption_key: z.string().optional(),
      probe_interval: duration(10).default('1s'),
      probe_timeout: duration(10).default('500ms'),
      gossip_interval: duration(10).default('200ms'),
      legacy_agents: z.enum(['refuse', 'accept']).default('refuse'),
    })
    .optional(),
  validation: z
    .strictObject({
      /** Whether servers are checked from outside. Without it registration is the claim: up. */
      enabled: z.boolean().default(true),
      check_interval: duration(100).default('30s'),
      check_timeout: duration(10).default('5s'),
      /** Checks that run at once; servers that fail may take at most half of them. */
      max_concurrent: z.int().min(2).max(10_000).default(256),
    })
    .prefault({}),
  stale: z.strictObject({ threshold: duration(1000).default('30s'), remove_after: duration(1000).default('5m') }).prefault({}),
  dnssec: z
    .strictObject({
      enabled: z.boolean().default(true),
      security_acknowledgment: z.string().optional(),
      algorithm: z.enum(['ECDSAP256SHA256', 'ECDSAP384SHA384']).default('ECDSAP256SHA256'),
      bootstrap: z.boolean().default(false),
      rotate_every: duration(0).optional(),
      key_sync: z
        .strictObject({
          peers: z.array(z.url()).default([]),
          poll_interval: duration(1000).default('1h'),
          timeout: duration(100).default('30s'),
        })
        .prefault({}),
    })
    .prefault({}),
  geolocation: z
    .strictObject({
      database_path: path.optional(),
      default_region: z.string().optional(),
      ecs_enabled: z.boolean().default(true),
      custom_mappings: z.array(z.strictObject({ cidr, region: z.string(), comment: z.string().optional() })).default([]),
    })
    .prefault({}),
  /** Folder of the log and the secrets. */
  data_dir: path.default('/var/lib/opengslb'),
});

const percent = z.number().min(0).max(100);
const bleedDuration = duration(0).default('30s');

const agent = z.strictObject({
  identity: z.strictObject({
    service_token: z.string().min(16, 'expected a token of at least 16 characters'),
    region: z.string().default(''),
    cert_path: path.default('/var/lib/opengslb/agent.crt'),
    key_path: path.default('/var/lib/opengslb/agent.key'),
  }),
  backends: z
    .array(
      z.strictObject({
        service: domainName,
        address: z.string().min(1),
        port,
        weight: z.int().nonnegative().default(100),
        health_check: healthCheck.default({}),
      }),
    )
    .min(1),
  predictive: z
    .strictObject({
      enabled: z.boolean().default(false),
      check_interval: duration(100).default('10s'),
      cpu: z.strictObject({ threshold: percent.default(90), bleed_duration: bleedDuration }).prefault({}),
      memory: z.strictObject({ threshold: percent.default(85), bleed_duration: bleedDuration }).prefault({}),
      error_rate: z
        .strictObject({ threshold: z.number().nonnegative().default(10), window: duration(1000).default('60s'), bleed_duration: bleedDuration })
        .prefault({}),
    })
    .prefault({}),
  gossip: z.strictObject({ encryption_key: z.string(), overwatch_nodes: z.array(listenAddress).min(1) }),
  heartbeat: z.strictObject({ interval: duration(1000).default('10s'), missed_threshold: z.int().min(1).default(3) }).prefault({}),
  latency_learning: z
    .strictObject({
      enabled: z.boolean().default(false),
      poll_interval: duration(100).default('10s'),
      min_connection_age: duration(0).default('5s'),
      ipv4_prefix: z.int().min(8).max(32).default(24),
      ipv6_prefix: z.int().min(16).max(128).default(48),
      ewma_alpha: z.number().gt(0).max(1).default(0.3),
      max_subnets: z.int().positive().default(100_000),
      subnet_ttl: duration(1000).default('168h'),
      min_samples: z.int().positive().default(5),
      report_interval: duration(1000).default('30s'),
    })
    .prefault({}),
});

const api = z.strictObject({
  enabled: z.boolean().default(false),
  address: listenAddress.default('127.0.0.1:8080'),
  /** Networks that may ask at all. Default: loopback. */
  allowed_networks: z.array(cidr).default(['127.0.0.0/8', '::1/128']),
  trust_proxy_headers: z.boolean().default(false),
  tokens: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(100),
        role: z.enum(['viewer', 'operator', 'admin']),
        kind: z.enum(['human', 'tool']),
        token: z.string().min(16, 'expected a token of at least 16 characters'),
      }),
    )
    .default([]),
  tls: z.strictObject({ cert_path: path, key_path: path }).optional(),
});

export const configuration = z.strictObject({
  mode: z.enum(['agent', 'overwatch']).default('overwatch'),
  agent: agent.optional(),
  overwatch: overwatch.prefault({}),
  dns: dns.prefault({}),
  regions: z.array(region).default([]),
  domains: z.array(domain).default([]),
  api: api.prefault({}),
  logging: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info'), format: z.enum(['json', 'text']).default('json') })
    .prefault({}),
  metrics: z.strictObject({ enabled: z.boolean().default(false), address: listenAddress.default(':9090') }).prefault({}),
  log: z.strictObject({ retention: duration(60_000).default('720h'), max_bytes: byteSize.default('8GiB') }).prefault({}),
  /** What a command may not do without force. */
  guards: z
    .strictObject({
      /** A command that would leave a name with fewer fit servers is refused. 0: never. */
      min_fit_servers: z.int().min(0).default(1),
    })
    .prefault({}),
});
export type Configuration = z.output<typeof configuration>;
export type Domain = Configuration['domains'][number];
export type Region = Configuration['regions'][number];

/** Where secrets stand in a configuration; `*` is every element or key. They never become part of a fact. */
export const secretPaths = [
  ['overwatch', 'agent_tokens', '*'],
  ['overwatch', 'gossip', 'encryption_key'],
  ['agent', 'identity', 'service_token'],
  ['agent', 'gossip', 'encryption_key'],
  ['agent', 'backends', '*', 'health_check', 'headers', '*'],
  ['regions', '*', 'health_check', 'headers', '*'],
  ['regions', '*', 'servers', '*', 'health_check', 'headers', '*'],
  ['api', 'tokens', '*', 'token'],
] as const;

export const configurationApplied = defineEvent({
  type: 'configuration.applied',
  code: 4,
  meaning: 'The node works by this configuration from now on; it is whole, with keyed digests where secrets stood.',
  data: z.strictObject({ digest: sha256, configuration }),
});
