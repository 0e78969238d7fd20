/** `opengslb status`: how a node stands; with `--all`, how all of a context stand, and where they disagree. */
import type { Command } from 'commander';
import { type Difference, differencesBetween } from '../nodes/client/differences.ts';
import { askEach, type NodeOutcome, noneAnswered } from '../nodes/client/many-nodes.ts';
import { answerTextsOf, type NodeStatus, statusOf } from '../nodes/client/node-status.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { askOne, nodesOf } from './nodes.ts';
import { overrideRows } from './overrides.ts';
import { columns, plain, style } from './style.ts';

interface StatusFlags extends NodeFlags {
  readonly all?: true;
}

export function statusCommand(): Command {
  const examples = ['opengslb status', 'opengslb status --all --context production'];
  return withNodeFlags(commandWith('status', 'Say how a node stands: its services, what answers, and the overrides.', ...examples))
    .option('--all', 'one row for every node of the context, and where they disagree: exit code 4')
    .action(async (flags: StatusFlags) => {
      if (flags.all) return statusOfAll(flags);
      const status = await askOne(flags, statusOf);
      if (flags.json) printJson(status);
      else process.stdout.write(statusWords(status));
    });
}

function statusWords(status: NodeStatus): string {
  const { endpoint, node, version, unsigned, position, services, overrides, agents } = status;
  const head = `${style.strong(plain(node ?? endpoint))} at ${endpoint}: ${readyWords(status)}, opengslb ${plain(version)}, log position ${position}`;
  const rows = services.map(({ name, algorithm, tiers, servers, candidates, ttl }) => [
    name,
    tierWords(tiers),
    algorithm,
    `${ttl} s`,
    String(servers),
    Object.entries(candidates)
      .filter(([, count]) => count > 0)
      .map(([tier, count]) => `${count} ${tier}`)
      .join(', '),
  ]);
  const parts = [head, ...(unsigned === null ? [] : [style.odd(plain(unsigned))]), ''];
  parts.push(rows.length === 0 ? 'no services' : columns(['service', 'answers', 'algorithm', 'ttl', 'servers', 'addresses'], rows));
  parts.push('', overrides.length === 0 ? 'no overrides' : overrideRows(overrides));
  const believed = agents.filter(({ status: standing }) => standing !== 'revoked');
  if (believed.length > 0) parts.push('', agentsWords(believed));
  return `${parts.join('\n')}\n`;
}

/** How many agents there are of each status; those that are in trouble by name, as many as fit. */
function agentsWords(agents: NodeStatus['agents']): string {
  const heard = agents.filter(({ status }) => status === 'heard').length;
  const others = agents.filter(({ status }) => status !== 'heard').map(({ agent_id: id, status }) => `${plain(id)} ${plain(status)}`);
  const named = others.length > 5 ? [...others.slice(0, 5), `${others.length - 5} more`] : others;
  const unproven = agents.filter(({ unauthenticated }) => unauthenticated).length;
  return [
    `${agents.length} ${agents.length === 1 ? 'agent' : 'agents'}, ${heard === agents.length ? style.good('all heard') : style.odd(`${heard} heard: ${named.join(', ')}`)}`,
    ...(unproven === 0 ? [] : [style.odd(`${unproven} of them prove nothing`)]),
  ].join('; ');
}

function readyWords({ ready, missing }: Pick<NodeStatus, 'ready' | 'missing'>): string {
  return ready ? style.good('ready') : style.bad(`not ready${missing === null ? '' : ` (${plain(missing)})`}`);
}

/** The tier that answers: of both families where they differ. */
function tierWords(tiers: Readonly<Record<string, string | null>>): string {
  const words = [...new Set(Object.values(tiers).map((tier) => tier ?? 'SERVFAIL'))];
  if (words.length === 0) return style.bad('no addresses');
  return words.map((word) => (word === 'fit' ? style.good(word) : word === 'SERVFAIL' ? style.bad(word) : style.odd(word))).join(', ');
}

/** 4 where they differ; else 3 where one is missing, because what it would say is not known. */
async function statusOfAll(flags: StatusFlags): Promise<void> {
  const outcomes = await askEach(nodesOf(flags), async (client) => {
    const status = await statusOf(client);
    return { status, answers: await answerTextsOf(client, status.services) };
  });
  const answered = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : []));
  const failed = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
  const differences = differencesBetween(
    answered.map(({ status: { endpoint, overrides, agents }, answers }) => {
      return { endpoint, answers, overrides, agents };
    }),
  );
  if (flags.json) {
    const nodes = outcomes.map((outcome) =>
      outcome.ok ? { ...outcome.value.status, answers: Object.fromEntries(outcome.value.answers) } : failure(outcome),
    );
    printJson({ nodes, differences });
  } else {
    process.stdout.write(`${nodeRows(outcomes.map((outcome) => (outcome.ok ? { ...outcome, value: outcome.value.status } : outcome)))}\n`);
    process.stdout.write(`\n${differenceWords(differences, answered.length)}\n`);
  }
  if (differences.length > 0)
    throw new CommandFailure(
      'the nodes differ',
      exitCodes.difference,
      'look at "opengslb explain NAME --api URL" and "opengslb agents list --api URL" on each side',
    );
  if (failed.length > 0) throw failed.length === outcomes.length ? noneAnswered(failed) : someMissing(failed.length, outcomes.length);
}

function failure({ endpoint, error: { kind, message, remedy } }: Extract<NodeOutcome<unknown>, { ok: false }>) {
  return { endpoint, error: { kind, message, remedy } };
}

function someMissing(failed: number, all: number): CommandFailure {
  return new CommandFailure(
    `${failed} of ${all} nodes did not answer`,
    exitCodes.unreachable,
    'start them, or take them out of the context',
  );
}

function nodeRows(outcomes: readonly NodeOutcome<NodeStatus>[]): string {
  const rows = outcomes.map((outcome) => {
    if (!outcome.ok) return [outcome.endpoint, style.bad(outcome.error.kind), '', '', '', '', plain(outcome.error.message)];
    const { endpoint, node, version, ready, missing, unsigned, position, services, overrides, agents } = outcome.value;
    const notes = [missing, unsigned === null ? null : 'DNS is not signed'].filter((note) => note !== null);
    const said = ready ? style.good('ready') : style.bad('not ready');
    return [
      endpoint,
      said,
      plain(node ?? '-'),
      plain(version),
      String(position),
      [services, overrides, agents.filter(({ status }) => status === 'heard')].map(({ length }) => length).join(', '),
      plain(notes.join(', ')),
    ];
  });
  return columns(['endpoint', '', 'node', 'version', 'position', 'services, overrides, agents heard', ''], rows);
}

function differenceWords(differences: readonly Difference[], nodes: number): string {
  if (nodes < 2) return 'too few nodes answered to be compared';
  if (differences.length === 0) return style.good(`the answers, overrides and agents of ${nodes} nodes agree`);
  const rows = differences.flatMap(({ kind, subject, versions }) =>
    versions.map(({ says, nodes: who }, index) => [index === 0 ? `${kind} ${plain(subject)}` : '', style.odd(plain(says)), who.join(' ')]),
  );
  return columns(['differs', 'says', 'who'], rows);
}
