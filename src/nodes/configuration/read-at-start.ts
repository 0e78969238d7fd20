/** The settings that are read once: a reload takes them into its configuration, and they count from the next start on. */
import type { Configuration } from '../../events/catalogue/configuration.ts';

/** Each is a section, or a path in one. */
export const readAtStart = {
  overwatch: [
    'mode',
    'overwatch.data_dir',
    'overwatch.identity.node_id',
    'overwatch.validation.max_concurrent',
    'overwatch.gossip.bind_address',
    'overwatch.gossip.advertise_address',
    'overwatch.gossip.encryption_key',
    'overwatch.gossip.preset',
    'overwatch.gossip.probe_interval',
    'overwatch.gossip.probe_timeout',
    'overwatch.gossip.gossip_interval',
    'overwatch.dnssec.key_sync.listen_address',
    'dns.listen_address',
    'dns.workers',
    'dns.query_log',
    'api',
    'metrics',
    'logging',
    'log',
  ],
  agent: [
    'mode',
    'agent.identity.agent_id',
    'agent.identity.cert_path',
    'agent.identity.key_path',
    'agent.gossip',
    'agent.heartbeat.interval',
    'agent.drain_file',
    'agent.control_socket',
    'agent.state_dir',
    'metrics',
    'logging',
  ],
} as const;

/** Those of them that differ from what the node was started with. */
export function waitingForStart(mode: keyof typeof readAtStart, started: Configuration, now: Configuration): string[] {
  const at = (configuration: object, path: string) =>
    JSON.stringify(path.split('.').reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], configuration));
  return readAtStart[mode].filter((path) => at(started, path) !== at(now, path));
}
