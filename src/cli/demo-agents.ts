/**
 * `opengslb demo agents`: what agents are for, in less than a minute and without any configuration. One web server dies;
 * another one is drained by its agent before it is stopped. A client with a cache tells what each cost.
 */
import { Command } from 'commander';
import { systemClock } from '../nodes/clock.ts';
import { loopbackCast } from '../nodes/demo/agents/cast.ts';
import { playAgentDemo } from '../nodes/demo/agents/demo.ts';
import { chooseAgentPorts } from '../nodes/demo/agents/stage.ts';
import { service } from '../nodes/demo/cast.ts';
import { agentSummaryWords } from './demo-agents-summary.ts';
import { chooseScreen, interruption, noScreen, thisProgram } from './demo-run.ts';
import { exitCodes } from './failure.ts';

const introduction = `Three web servers, each with an agent beside it, an overwatch that answers DNS for ${service}, and a client that asks for
a page every 50 ms. First web2 dies. Then web3 is drained on its host while it still serves, and stopped after that; the
client's own log is the judge. Starting them ...
`;

export function demoAgentsCommand(): Command {
  return new Command('agents')
    .description('Show what agents are for: a server that dies, and one that is drained before it is stopped.')
    .option('--json', 'only the summary, as one JSON document')
    .addHelpText('after', '\nExample:\n  opengslb demo agents\n  opengslb demo agents --json | jq .proactive\n')
    .action(run);
}

async function run({ json }: { readonly json?: true }): Promise<void> {
  const clock = systemClock();
  const interrupted = interruption();
  const screen = json ? noScreen : chooseScreen(clock.now, loopbackCast.webs);
  if (!json) process.stdout.write(`${introduction}\n`);
  try {
    const ports = await chooseAgentPorts(loopbackCast);
    const { signal } = interrupted;
    const summary = await playAgentDemo({ program: thisProgram, clock, signal, report: screen.show, cast: loopbackCast, ports });
    screen.close();
    process.exitCode = summary.ok ? exitCodes.done : exitCodes.failed;
    process.stdout.write(json ? `${JSON.stringify(summary)}\n` : `\n${agentSummaryWords(summary)}`);
  } finally {
    screen.close();
    interrupted.release();
  }
}
