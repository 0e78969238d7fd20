/**
 * The configuration, as a schema and as a fact. The keys are the original OpenGSLB's with what its documents promise,
 * and ours in addition. Durations stay text here (`30s`), so that an event reads like the file that it came from;
 * secrets are replaced by keyed digests before a configuration becomes a fact. What one field alone can say about its
 * value is here; what several fields say together is in `commands/configuration-problems.ts`.
 */
import { z } from 'zod';
import { byteSizePattern, bytesOf } from '../byte-size.ts';
import { defineEvent } from '../define-event.ts';
import { durationMs } from '../duration.ts';
import { address, domainName, duration, port, sha256 } from './scalars.ts';

/** Path to a file or folder. */
const path = z
  .string()
  .min(1)
  .refine((text) => !text.includes('\0'), 'expected a path without NUL characters');

/** A bearer secret: long enough that nobody finds it by trying. */
const token = z.string().min(16, 'expected a token of at least 16 characters');

const listenPattern = /^(?:\[[0-9a-fA-F:.]+\]|[^:\s]*):\d{1,5}$/;

/** `host:port`, `:port` or `[v6]:port`. */
const listenAddress = z
  .string()
  .regex(listenPattern, 'expected host:port, :port or [v6]:port')
  .refine((text) => !listenPattern.test(text) || Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'expected a port up to 65535');

/** `host:port` that others can reach: no wildcard, no port 0. */
const reachableAddress = listenAddress.refine(
  (text) => !listenPattern.test(text) || !/^(?::|0\.0\.0\.0:|\[::\]:)|:0+$/.test(text),
  'expected host:port that others can reach, such as 192.0.2.7:7946',
);

const cidr = z.union([z.cidrv4(), z.cidrv6()], 'expected a network such as 10.0.0.0/8 or 2001:db8::/32');

/** A whole number of bytes, or text such as `512MiB`. Text of another form ends the checks: those that follow count bytes. */
const byteSize = z.union(
  [z.int().positive(), z.string().regex(byteSizePattern, { abort: true })],
  'expected bytes, such as 1048576 or 512MiB',
);

/** One status, or a range of them from low to high. */
const statusRange = z.union(
  [
    z.int().min(100).max(599),
    z
      .string()
      .regex(/^[1-5]\d\d-[1-5]\d\d$/)
      .refine((text) => text.slice(0, 3) <= text.slice(4)),
  ],
  'expected a status such as 204, or a range such as 200-299',
);

/** What HTTP allows between a header's colon and the end of its line. */
const headerValue = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected a header value: one line, without control characters');

/**
 * How one server is checked. What is left out is filled from `overwatch.validation`, then from the defaults named here
 * (see `projections/checks.ts`).
 */
export const healthCheck = z.strictObject({
  /** What is tried: a request, a request over TLS, or only a connection. Default `http`. */
  type: z.enum(['http', 'https', 'tcp']).optional(),
  /** From one check to the next. Default `overwatch.validation.check_interval`. At least 100ms. */
  interval: duration(100).optional(),
  /** After this the check has failed. Default `overwatch.validation.check_timeout`. At least 10ms, at most `interval`. */
  timeout: duration(10).optional(),
  /** http and https: what is asked for. Default `/health`. */
  path: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, 'expected a path that starts with / and holds no spaces')
    .optional(),
  /** http and https: Host header and TLS server name. Default: the server's `host`, else its address. */
  host: z.string().min(1).optional(),
  /** Failures that take an up server down; they accumulate until `success_threshold` successes in a row. Default 3. */
  failure_threshold: z.int().min(1).max(100).optional(),
  /** Successes in a row that take a down server up. Default 2. */
  success_threshold: z.int().min(1).max(100).optional(),
  /** http and https: statuses that count as success, `204` or `200-299`. Default `["200-299"]`. */
  expected_status: z.array(statusRange).min(1).optional(),
  /** http and https: text that the first 64 KiB of the body must contain. Default: the body is not read. */
  expected_body: z.string().min(1).max(1000).optional(),
  /** http and https: the request's method. Default `GET`. */
  method: z.enum(['GET', 'HEAD', 'POST', 'OPTIONS']).optional(),
  /** http and https: sent with the request. Every value counts as a secret once it is read. */
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected a header name'), headerValue).optional(),
  /** https: whether the certificate must be valid for the host. Default true. */
  verify_tls: z.boolean().optional(),
});
export type HealthCheck = z.output<typeof healthCheck>;

const staticServer = z.strictObject({
  /** Where clients are sent: an IP address, never a name. */
  address,
  /** Where it is checked. Clients learn only the address. */
  port: port.default(80),
  /** Share of the answers under `weighted`; 0 counts as draining. */
  weight: z.int().nonnegative().default(100),
  /** The domain that this server serves. */
  service: domainName,
  /** Host header and TLS server name of its checks. Default: the address. */
  host: z.string().min(1).optional(),
  /** Before the region's. */
  health_check: healthCheck.optional(),
});

const region = z.strictObject({
  /** What domains call it. Unique. */
  name: z.string().min(1).max(100),
  /** Servers that are known beforehand; agents and the API may add others. */
  servers: z.array(staticServer).default([]),
  /** For every server here that says nothing else. */
  health_check: healthCheck.default({}),
  /** Countries that `geolocation` sends here, in ISO 3166 alpha-2. */
  countries: z.array(z.string().length(2, 'expected a country code of two letters, such as DE').toUpperCase()).default([]),
  /** Continents that `geolocation` sends here. */
  continents: z
    .array(
      z
        .string()
        .toUpperCase()
        .pipe(z.enum(['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'])),
    )
    .default([]),
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
  /** The name that clients ask for. Unique. */
  name: domainName,
  /** How one server is chosen among those that are fit. */
  routing_algorithm: routingAlgorithm.default('round-robin'),
  /** Where its servers stand, by region name. Order matters for `failover`. */
  regions: z.array(z.string()).min(1),
  /** Seconds that a resolver may keep an answer. Default `dns.default_ttl`. */
  ttl: ttlSeconds.optional(),
  /** How many addresses one answer holds. */
  answers: z.union([z.enum(['single', 'all']), z.int().min(1).max(16)], 'expected single, all or a number from 1 to 16').default('single'),
  /** Default `servfail`, or `last_healthy` where `dns.return_last_healthy` is true. */
  when_all_unhealthy: lastResort.optional(),
  /** `failover`: whether a recovered server takes over again at once, after `failback_delay`, or when an operator says so. */
  failback: z.enum(['auto', 'delay', 'manual']).default('auto'),
  /** How long a recovered server waits under `failback: delay`. */
  failback_delay: duration(0).default('5m'),
  /** How long a server that came back takes to reach its whole weight. `0s`: at once. */
  slow_start: duration(0).default('0s'),
  /** `latency`: how measurements become a choice. */
  latency_config: z
    .strictObject({
      /** Share of the newest measurement in the average. */
      smoothing_factor: z.number().gt(0).max(1).default(0.3),
      /** Milliseconds beyond which a server is too far away to be chosen. */
      max_latency_ms: z.int().positive().default(500),
      /** Measurements before a server's average counts. */
      min_samples: z.int().positive().default(3),
    })
    .optional(),
});

/** The name of another host, whole, never relative to the zone; `@` is the zone itself. */
const hostTarget = z.union([z.literal('@'), domainName], 'expected a whole DNS name such as mail.example.com, or "@" for the zone itself');
/** As above, or `.`, which says that there is none (RFC 2782, RFC 7505). */
const hostTargetOrNone = z.union(
  [z.literal('.'), hostTarget],
  'expected a whole DNS name such as mail.example.com, "@" for the zone itself, or "." for none',
);

/** Bytes as pairs of hexadecimal digits, made canonical: lower case, and without the spaces that tools write between them. */
const hexBytes = z.string({ error: 'expected hexadecimal digits; quote what looks like a number' }).transform((text, context) => {
  const digits = text.replace(/\s+/g, '').toLowerCase();
  if (/^(?:[0-9a-f]{2}){1,255}$/.test(digits)) return digits;
  context.issues.push({ code: 'custom', input: text, message: 'expected 1 to 255 bytes, each as two hexadecimal digits' });
  return z.NEVER;
});

const recordBase = {
  /** Relative to the zone, or whole with a final dot; `@` is the zone itself. */
  name: z.string().toLowerCase().default('@'),
  /** Seconds that a resolver may keep it. Default `dns.default_ttl`. */
  ttl: ttlSeconds.optional(),
};

/** Records that stand beside the steered names. */
const staticRecord = z.discriminatedUnion('type', [
  z.strictObject({ ...recordBase, type: z.literal('A'), address: z.ipv4('expected an IPv4 address such as 192.0.2.7') }),
  z.strictObject({ ...recordBase, type: z.literal('AAAA'), address: z.ipv6('expected an IPv6 address such as 2001:db8::7') }),
  z.strictObject({ ...recordBase, type: z.literal('CNAME'), target: hostTarget }),
  /** Gives the names at and below `name` to another server. */
  z.strictObject({ ...recordBase, type: z.literal('NS'), target: hostTarget }),
  z.strictObject({ ...recordBase, type: z.literal('MX'), preference: z.int().min(0).max(65_535).default(10), target: hostTargetOrNone }),
  z.strictObject({
    ...recordBase,
    type: z.literal('SRV'),
    priority: z.int().min(0).max(65_535).default(0),
    weight: z.int().min(0).max(65_535).default(0),
    port: z.int().min(0).max(65_535),
    target: hostTargetOrNone,
  }),
  /** One string of at most 255 bytes, or a list of them. */
  z.strictObject({
    ...recordBase,
    type: z.literal('TXT'),
    text: z.union([z.string(), z.array(z.string()).min(1)], 'expected a text, or a list of texts; quote what looks like a number'),
  }),
  z.strictObject({
    ...recordBase,
    type: z.literal('CAA'),
    flags: z.int().min(0).max(255).default(0),
    tag: z.string().regex(/^[a-zA-Z0-9]{1,15}$/, 'expected a tag such as issue, issuewild or iodef'),
    value: z.string(),
  }),
  /** Vouches for the key of a zone that NS records give to others. It comes from whoever keeps that zone. */
  z.strictObject({
    ...recordBase,
    type: z.literal('DS'),
    /** The tag of the key that is vouched for. */
    key_tag: z.int().min(0).max(65_535),
    /** The algorithm of that key: 13 is ECDSA on P-256, 14 on P-384, 15 Ed25519, 8 RSA. */
    algorithm: z.int().min(1).max(255),
    /** How the digest was made: 1 is SHA-1, 2 SHA-256, 4 SHA-384. */
    digest_type: z.int().min(1).max(255),
    /** Hexadecimal digits, as `dig` and registrars write them. */
    digest: hexBytes,
  }),
]);
export type StaticRecord = z.output<typeof staticRecord>;

const fullZone = z.strictObject({
  /** The zone's apex. */
  name: domainName,
  /** Default: `ns1.ZONE` at the listen address. An address is needed only for a nameserver inside the zone (glue). */
  nameservers: z.array(z.strictObject({ name: domainName, address: address.optional() })).default([]),
  /** What the zone holds beside the steered names. */
  records: z.array(staticRecord).default([]),
});
/** A zone is a name, or a name with its nameservers and records. */
const zone = z.union(
  [domainName.transform((name) => fullZone.parse({ name })), fullZone],
  'expected a zone name, or {name, nameservers, records}',
);
export type Zone = z.output<typeof fullZone>;

const dns = z.strictObject({
  /** Where DNS is answered, over UDP and TCP. The limits of TCP are in `docs/dns.md`. */
  listen_address: listenAddress.default(':53'),
  /** Seconds that a resolver may keep an answer for which nothing else is said. */
  default_ttl: ttlSeconds.default(60),
  /** Seconds that a resolver may keep what seldom changes of a zone: its SOA, its nameservers, and their addresses. */
  apex_ttl: ttlSeconds.default(3600),
  /** The original's way of saying `when_all_unhealthy: last_healthy` for every domain. */
  return_last_healthy: z.boolean().default(false),
  /** Zones that this node is authoritative for. None: each domain is its own zone. */
  zones: z.array(zone).default([]),
  /** Worker threads; 0: cores - 1, at least one. */
  workers: z.int().min(0).max(256).default(0),
  /** Sampled log of queries. Each line has what it takes to explain its answer; `docs/dns.md` says how. */
  query_log: z
    .strictObject({
      /** Whether it is written. */
      enabled: z.boolean().default(false),
      /** Share of the queries that it holds. */
      sample: z.number().gt(0).max(1).default(0.01),
    })
    .prefault({}),
});

/** Whether it is a key is not looked at here: in the log a digest stands in its place. */
const gossipKey = z.string({ error: 'expected 32 bytes in base64; make one with: opengslb gossip-key generate' });

/** Timing of memberlist's protocol for one kind of network. Every member of one gossip should have the same. */
const gossipPreset = z.enum(['lan', 'wan', 'local']);

const peerUrl = z.url('expected a URL such as https://overwatch-2.example.com:8443').max(300);
const fullKeyPeer = z.strictObject({
  /** Where it listens: `https://`, a host, and a port. */
  url: peerUrl,
  /** SHA-256 of its certificate, which `opengslb dnssec identity` prints there. */
  fingerprint: sha256.optional(),
});
/** The original's way of naming one, a URL alone, says too little, and is refused with what is missing. */
const keyPeer = z.union([peerUrl.transform((url) => fullKeyPeer.parse({ url })), fullKeyPeer], 'expected {url, fingerprint}');
export type KeyPeer = z.output<typeof fullKeyPeer>;

const overwatch = z.strictObject({
  /** Who this node is. */
  identity: z
    .strictObject({
      /** Default: the host's name when the log is made. */
      node_id: z.string().min(1).max(253).optional(),
      /** Where it stands; free text. */
      region: z.string().default(''),
    })
    .prefault({}),
  /** Service to token: whoever proves the token may speak for that service. */
  agent_tokens: z.record(domainName, token).default({}),
  /** How agents are heard. Left out: no gossip. */
  gossip: z
    .strictObject({
      /** UDP and TCP. Default `0.0.0.0:7946`. */
      bind_address: listenAddress.optional(),
      /** Where other members find it, where that is not the address that it is bound to (NAT, containers). Default: found out. */
      advertise_address: reachableAddress.optional(),
      /** 32 bytes in base64, the same on every member. */
      encryption_key: gossipKey.optional(),
      /** `lan`: one data centre. `wan`: over the internet. `local`: one machine, for tests. Default `lan`. */
      preset: gossipPreset.optional(),
      /** From one probe of a member to the next. Default: the preset's, `1s` of `lan`. */
      probe_interval: duration(10).optional(),
      /** How long a probed member has to answer before others are asked to try. Default: the preset's, `500ms` of `lan`. */
      probe_timeout: duration(10).optional(),
      /** From one round of telling news to the next. Default: the preset's, `200ms` of `lan`. */
      gossip_interval: duration(10).optional(),
      /** Whether agents of the original OpenGSLB, which prove nothing, are let in. */
      legacy_agents: z.enum(['refuse', 'accept']).default('refuse'),
    })
    .optional(),
  /** Whom it lets in as an agent. Left out: the defaults. */
  agents: z
    .strictObject({
      /**
       * Whether a host that lost its certificate may come back with a new one. `when-stale`: if it proves its token, once
       * nothing was heard from the old one for long enough. `never`: only after an operator revoked the old one.
       */
      replace_lost_certificate: z.enum(['when-stale', 'never']).default('when-stale'),
    })
    .optional(),
  /** How servers are checked where neither they nor their region say. */
  validation: z
    .strictObject({
      /** Whether servers are checked from outside. Without it registration is the claim: up. */
      enabled: z.boolean().default(true),
      /** From one check of a server to the next. */
      check_interval: duration(100).default('30s'),
      /** After this a check has failed. At most `check_interval`. */
      check_timeout: duration(10).default('5s'),
      /** Checks that run at once; servers that fail may take at most half of them. */
      max_concurrent: z.int().min(2).max(10_000).default(256),
    })
    .prefault({}),
  /** What silence of an agent means. */
  stale: z
    .strictObject({
      /** Silence after which the claims of a legacy agent are void, at least 75 s: the others say their own limit. */
      threshold: duration(1000).default('30s'),
      /** Silence after which its backends are forgotten. */
      remove_after: duration(1000).default('5m'),
    })
    .prefault({}),
  /** Signed answers. */
  dnssec: z
    .strictObject({
      /** Switching it off takes `security_acknowledgment`. */
      enabled: z.boolean().default(true),
      /** The sentence that says that the risk of unsigned answers is understood. */
      security_acknowledgment: z.string().optional(),
      /** Of a zone's first key; a rotation keeps the algorithm of the key before. */
      algorithm: z.enum(['ECDSAP256SHA256', 'ECDSAP384SHA384']).default('ECDSAP256SHA256'),
      /** With `key_sync.peers`: this node may make the first key. Exactly one node may. */
      bootstrap: z.boolean().default(false),
      /** From one rotation to the next, at least a day. Left out: only when an operator starts one. */
      rotate_every: duration(86_400_000).optional(),
      /**
       * TTL of DNSKEY, CDS and CDNSKEY, and of the DS of a zone inside another one here, in whole seconds, at least 1s and at
       * most 1d. A rotation waits for it; after a reload for as long as what was said before may still be kept.
       */
      dnskey_ttl: duration(1000)
        .refine((text) => durationMs(text) <= 86_400_000, 'expected at most 1d')
        .default('1h'),
      /** How often the servers of a parent are asked whether they show a new DS. Two looks in a row must find it. At least 1s. */
      parent_interval: duration(1000).default('5m'),
      /**
       * Who is asked whether a parent shows a new DS, where it is not the nameservers that this machine's resolver names: all
       * servers of that parent.
       */
      parents: z
        .array(
          z.strictObject({
            /** The parent itself, such as `com` for `example.com`. */
            zone: domainName,
            /** Each is asked, over UDP and TCP. */
            servers: z.array(reachableAddress).min(1).max(64),
          }),
        )
        .optional(),
      /** Overwatches that share this one's keys. */
      key_sync: z
        .strictObject({
          /** Where they may ask for them, over TLS. Left out: nowhere. */
          listen_address: listenAddress.optional(),
          /** Whom this node asks, and who may ask it. One that is this node itself is passed over. */
          peers: z.array(keyPeer).max(64).default([]),
          /** How often they are asked. */
          poll_interval: duration(1000).default('1h'),
          /** How long one of them has to answer. */
          timeout: duration(100).default('30s'),
        })
        .prefault({}),
    })
    .prefault({}),
  /** Where clients are, for `geolocation`. */
  geolocation: z
    .strictObject({
      /** A country database in MaxMind's format. */
      database_path: path.optional(),
      /** For clients whose place is not known. */
      default_region: z.string().optional(),
      /** Whether the client subnet that a resolver sends counts, where it sends one. Else the resolver's own address does. */
      ecs_enabled: z.boolean().default(true),
      /** Networks that are asked before the database; the longest prefix decides. */
      custom_mappings: z.array(z.strictObject({ cidr, region: z.string(), comment: z.string().optional() })).default([]),
    })
    .prefault({}),
  /** Folder of the log and the secrets. */
  data_dir: path.default('/var/lib/opengslb'),
});

const percent = z.number().min(0).max(100);
/** How long a weight takes to sink while a signal is bad, and to rise again. */
const bleedDuration = duration(0).default('30s');

const agent = z.strictObject({
  /** Who this agent is, and its proof. */
  identity: z.strictObject({
    /** What overwatches know it by. Unique among the agents of an overwatch. Default: the host's name. */
    agent_id: z
      .string()
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/, 'expected 1 to 128 letters, digits, dots, dashes or underscores')
      .optional(),
    /** The token of every service that `tokens` does not name. Never sent; only proven. */
    service_token: token.optional(),
    /** Service to token, for an agent with backends of several services. Never sent; only proven. */
    tokens: z.record(domainName, token).default({}),
    /** Region of its backends. */
    region: z.string().default(''),
    /** Its certificate; made when there is none. */
    cert_path: path.default('/var/lib/opengslb/agent.crt'),
    /** The certificate's private key; made with it. */
    key_path: path.default('/var/lib/opengslb/agent.key'),
  }),
  /** What it watches and speaks for. */
  backends: z
    .array(
      z.strictObject({
        /** A domain of the overwatch. */
        service: domainName,
        /** Where clients are sent, and where it is checked: an IP address, never a name. */
        address,
        port,
        /** Share of the answers under `weighted`; 0 counts as draining. */
        weight: z.int().nonnegative().default(100),
        /** How the agent checks it from inside. */
        health_check: healthCheck.default({}),
      }),
    )
    .min(1),
  /** Signals of trouble to come, which lower weights before anything fails. */
  predictive: z
    .strictObject({
      /** Whether they are sent. */
      enabled: z.boolean().default(false),
      /** How often they are measured. */
      check_interval: duration(100).default('10s'),
      /** Percent of the processors. */
      cpu: z
        .strictObject({
          /** From here on the weights sink. */
          threshold: percent.default(90),
          /** At or below this they rise again. Default: nine tenths of `threshold`. */
          leave_threshold: percent.optional(),
          bleed_duration: bleedDuration,
        })
        .prefault({}),
      /** Percent of the memory. */
      memory: z
        .strictObject({
          /** From here on the weights sink. */
          threshold: percent.default(85),
          /** At or below this they rise again. Default: nine tenths of `threshold`. */
          leave_threshold: percent.optional(),
          bleed_duration: bleedDuration,
        })
        .prefault({}),
      /** How often a minute backends of this host turn from healthy to unhealthy. A dead one has failed once. */
      error_rate: z
        .strictObject({
          /** From here on the weights sink. */
          threshold: z.number().nonnegative().default(10),
          /** At or below this they rise again. Default: nine tenths of `threshold`. */
          leave_threshold: z.number().nonnegative().optional(),
          /** How far back failures count. */
          window: duration(1000).default('60s'),
          bleed_duration: bleedDuration,
        })
        .prefault({}),
    })
    .prefault({}),
  /** Whom it reports to. */
  gossip: z.strictObject({
    /** UDP and TCP. */
    bind_address: listenAddress.default('0.0.0.0:7946'),
    /** Where overwatches find it, where that is not the address that it is bound to (NAT, containers). Default: found out. */
    advertise_address: reachableAddress.optional(),
    /** 32 bytes in base64, the same on every member. */
    encryption_key: gossipKey,
    /** Every overwatch, each told separately. */
    overwatch_nodes: z.array(reachableAddress).min(1),
    /** As the overwatches': `lan`, `wan` or `local`. */
    preset: gossipPreset.default('lan'),
  }),
  /**
   * While this file exists, every backend is draining: its first line is the reason. Left out: only the command and
   * the end of the agent drain.
   */
  drain_file: path.optional(),
  /** How long an agent that is told to stop drains before it does. Default: twice the longest TTL that an overwatch named, else 60s. */
  drain_timeout: duration(0).optional(),
  /** Where `opengslb drain` and `opengslb status` on this host reach it. Default: `agent.sock` in `state_dir`. */
  control_socket: path.optional(),
  /** Folder of what it must not forget: the count of its starts, whom it trusts. */
  state_dir: path.default('/var/lib/opengslb/agent'),
  /** Sign of life. */
  heartbeat: z
    .strictObject({
      /** From one to the next. */
      interval: duration(1000).default('10s'),
      /** Intervals of silence after which the overwatch counts it as stale. */
      missed_threshold: z.int().min(1).max(1000).default(3),
    })
    .prefault({}),
  /** Round trips of real clients, read from the kernel. */
  latency_learning: z
    .strictObject({
      /** Whether they are read and sent. */
      enabled: z.boolean().default(false),
      /** How often open connections are looked at. */
      poll_interval: duration(100).default('10s'),
      /** Age at which a connection's round trip is trusted. */
      min_connection_age: duration(0).default('5s'),
      /** Bits of an IPv4 address that are kept. */
      ipv4_prefix: z.int().min(8).max(32).default(24),
      /** Bits of an IPv6 address that are kept. */
      ipv6_prefix: z.int().min(16).max(128).default(48),
      /** Share of the newest measurement in the average. */
      ewma_alpha: z.number().gt(0).max(1).default(0.3),
      /** Networks that are remembered; the oldest give way. */
      max_subnets: z.int().positive().default(100_000),
      /** How long a network without news is remembered. */
      subnet_ttl: duration(1000).default('168h'),
      /** Measurements before a network is reported. */
      min_samples: z.int().positive().default(5),
      /** How often changed networks are reported. */
      report_interval: duration(1000).default('30s'),
    })
    .prefault({}),
});

const api = z.strictObject({
  /** Whether there is one. */
  enabled: z.boolean().default(false),
  /** TCP. */
  address: listenAddress.default('127.0.0.1:8080'),
  /** Networks that may ask at all. Default: loopback. */
  allowed_networks: z.array(cidr).default(['127.0.0.0/8', '::1/128']),
  /** Whether `X-Forwarded-For` says who asks. Only behind a proxy that sets it. */
  trust_proxy_headers: z.boolean().default(false),
  /** Who may ask for what. None: whoever asks from this host may do everything. */
  tokens: z
    .array(
      z.strictObject({
        /** What the log calls whoever uses it. Unique. */
        name: z.string().min(1).max(100),
        /** viewer: reads. operator: also overrides, drains, servers. admin: everything. */
        role: z.enum(['viewer', 'operator', 'admin']),
        /** Whose word its overrides are: a person's goes before a tool's. */
        kind: z.enum(['human', 'tool']),
        /** The secret itself. */
        token,
      }),
    )
    .default([]),
  /** Certificate and key. Left out: plain HTTP. */
  tls: z.strictObject({ cert_path: path, key_path: path }).optional(),
});

export const configuration = z.strictObject({
  /** overwatch: answers DNS. agent: watches applications. */
  mode: z.enum(['agent', 'overwatch']).default('overwatch'),
  /** Agent mode only, and needed there. */
  agent: agent.optional(),
  /** The node that answers. */
  overwatch: overwatch.prefault({}),
  /** What it answers, and where. */
  dns: dns.prefault({}),
  /** Places where servers stand. */
  regions: z.array(region).default([]),
  /** Names that are steered. */
  domains: z.array(domain).default([]),
  /** REST, stream and dashboard. */
  api: api.prefault({}),
  /** What the program says of itself, on standard output. */
  logging: z
    .strictObject({
      /** The least important line that is written. */
      level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
      /** For programs or for people. */
      format: z.enum(['json', 'text']).default('json'),
    })
    .prefault({}),
  /** Numbers for Prometheus. */
  metrics: z
    .strictObject({
      /** Whether they are served. */
      enabled: z.boolean().default(false),
      /** TCP. */
      address: listenAddress.default(':9090'),
    })
    .prefault({}),
  /** The event log on disk. */
  log: z
    .strictObject({
      /** How far back it reaches at least, where `max_bytes` leaves the room. At least 1m. */
      retention: duration(60_000).default('720h'),
      /**
       * How large it may grow, give or take what LevelDB has in its hands: at most some 16 MiB more between two looks.
       * What is older goes first; raising it lengthens the past that can be asked about. At least 64MiB.
       */
      max_bytes: byteSize.refine((size) => bytesOf(size) >= 64 * 2 ** 20, 'expected at least 64MiB').default('8GiB'),
    })
    .prefault({}),
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

/** What stands where a secret stood: a keyed digest, so that a change can be seen and the secret cannot. */
export const redactedSecret = /^hmac-sha256:[0-9a-f]{64}$/;

export const configurationApplied = defineEvent({
  type: 'configuration.applied',
  code: 4,
  meaning: 'The node works by this configuration from now on; it is whole, with keyed digests where secrets stood.',
  data: z.strictObject({ digest: sha256, configuration }),
});
