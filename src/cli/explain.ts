/**
 * `opengslb explain NAME`: what DNS answers for a name now, to all or to one client, who decided about each server, since
 * when, and by which events.
 */
import { type Command, InvalidArgumentError } from 'commander';
import { canonicalAddress, canonicalNetwork } from '../events/catalogue/scalars.ts';
import { answerText } from '../nodes/client/answer-text.ts';
import { eventsAt } from '../nodes/client/events.ts';
import { type AnswersCandidate, type AnswersClient, answersOf, type ServiceAnswers, type ShownEvent } from '../nodes/client/node-api.ts';
import { endpointText } from '../projections/endpoint.ts';
import { serviceName } from './change.ts';
import { sentenceOf } from './event-words.ts';
import { CommandFailure, exitCodes } from './failure.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { askOne } from './nodes.ts';
import { columns, moment, momentOf, plain, style } from './style.ts';

/** Events of one verdict that are told; of a verdict that took more, the newest. */
const eventsToldMax = 5;

interface ExplainFlags extends NodeFlags {
  readonly client?: string;
  readonly draw?: number;
}

export function explainCommand(): Command {
  const examples = ['opengslb explain app.example.com', 'opengslb explain app.example.com --client 192.0.2.70'];
  return withNodeFlags(
    commandWith('explain', 'Say what DNS answers for a name, and why: who decided, since when, by which events.', ...examples),
  )
    .argument('<name>', 'the name that is served', serviceName)
    .option('--client <address>', 'what this client gets, or the clients of a network such as 192.0.2.0/24, and why', clientOf)
    .option('--draw <number>', 'with --client: the answer that a line of the query log was given, by its draw', drawOf)
    .action(async (name: string, flags: ExplainFlags) => {
      if (flags.draw !== undefined && flags.client === undefined)
        throw new CommandFailure(
          '--draw picks among the answers of one client',
          exitCodes.usage,
          'name it with --client, as the same line of the query log does',
        );
      const { endpoint, answers, events } = await askOne(flags, async (client) => {
        const said = await answersOf(client, name, { client: flags.client, draw: flags.draw });
        return { endpoint: client.endpoint, answers: said, events: await eventsAt(client, said.candidates.flatMap(positionsBehind)) };
      });
      if (flags.json) printJson({ endpoint, answers, events: [...events.values()] });
      else process.stdout.write(explanation(endpoint, answers, events));
    });
}

function positionsBehind({ servers }: AnswersCandidate): readonly number[] {
  return servers.flatMap(({ verdict }) => verdict.because.slice(-eventsToldMax));
}

function explanation(endpoint: string, answers: ServiceAnswers, events: ReadonlyMap<number, ShownEvent>): string {
  const { name, algorithm, ttl, families, candidates } = answers;
  const head = `${style.strong(plain(name))} is answered with ${style.strong(answerText(families))} for ${ttl} s, by ${plain(algorithm)} (${endpoint})`;
  const rows = candidates.map(({ address, tier, answers: isIn, sentence }) => [
    plain(address),
    isIn ? style.good('answers') : style.odd('out'),
    plain(tier ?? '-'),
    plain(sentence),
  ]);
  const told = answers.client === undefined ? [] : ['', ...clientLines(answers.client)];
  const parts = [head, ...told, '', candidates.length === 0 ? 'it has no servers' : columns(['address', '', 'tier', 'because'], rows)];
  for (const candidate of candidates) parts.push('', ...behind(candidate, events));
  return `${parts.join('\n')}\n`;
}

/** What the client gets, by family where there are several. */
function clientLines({ network, sentence, families }: AnswersClient): readonly string[] {
  const whom = style.strong(plain(network.replace(/\/(?:32|128)$/, '')));
  const lines = Object.entries(families).map(([family, { region, spokes, scope, scope_network: within, drawn }]) => {
    const gets = answerText({ [family]: { tier: spokes.length === 0 ? null : 'fit', spokes } });
    const place = region === null ? 'as everybody' : `of ${plain(region)}`;
    const scoped = scope === 0 ? 'scope 0' : `scope ${scope}, so all of ${plain(within)} get it`;
    const picked = drawn === undefined ? '' : `; the draw falls on ${style.strong(plain(drawn.join(' ')))}`;
    return `  ${plain(family)}: ${plain(gets)} (${place}; ${scoped})${picked}`;
  });
  return [`${whom}: ${plain(sentence)}`, ...lines];
}

function clientOf(text: string): string {
  const canonical = canonicalAddress(text) ?? canonicalNetwork(text);
  if (canonical !== undefined) return canonical;
  throw new InvalidArgumentError('Expected an address or a network of clients, such as 192.0.2.70 or 2001:db8::/56.');
}

function drawOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number, as a line of the query log has it.');
}

function behind({ servers }: AnswersCandidate, events: ReadonlyMap<number, ShownEvent>): readonly string[] {
  return servers.flatMap(({ address, port, verdict: { status, authority, since, because } }) => {
    const title = `${style.strong(plain(endpointText(address, port)))}: ${plain(status)} since ${momentOf(since)}, decided by ${plain(authority)}`;
    const unnamed = because.length - eventsToldMax;
    const earlier = unnamed > 0 ? [`  and ${unnamed} earlier events`] : [];
    return [title, ...because.slice(-eventsToldMax).map((position) => `  ${eventBehind(position, events.get(position))}`), ...earlier];
  });
}

function eventBehind(position: number, event: ShownEvent | undefined): string {
  if (event === undefined) return `#${position} is no longer in the log`;
  return `${style.dim(`#${position}`)} ${moment(event.at)} ${sentenceOf(event)}`;
}
