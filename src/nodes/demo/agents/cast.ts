/**
 * Who plays in the demo of agents, and where: three web servers, each with an agent beside it on the same machine, and
 * the overwatches that the agents report to. The addresses mirror those of docker-compose.yml, on loopback.
 */
import { randomBytes } from 'node:crypto';
import type { CastServer } from '../cast.ts';

export const ttlSeconds = 2;

/** A machine: where its processes are started, and under which address others find it. */
export interface Machine extends CastServer {
  /** What is put before a command line for it to run there. Empty: it is this machine. */
  readonly within: readonly string[];
}

/** Every port is the same on all machines. */
export interface AgentPorts {
  readonly web: number;
  readonly dns: number;
  /** On loopback, for whoever is on the overwatch's machine. */
  readonly api: number;
  /** UDP and TCP. */
  readonly gossip: number;
}

export interface AgentCast {
  readonly overwatches: readonly [Machine, ...Machine[]];
  readonly webs: readonly [Machine, Machine, Machine];
}

/** What must be known to take part in the gossip and to speak for the service. */
export interface CastSecrets {
  readonly gossipKey: string;
  readonly token: string;
}

const here = (name: string, address: string): Machine => ({ name, address, within: [] });

export const loopbackCast: AgentCast = {
  overwatches: [here('overwatch', '127.20.0.10')],
  webs: [here('web1', '127.20.0.21'), here('web2', '127.20.0.22'), here('web3', '127.20.0.23')],
};

export function drawSecrets(): CastSecrets {
  return { gossipKey: randomBytes(32).toString('base64'), token: randomBytes(24).toString('hex') };
}
