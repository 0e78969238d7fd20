/** How commands reach the agent of this host, and how its status is shown. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { AskAgentError, askAgent, askAgentKeys } from '../nodes/agent/ask-agent.ts';
import type { AgentStatus, ControlRequest } from '../nodes/agent/control-messages.ts';
import { controlPath, controlPathIn, defaultStateFolder } from '../nodes/agent/control-path.ts';
import { endpointText } from '../projections/endpoint.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { printJson } from './node-flags.ts';
import { columns, plain, style } from './style.ts';

export interface AgentFlags {
  readonly config?: string;
  readonly socket?: string;
  readonly json?: true;
}

const usualFile = '/etc/opengslb/config.yaml';

export function withAgentFlags(command: Command): Command {
  return command
    .option('--config <file>', `the agent's configuration, which says where its socket is; ${usualFile} where there is one`)
    .option('--socket <path>', 'its control socket itself')
    .option('--json', 'as JSON');
}

/** Asks the agent and prints how it stands then, after a line of what was done. */
export async function askAndShow({ config, socket, json }: AgentFlags, request: ControlRequest, done?: string): Promise<void> {
  const status = await failingInWords(() => askAgent(socket ?? socketOf(config), request));
  if (json) printJson(status);
  else process.stdout.write(`${done === undefined ? '' : `${style.good(done)}\n\n`}${agentWords(status)}\n`);
}

/** Without a word about it, the agent is where packages put it. */
function socketOf(config: string | undefined): string {
  if (config === undefined && !existsSync(usualFile)) return controlPath({ state_dir: defaultStateFolder });
  return controlPathIn(config ?? usualFile, process.env);
}

/** The gossip keys of the agent after the request. */
export function askForKeys({ config, socket }: AgentFlags, request: ControlRequest) {
  return failingInWords(() => askAgentKeys(socket ?? socketOf(config), request));
}

async function failingInWords<Told>(ask: () => Promise<Told>): Promise<Told> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof AskAgentError)) throw error;
    const code = error.kind === 'refused' ? exitCodes.failed : exitCodes.unreachable;
    throw new CommandFailure(plain(error.message), code, plain(error.remedy));
  }
}

function agentWords({ agent, version, boot, backends, drains, overwatches }: AgentStatus): string {
  const head = `${style.strong(plain(agent))}: opengslb ${plain(version)}, start ${boot}`;
  const drainLines = drains.map(({ by, service, reason }) =>
    style.odd(plain(`${service ?? 'every service'} drains (${drainerWords[by]}): ${reason}`)),
  );
  const backendRows = backends.map((backend) => [
    plain(backend.service),
    plain(endpointText(backend.address, backend.port)),
    healthWords(backend),
    String(backend.weight),
    plain(backend.draining ?? backend.error ?? ''),
  ]);
  const overwatchRows = overwatches.map((overwatch) => [
    plain(overwatch.address),
    plain(overwatch.name ?? '-'),
    overwatch.reached ? style.good('reached') : style.bad('not reached'),
    String(overwatch.sent),
    String(overwatch.acknowledged),
    knowledgeWords(overwatch),
  ]);
  return [
    head,
    ...drainLines,
    '',
    columns(['service', 'backend', 'health', 'weight', ''], backendRows),
    '',
    columns(['overwatch', 'name', '', 'sent', 'acknowledged', ''], overwatchRows),
    ...overwatches.flatMap(troubleLines),
  ].join('\n');
}

/** One that is away knew all when it was last heard. */
function knowledgeWords({ reached, current }: AgentStatus['overwatches'][number]): string {
  if (!current) return style.odd('not yet told all');
  return reached ? style.good('knows all') : style.odd('knew all');
}

/** A node that is there and says nothing is no overwatch, or none that hears agents. */
function troubleLines({ address, reached, failures, trouble }: AgentStatus['overwatches'][number]): string[] {
  const mute = reached || failures === 0 ? null : `${address} answers no greeting: is it an overwatch?`;
  const sentence = trouble ?? mute;
  return sentence === null ? [] : ['', style.odd(plain(sentence))];
}

const drainerWords = { stop: 'the agent stops', file: 'drain file', socket: 'command' } as const;

function healthWords({ healthy, draining }: AgentStatus['backends'][number]): string {
  if (draining !== null) return style.odd('draining');
  if (healthy === null) return style.odd('not checked yet');
  return healthy ? style.good('healthy') : style.bad('unhealthy');
}
