/**
 * The configurations that the demo's overwatches and agents work by. An overwatch knows no server beforehand: agents
 * register them. Checks and sign of life are frequent and the TTL is short, because people are watching.
 */
import { service } from '../cast.ts';
import { type AgentPorts, type CastSecrets, type Machine, ttlSeconds } from './cast.ts';

const acknowledgment =
  'I understand that disabling DNSSEC removes cryptographic authentication of DNS responses and allows DNS spoofing attacks against my zones';

export interface OverwatchWish {
  readonly ports: AgentPorts;
  readonly secrets: CastSecrets;
  /** Whether it checks the servers itself, or believes the agents alone. */
  readonly validates: boolean;
}

/** Every answer holds all fit servers, so that a single answer shows who is in. Paths are relative to where it is started. */
export function overwatchText({ name, address }: Machine, { ports, secrets, validates }: OverwatchWish): string {
  return `mode: overwatch
overwatch:
  identity: { node_id: ${name} }
  data_dir: ${name}
  agent_tokens: { ${service}: "${secrets.token}" }
  gossip: { bind_address: ${address}:${ports.gossip}, encryption_key: "${secrets.gossipKey}", preset: local }
  validation: { enabled: ${validates}, check_interval: 500ms, check_timeout: 400ms }
  dnssec:
    enabled: false
    security_acknowledgment: ${acknowledgment}
dns:
  listen_address: ${address}:${ports.dns}
api:
  enabled: true
  address: 127.0.0.1:${ports.api}
regions:
  - name: demo
    health_check: { type: http, path: /health, failure_threshold: 2, success_threshold: 2 }
domains:
  - name: ${service}
    regions: [demo]
    routing_algorithm: round-robin
    answers: all
    ttl: ${ttlSeconds}
`;
}

export interface AgentWish {
  readonly ports: AgentPorts;
  readonly secrets: CastSecrets;
  readonly overwatches: readonly Machine[];
  /** Failed checks until it says that its server is down. Default: 2, as the overwatches. */
  readonly failureThreshold?: number;
}

/** Its drain at the end is cut to nothing: when the curtain falls, no client is left that could notice. */
export function agentText({ name, address }: Machine, { ports, secrets, overwatches, failureThreshold = 2 }: AgentWish): string {
  const nodes = overwatches.map((overwatch) => `"${overwatch.address}:${ports.gossip}"`).join(', ');
  return `mode: agent
agent:
  identity:
    agent_id: ${name}
    region: demo
    service_token: "${secrets.token}"
    cert_path: ${name}/agent.crt
    key_path: ${name}/agent.key
  state_dir: ${name}
  backends:
    - service: ${service}
      address: ${address}
      port: ${ports.web}
      health_check: { type: http, path: /health, interval: 500ms, timeout: 400ms, failure_threshold: ${failureThreshold}, success_threshold: 2 }
  gossip: { bind_address: ${address}:${ports.gossip}, encryption_key: "${secrets.gossipKey}", overwatch_nodes: [${nodes}], preset: local }
  heartbeat: { interval: 1s, missed_threshold: 3 }
  drain_timeout: 0s
metrics: { enabled: false }
`;
}
