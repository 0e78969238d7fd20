/**
 * A change that goes to each node of the context: one request key for all of them, so that giving it again has no second
 * effect where it was carried out; a result per node; and an exit code that is 0 only where all of them did it.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { domainName } from '../events/catalogue/scalars.ts';
import { durationPattern } from '../events/duration.ts';
import { parseTarget } from '../nodes/api/target.ts';
import { answerText } from '../nodes/client/answer-text.ts';
import type { NodeClient } from '../nodes/client/client.ts';
import { askEach, type NodeOutcome, noneAnswered } from '../nodes/client/many-nodes.ts';
import type { DryRun } from '../nodes/client/node-api.ts';
import { targetText } from '../projections/endpoint.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { nodesOf } from './nodes.ts';
import { remedyOf } from './remedies.ts';
import { columns, plain, style } from './style.ts';

export interface ChangeFlags extends NodeFlags {
  readonly key?: string;
  readonly force?: true;
  readonly dryRun?: true;
}

export interface Change {
  /** Gives the order, and says what came of it in a word or two. */
  readonly order: (client: NodeClient, key: string) => Promise<string>;
  /** What the order would do; undefined only where the command takes no `--dry-run`. */
  readonly rehearse?: (client: NodeClient) => Promise<DryRun>;
}

export function withChangeFlags(command: Command): Command {
  return withOrderFlags(command.option('--force', 'even where a guard refuses, such as when no fit server would be left'));
}

/** For changes that no guard looks at. */
export function withOrderFlags(command: Command): Command {
  return withNodeFlags(command)
    .option('--dry-run', 'say what would change, and change nothing')
    .option(
      '--key <key>',
      'the request key of a change that was given before: where it was carried out, nothing happens again',
      requestKey,
    );
}

export async function carryOut(flags: ChangeFlags, { order, rehearse }: Change): Promise<void> {
  const clients = nodesOf(flags);
  if (flags.dryRun) {
    assert(rehearse !== undefined, 'a command that takes --dry-run has a rehearsal: it must never give the order instead');
    return showRehearsal(flags, await askEach(clients, rehearse));
  }
  const key = flags.key ?? randomUUID();
  const outcomes = await askEach(clients, (client) => order(client, key));
  if (flags.json)
    printJson({ key, results: outcomes.map((outcome) => (outcome.ok ? { ...where(outcome), result: outcome.value } : failed(outcome))) });
  else process.stdout.write(`${resultRows(outcomes)}\n${style.dim(`request key ${key}`)}\n`);
  failIfAny(outcomes, `give it again with --key ${key}: it has no second effect on the others`);
}

const where = ({ endpoint, ok }: NodeOutcome<unknown>) => ({ endpoint, ok });

function failed(outcome: Extract<NodeOutcome<unknown>, { ok: false }>) {
  const { kind, message, remedy, reason } = outcome.error;
  return { ...where(outcome), error: { kind, message, remedy, reason } };
}

function resultRows(outcomes: readonly NodeOutcome<string>[]): string {
  const rows = outcomes.map((outcome) =>
    outcome.ok
      ? [outcome.endpoint, style.good(plain(outcome.value)), '']
      : [outcome.endpoint, style.bad(outcome.error.kind), plain(outcome.error.message)],
  );
  return columns(['node', 'result', ''], rows);
}

function showRehearsal(flags: ChangeFlags, outcomes: readonly NodeOutcome<DryRun>[]): void {
  if (flags.json)
    printJson({ dry_run: outcomes.map((outcome) => (outcome.ok ? { ...where(outcome), ...outcome.value } : failed(outcome))) });
  else process.stdout.write(`${columns(['node', 'would', 'answer before', 'answer after'], outcomes.flatMap(rehearsalRows))}\n`);
  failIfAny(outcomes);
}

function rehearsalRows(outcome: NodeOutcome<DryRun>): string[][] {
  const { endpoint } = outcome;
  if (!outcome.ok) return [[endpoint, style.bad(plain(outcome.error.message)), '', '']];
  const { facts, changes } = outcome.value;
  const would = facts.length === 0 ? 'do nothing' : `record ${facts.map(({ type }) => plain(type)).join(', ')}`;
  if (changes.length === 0) return [[endpoint, would, 'stays as it is', '']];
  return changes.map(({ service, before, after }) => [endpoint, would, `${plain(service)}: ${answerText(before)}`, answerText(after)]);
}

/** What was done stays done; that not all of it was is the exit code's to say. */
function failIfAny(outcomes: readonly NodeOutcome<unknown>[], toGoOn?: string): void {
  const errors = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
  const [first] = errors;
  if (first === undefined) return;
  if (errors.length === outcomes.length && errors.every(({ kind }) => kind !== 'refused')) throw noneAnswered(errors);
  if (outcomes.length === 1) throw first;
  const goOn = errors.length < outcomes.length ? toGoOn : undefined;
  const remedies = [...new Set(errors.map(remedyOf))].join('; or ');
  throw new CommandFailure(
    `${errors.length} of ${outcomes.length} nodes did not do it`,
    exitCodes.failed,
    goOn === undefined ? remedies : `${remedies}. Then ${goOn}`,
  );
}

/** Arguments of such commands. What commander gets thrown here is wrong usage. */
export function serviceName(text: string): string {
  const parsed = domainName.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError('Expected a DNS name such as app.example.com.');
}

export function serverTarget(text: string): string {
  const parsed = parseTarget(text);
  if (parsed !== undefined) return targetText(parsed.address, parsed.port);
  throw new InvalidArgumentError('Expected ADDRESS or ADDRESS:PORT, with an IPv6 address in brackets.');
}

export function durationFlag(text: string): string {
  if (durationPattern.test(text)) return text;
  throw new InvalidArgumentError('Expected a duration such as 90s, 10m or 1h30m.');
}

export function requestKey(text: string): string {
  if (/^[\x20-\x7e]{1,200}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected 1 to 200 printable ASCII characters.');
}
