/** Who plays in the demo, and the configuration that its overwatch works by. */

export const service = 'app.demo.local';
const nodeId = 'overwatch-1';
export const ttlSeconds = 2;
/** Where the overwatch listens: DNS and the API. */
export const overwatchAddress = '127.0.0.1';

export interface CastServer {
  readonly name: string;
  readonly address: string;
}

export const web1: CastServer = { name: 'web1', address: '127.0.0.21' };
export const web2: CastServer = { name: 'web2', address: '127.0.0.22' };
export const web3: CastServer = { name: 'web3', address: '127.0.0.23' };
export const servers = [web1, web2, web3] as const;

export interface Ports {
  readonly web: number;
  readonly dns: number;
  readonly api: number;
}

const acknowledgment =
  'I understand that disabling DNSSEC removes cryptographic authentication of DNS responses and allows DNS spoofing attacks against my zones';

/** Every answer holds all fit servers, so that a single answer shows who is in. Times are short: people are watching. */
export function configurationText(ports: Ports): string {
  const serverLines = servers.map(({ address }) => `      - { address: ${address}, port: ${ports.web}, service: ${service} }`);
  return `mode: overwatch
overwatch:
  identity: { node_id: ${nodeId} }
  data_dir: data
  validation: { check_interval: 500ms, check_timeout: 400ms }
  dnssec:
    enabled: false
    security_acknowledgment: ${acknowledgment}
dns:
  listen_address: ${overwatchAddress}:${ports.dns}
api:
  enabled: true
  address: ${overwatchAddress}:${ports.api}
regions:
  - name: demo
    health_check: { type: http, path: /health, failure_threshold: 2, success_threshold: 2 }
    servers:
${serverLines.join('\n')}
domains:
  - name: ${service}
    regions: [demo]
    routing_algorithm: round-robin
    answers: all
    ttl: ${ttlSeconds}
`;
}
