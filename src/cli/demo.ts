/**
 * `opengslb demo`: the product at work, in half a minute and without any configuration. Real web servers are killed,
 * brought back and overridden, and a client with a cache tells what it noticed of that.
 */
import { Command } from 'commander';
import { systemClock } from '../nodes/clock.ts';
import { overwatchAddress, servers, service, web2, web3 } from '../nodes/demo/cast.ts';
import { type DemoOptions, keepDemo, playDemo } from '../nodes/demo/demo.ts';
import { DemoError } from '../nodes/demo/demo-error.ts';
import type { Stage } from '../nodes/demo/stage.ts';
import { demoAgentsCommand } from './demo-agents.ts';
import { chooseScreen, interruption, noScreen, thisProgram as program } from './demo-run.ts';
import { summaryWords } from './demo-summary.ts';
import { exitCodes } from './failure.ts';
import { style } from './style.ts';

interface DemoFlags {
  readonly json?: true;
  readonly keep?: true;
}

const introduction = `Three web servers, an overwatch that checks them and answers DNS for ${service}, and a client that asks for a page
every 50 ms. A server is killed and comes back, another one is taken out by hand; the client's own log is the judge.
Starting them ...
`;

export function demoCommand(): Command {
  return (
    new Command('demo')
      .description('Show it at work: three web servers, an overwatch and a client, on this machine alone.')
      .option('--json', 'only the summary, as one JSON document')
      .option('--keep', 'break nothing, but leave it running to be tried, until Ctrl-C')
      .addHelpText('after', '\nExample:\n  opengslb demo\n  opengslb demo --json | jq .steps\n  opengslb demo agents\n')
      // An option after "agents" is its own.
      .enablePositionalOptions()
      .addCommand(demoAgentsCommand())
      .action(run)
  );
}

async function run(flags: DemoFlags, command: Command): Promise<void> {
  if (flags.json && flags.keep)
    command.error("error: --json tells the scenario's summary, and --keep plays no scenario: choose one", { exitCode: exitCodes.usage });
  const clock = systemClock();
  const interrupted = interruption();
  const screen = flags.json ? noScreen : chooseScreen(clock.now, servers);
  let story = '';
  const options: DemoOptions = {
    program,
    clock,
    signal: interrupted.signal,
    report: (event) => {
      if (event.kind === 'replayed') ({ story } = event);
      screen.show(event);
    },
  };
  if (!flags.json) process.stdout.write(`${introduction}\n`);
  try {
    if (flags.keep) {
      await keepDemo(options, (stage) => screen.note(thingsToTry(stage)));
      return;
    }
    const summary = await playDemo(options);
    screen.close();
    process.exitCode = summary.ok ? exitCodes.done : exitCodes.failed;
    if (flags.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else process.stdout.write(`\n${story === '' ? '' : `${style.strong('what replay tells of it')}\n${story}\n`}${summaryWords(summary)}`);
  } catch (error) {
    // Whoever keeps it running ends it by Ctrl-C: that is no failure.
    if (!(flags.keep && error instanceof DemoError && error.code === 'interrupted')) throw error;
  } finally {
    screen.close();
    interrupted.release();
  }
}

/** Each line works when it is pasted. */
function thingsToTry({ ports, api, pidOf, dataFolder }: Stage): string {
  const override = `${api.url}/overrides/${service}/${web3.address}`;
  const body = '{"action": "down", "reason": "trying it out"}';
  return `
${style.strong('Try')}, in another terminal:
  dig @${overwatchAddress} -p ${ports.dns} ${service} +short
  curl -s ${api.url}/services/${service}/answers
  kill -STOP ${pidOf(web2)}    # web2 hangs; kill -CONT ${pidOf(web2)} lets it go on
  curl -sX PUT -H 'content-type: application/json' -d '${body}' ${override}
  curl -sX DELETE ${override}
  copy=$(mktemp -d) && cp -r '${dataFolder}' "$copy" && node '${program}' replay "$copy/data"; rm -r "$copy"
Ctrl-C ends it.

`;
}
