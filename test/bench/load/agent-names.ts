/** Who the simulated agents are, so that whoever configures the overwatch and whoever plays the agents agree. */
import { benchAddress } from './addresses.ts';
import type { SimulatedAgent } from './simulated-agents.ts';

export const benchToken = 'a token of every service';
const agentsPerService = 10;

/** Ten to a service. */
export function benchAgents(count: number): readonly SimulatedAgent[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `agent-${index}`,
    service: `app${Math.floor(index / agentsPerService)}.bench.local`,
    address: benchAddress(index),
  }));
}

/** The one whose changes are timed, and one that stays. */
export const timedService = 'timed.bench.local';
export const timedAgents: readonly SimulatedAgent[] = [
  { name: 'timed-agent', service: timedService, address: '127.200.0.1' },
  { name: 'standing-agent', service: timedService, address: '127.200.0.2' },
];
