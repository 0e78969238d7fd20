/** `opengslb agents`: who speaks for servers from inside, how each stands, and revoking one on every node. */
import type { Command } from 'commander';
import { agentOf, agentsOf, type OneAgent, revokeAgent, type ShownAgent, tryRevokeAgent } from '../nodes/client/node-api.ts';
import { endpointText } from '../projections/endpoint.ts';
import { type ChangeFlags, carryOut, withChangeFlags } from './change.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { askOne } from './nodes.ts';
import { ago, columns, momentOf, plain, seconds, style } from './style.ts';

interface RevokeFlags extends ChangeFlags {
  readonly reason: string;
}

export function agentsCommand(): Command {
  return commandWith('agents', 'List the agents that a node knows, look at one, and revoke one.', 'opengslb agents list')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(revokeCommand());
}

function listCommand(): Command {
  const command = commandWith(
    'list',
    'List agents: how each stands, when it was heard, until when its certificate is good.',
    'opengslb agents list',
  );
  return withNodeFlags(command).action(async (flags: NodeFlags) => {
    const agents = await askOne(flags, agentsOf);
    if (flags.json) printJson({ agents });
    else process.stdout.write(agents.length === 0 ? 'no agents\n' : `${agentRows(agents)}\n`);
  });
}

function agentRows(agents: readonly ShownAgent[]): string {
  const rows = agents.map((agent) => [
    plain(agent.agent_id),
    statusWord(agent),
    ageWords(agent),
    plain(agent.region),
    agent.services.map(plain).join(' '),
    String(agent.backend_count),
    plain(agent.address),
    proofWords(agent),
  ]);
  return columns(['agent', 'status', 'heard', 'region', 'services', 'backends', 'address', 'certificate'], rows);
}

function statusWord({ status }: ShownAgent): string {
  if (status === 'heard') return style.good(status);
  return status === 'revoked' || status === 'stale' ? style.bad(status) : style.odd(plain(status));
}

function ageWords({ heartbeat_age_seconds: age }: ShownAgent): string {
  return age === null ? 'never' : ago(age * 1_000);
}

function proofWords({ unauthenticated, not_after: end }: ShownAgent): string {
  if (unauthenticated) return style.odd('none: it proves nothing');
  return end === null ? '-' : `until ${momentOf(end).slice(0, 10)}`;
}

function showCommand(): Command {
  const command = commandWith('show', 'Say how one agent stands, and what it claims.', 'opengslb agents show web-1');
  return withNodeFlags(command)
    .argument('<agent>', 'what it calls itself, as "opengslb agents list" has it')
    .action(async (name: string, flags: NodeFlags) => {
      const agent = await askOne(flags, (client) => agentOf(client, name));
      if (flags.json) printJson(agent);
      else process.stdout.write(`${agentWords(agent)}\n`);
    });
}

function agentWords(agent: OneAgent): string {
  const { fingerprint, address, boot, sequence, stale_after_seconds: limit, signals, revoked_reason: revoked, position, backends } = agent;
  const heard = agent.status === 'heard' ? '' : ', heard';
  const head = `${style.strong(plain(agent.agent_id))}: ${statusWord(agent)}${heard} ${ageWords(agent)}, at ${plain(address)}`;
  const lines = [
    ...(revoked === undefined ? [] : [style.bad(`revoked: ${plain(revoked)}`)]),
    fingerprint === null
      ? `certificate ${proofWords(agent)}; let in by event #${position}`
      : `certificate ${plain(fingerprint)}, ${proofWords(agent)}, pinned by event #${position}`,
    ...(limit === null ? [] : [`stale after ${seconds(limit * 1_000)} of silence`]),
    // An agent of the original numbers nothing.
    ...(fingerprint === null ? [] : [`start ${boot}, message ${sequence}`]),
    ...(signals === null ? [] : [style.odd(plain(signals))]),
  ];
  const rows = backends.map((backend) => [
    plain(backend.service),
    plain(endpointText(backend.address, backend.port)),
    backend.draining !== null ? style.odd('draining') : backend.healthy ? style.good('healthy') : style.bad('not healthy'),
    backend.held ? plain(backend.effective_status ?? '-') : style.odd('not its own'),
    String(backend.weight),
    plain(backend.draining ?? ''),
  ]);
  const claims = rows.length === 0 ? 'it claims nothing' : columns(['service', 'backend', 'it says', 'counts as', 'weight', ''], rows);
  return [head, ...lines, '', claims].join('\n');
}

function revokeCommand(): Command {
  const example = 'opengslb agents revoke web-1 --reason "its disk was stolen"';
  const description = 'Revoke an agent on every node of the context: its certificate is never believed again, and what it claimed is void.';
  return withChangeFlags(commandWith('revoke', description, example))
    .argument('<agent>', 'what it calls itself')
    .requiredOption('--reason <text>', 'why; the log keeps it')
    .action((agent: string, flags: RevokeFlags) => {
      const { reason, force = false } = flags;
      return carryOut(flags, {
        order: async (client, key) => {
          await revokeAgent(client, agent, reason, { key, force });
          return 'revoked';
        },
        rehearse: (client) => tryRevokeAgent(client, agent, reason, force),
      });
    });
}
