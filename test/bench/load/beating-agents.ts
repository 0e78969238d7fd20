/**
 * Simulated agents in a process of their own: `COUNT GOSSIP_PORT`, and the key and the token in the environment. Once all
 * are known they wait for the first message, and then each beats once a second; further messages ask how often they did.
 */

import { benchAgents, benchToken } from './agent-names.ts';
import { startSimulatedAgents } from './simulated-agents.ts';

const [count = 0, gossipPort = 0] = process.argv.slice(2).map(Number);
const agents = await startSimulatedAgents({
  agents: benchAgents(count),
  key: process.env.BENCH_GOSSIP_KEY ?? '',
  gossipPort,
  token: benchToken,
});
let began: number | undefined;
let due = 0;

/** All of them in turn, as evenly as a timer allows. */
function beatOn(): void {
  if (began === undefined) return;
  const wanted = ((performance.now() - began) / 1_000) * count;
  for (; due < wanted; due += 1) agents.beat(due % count);
}

setInterval(beatOn, 2);
process.on('message', (asked: 'begin' | 'stop' | 'count') => {
  if (asked === 'begin') began = performance.now();
  if (asked === 'stop') began = undefined;
  process.send?.(agents.sent);
});
process.on('disconnect', () => process.exit());
process.send?.('known');
