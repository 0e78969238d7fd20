/** What the schema cannot say about a setting: its unit, what changes when it is raised or lowered, where it comes from. */

/** By the end of a path. `unit`: of a bare number. */
export interface TuningNote {
  readonly unit?: string;
  readonly raising: string;
  readonly lowering: string;
}

export const tuningNotes: Readonly<Record<string, TuningNote>> = {
  // a check
  'health_check.interval': { raising: 'fewer requests to the server; a failure is noticed later', lowering: 'the reverse' },
  'health_check.timeout': { raising: 'slow servers pass; a hanging one is noticed later', lowering: 'slow servers fail' },
  'health_check.failure_threshold': {
    unit: 'failures',
    raising: 'a short disturbance takes nothing out; a dead server is answered for longer',
    lowering: 'a dead server goes sooner, and so does one that failed once',
  },
  'health_check.success_threshold': {
    unit: 'successes in a row',
    raising: 'a server that comes and goes stays out; a mended one is back later',
    lowering: 'a mended server is back sooner',
  },
  // agents
  'agent.backends[].weight': { unit: 'share', raising: 'more of the answers under `weighted`', lowering: 'fewer; 0 drains it' },
  'agent.predictive.check_interval': { raising: 'less work; trouble is told later', lowering: 'the reverse' },
  'agent.predictive.cpu.threshold': { unit: 'percent', raising: 'trouble is told later, false alarms are fewer', lowering: 'the reverse' },
  'agent.predictive.memory.threshold': {
    unit: 'percent',
    raising: 'trouble is told later, false alarms are fewer',
    lowering: 'the reverse',
  },
  'agent.predictive.error_rate.threshold': {
    unit: 'failures of backends a minute',
    raising: 'trouble is told later, false alarms are fewer',
    lowering: 'the reverse',
  },
  'agent.predictive.cpu.leave_threshold': { unit: 'percent', raising: 'traffic comes back sooner', lowering: 'and surer' },
  'agent.predictive.memory.leave_threshold': { unit: 'percent', raising: 'traffic comes back sooner', lowering: 'and surer' },
  'agent.predictive.error_rate.leave_threshold': {
    unit: 'failures of backends a minute',
    raising: 'traffic comes back sooner',
    lowering: 'and surer',
  },
  'agent.drain_timeout': { raising: 'clients with long memories find another server first', lowering: 'the host stops sooner' },
  'agent.predictive.error_rate.window': { raising: 'one bad minute counts for less and for longer', lowering: 'the reverse' },
  bleed_duration: { raising: 'traffic moves away more gently, and later', lowering: 'at once at `0s`' },
  'agent.heartbeat.interval': { raising: 'fewer messages; silence is noticed later', lowering: 'the reverse' },
  'agent.heartbeat.missed_threshold': {
    unit: 'intervals',
    raising: 'lost messages matter less; a dead agent is noticed later',
    lowering: 'the reverse',
  },
  'agent.latency_learning.poll_interval': { raising: 'less work; fewer measurements', lowering: 'the reverse' },
  'agent.latency_learning.min_connection_age': {
    raising: 'only long connections count',
    lowering: 'young ones, whose estimate is rough, too',
  },
  'agent.latency_learning.ipv4_prefix': {
    unit: 'bits',
    raising: 'smaller networks, more of them',
    lowering: 'larger networks, less exact',
  },
  'agent.latency_learning.ipv6_prefix': {
    unit: 'bits',
    raising: 'smaller networks, more of them',
    lowering: 'larger networks, less exact',
  },
  'agent.latency_learning.ewma_alpha': { unit: 'share', raising: 'follows changes quickly', lowering: 'smooths outliers' },
  'agent.latency_learning.max_subnets': { unit: 'networks', raising: 'more memory', lowering: 'rare networks are forgotten' },
  'agent.latency_learning.subnet_ttl': { raising: 'old measurements count for longer', lowering: 'the reverse' },
  'agent.latency_learning.min_samples': { unit: 'measurements', raising: 'surer, later', lowering: 'sooner, less sure' },
  'agent.latency_learning.report_interval': { raising: 'fewer messages; the overwatch learns later', lowering: 'the reverse' },
  // overwatch
  'overwatch.gossip.probe_interval': { raising: 'less traffic; a dead member is noticed later', lowering: 'the reverse' },
  'overwatch.gossip.probe_timeout': { raising: 'slow networks raise no suspicion', lowering: 'suspicion comes sooner' },
  'overwatch.gossip.gossip_interval': { raising: 'less traffic; news spread more slowly', lowering: 'the reverse' },
  'overwatch.validation.check_interval': { raising: 'fewer requests to the servers; failures are noticed later', lowering: 'the reverse' },
  'overwatch.validation.check_timeout': { raising: 'slow servers pass; a hanging one is noticed later', lowering: 'slow servers fail' },
  'overwatch.validation.max_concurrent': {
    unit: 'checks',
    raising: 'many servers that hang delay the others less; more sockets',
    lowering: 'checks wait for each other',
  },
  'overwatch.stale.threshold': { raising: 'silence is borne for longer', lowering: 'claims of a silent agent are void sooner' },
  'overwatch.stale.remove_after': { raising: 'backends of a silent agent are kept for longer', lowering: 'they are forgotten sooner' },
  'overwatch.dnssec.rotate_every': { raising: 'a key is used for longer', lowering: 'more rotations, each of which takes days' },
  'overwatch.dnssec.dnskey_ttl': {
    raising: 'fewer questions for keys; each stage of a rotation that waits for it takes longer',
    lowering: 'quicker rotations, once what was said before is forgotten; every validator asks for the keys more often',
  },
  'overwatch.dnssec.parent_interval': {
    raising: 'fewer questions; a rotation goes on later',
    lowering: 'it goes on sooner; more questions to servers of others',
  },
  'overwatch.dnssec.key_sync.poll_interval': { raising: 'fewer requests; a new key arrives later', lowering: 'the reverse' },
  'overwatch.dnssec.key_sync.timeout': { raising: 'slow peers are waited for', lowering: 'slow peers are given up' },
  // DNS
  'dns.default_ttl': {
    unit: 'seconds',
    raising: 'fewer queries; clients go on to a server that is down for longer',
    lowering: 'a change is seen sooner; more queries',
  },
  'dns.apex_ttl': {
    unit: 'seconds',
    raising: 'fewer queries; another nameserver is heard of later, and the last stage of a rotation takes longer',
    lowering: 'the reverse; below 30 it is the TTL of every denial as well',
  },
  'dns.zones[].records[].ttl': { unit: 'seconds', raising: 'fewer queries; a change is seen later', lowering: 'the reverse' },
  'dns.zones[].records[].preference': { unit: 'rank', raising: 'tried later', lowering: 'tried sooner' },
  'dns.zones[].records[].priority': { unit: 'rank', raising: 'tried later', lowering: 'tried sooner' },
  'dns.zones[].records[].weight': { unit: 'share', raising: 'chosen more often among the same priority', lowering: 'less often' },
  'dns.zones[].records[].flags': {
    unit: 'bits',
    raising: '128: an authority that does not know the tag must refuse',
    lowering: '0: it may go on',
  },
  'dns.workers': {
    unit: 'threads',
    raising: 'more queries a second, where there are cores',
    lowering: 'more is left for the rest of the machine',
  },
  'dns.query_log.sample': { unit: 'share', raising: 'more lines', lowering: 'fewer lines' },
  // regions and domains
  'regions[].servers[].weight': { unit: 'share', raising: 'more of the answers under `weighted`', lowering: 'fewer; 0 drains it' },
  'domains[].ttl': {
    unit: 'seconds',
    raising: 'fewer queries; clients go on to a server that is down for longer',
    lowering: 'a failover is seen sooner; more queries',
  },
  'domains[].answers': {
    unit: 'addresses',
    raising: 'clients that try the next address fail over by themselves',
    lowering: 'smaller answers, an even share',
  },
  'domains[].failback_delay': { raising: 'fewer changes when a server comes and goes', lowering: 'the first region is back sooner' },
  'domains[].slow_start': { raising: 'a server that came back warms up for longer', lowering: 'at once at `0s`' },
  'domains[].latency_config.smoothing_factor': { unit: 'share', raising: 'follows changes quickly', lowering: 'smooths outliers' },
  'domains[].latency_config.max_latency_ms': { unit: 'ms', raising: 'far servers are chosen as well', lowering: 'only near ones are' },
  'domains[].latency_config.min_samples': { unit: 'measurements', raising: 'surer, later', lowering: 'sooner, less sure' },
  // log and guards
  'log.retention': { raising: 'the past can be asked about for longer; more disk', lowering: 'the reverse' },
  'log.max_bytes': { raising: 'the past reaches further back where much happens; more disk', lowering: 'the reverse' },
  'guards.min_fit_servers': {
    unit: 'servers',
    raising: 'more commands need force',
    lowering: 'at 0 a name can be emptied by mistake',
  },
};

/** Settings that the original OpenGSLB does not have, by the beginning of their path. The others are its own. */
export const ownSettings: readonly string[] = [
  'agent.identity.agent_id',
  'agent.identity.tokens',
  'agent.predictive.cpu.leave_threshold',
  'agent.predictive.memory.leave_threshold',
  'agent.predictive.error_rate.leave_threshold',
  'agent.gossip.bind_address',
  'agent.gossip.advertise_address',
  'agent.gossip.preset',
  'agent.drain_file',
  'agent.drain_timeout',
  'agent.control_socket',
  'agent.state_dir',
  'overwatch.gossip.advertise_address',
  'overwatch.gossip.preset',
  'overwatch.gossip.legacy_agents',
  'overwatch.agents',
  'overwatch.validation.max_concurrent',
  'overwatch.dnssec.bootstrap',
  'overwatch.dnssec.rotate_every',
  'overwatch.dnssec.dnskey_ttl',
  'overwatch.dnssec.parent_interval',
  'overwatch.dnssec.parents',
  'overwatch.dnssec.key_sync.listen_address',
  'overwatch.dnssec.key_sync.peers[].fingerprint',
  'dns.apex_ttl',
  'dns.zones[].nameservers',
  'dns.zones[].records',
  'dns.workers',
  'dns.query_log',
  'domains[].answers',
  'domains[].when_all_unhealthy',
  'domains[].failback',
  'domains[].failback_delay',
  'domains[].slow_start',
  'health_check.expected_status',
  'health_check.expected_body',
  'health_check.method',
  'health_check.headers',
  'health_check.verify_tls',
  'api.tokens',
  'api.tls',
  'log',
  'guards',
];

/** Settings that are read and checked, and that nothing obeys yet, by the beginning of their path. */
export const laterSettings: readonly string[] = [
  'agent.latency_learning',
  'overwatch.identity.region',
  'overwatch.geolocation.database_path',
  'regions[].countries',
  'regions[].continents',
  'domains[].latency_config',
];
