/**
 * What the demo of agents does: two ways of losing a server, one after the other, each from all three serving to all
 * three serving again. *Reactive*: the server dies, and everybody learns of it by failing. *Proactive*: the server is
 * drained while it still serves, and stopped once no client asks it any more.
 */
import type { ClientEntry } from '../client-log.ts';
import { type Step, served } from '../scenario.ts';
import type { AgentCast } from './cast.ts';
import type { AgentStage } from './stage.ts';

export type Way = 'reactive' | 'proactive';

export interface AgentStep extends Step<AgentStage> {
  /** Which way it belongs to; null: neither. */
  readonly way: Way | null;
}

const reason = 'maintenance of web3, shown by the demo';

/**
 *     way         step       deed                                seen when DNS answers, and these alone serve
 *     -           warm-up    the client begins to ask            web1, web2, web3
 *     reactive    die        web2 is killed                      web1, web3
 *     reactive    return     web2 is started again               web1, web2, web3
 *     proactive   drain      web3 is drained on its host         web1, web2
 *     proactive   direct     web3 itself is asked                (it answers 200)
 *     proactive   stop       web3 is killed                      web1, web2
 *     proactive   end        web3 is back, its drain ends        web1, web2, web3
 */
export function agentSteps({ webs }: AgentCast): readonly AgentStep[] {
  const [web1, web2, web3] = webs;
  const at = (way: Way | null, step: Step<AgentStage>): AgentStep => ({ ...step, way });
  return [
    at(null, served(webs, { name: 'warm-up', deed: 'the client begins to ask', act: async (stage) => stage.client.start() })),
    at('reactive', served([web1, web3], { name: 'die', deed: 'web2 is killed (SIGKILL)', act: (stage) => stage.killWeb(web2) })),
    at('reactive', served(webs, { name: 'return', deed: 'web2 is started again', act: (stage) => stage.startWeb(web2) })),
    at(
      'proactive',
      served([web1, web2], { name: 'drain', deed: 'web3 is drained on its host', act: (stage) => stage.drain(web3, reason) }),
    ),
    at('proactive', {
      name: 'direct',
      deed: 'web3 itself is asked',
      sees: 'web3 answer 200 all the same',
      answer: null,
      act: (stage) => stage.client.askDirectly(web3.address),
      isSeen: (entries) => entries.some((entry) => isDirectAnswerOf(entry, web3.name)),
    }),
    at('proactive', served([web1, web2], { name: 'stop', deed: 'web3 is killed (SIGKILL)', act: (stage) => stage.killWeb(web3) })),
    at(
      'proactive',
      served(webs, { name: 'end', deed: 'web3 is started again, and its drain ended', act: (stage) => bringBack(stage, webs) }),
    ),
  ];
}

async function bringBack(stage: AgentStage, [, , web3]: AgentCast['webs']): Promise<void> {
  await stage.startWeb(web3);
  await stage.endDrain(web3);
}

function isDirectAnswerOf(entry: ClientEntry, name: string): boolean {
  return entry.kind === 'request' && entry.direct && entry.server === name;
}
