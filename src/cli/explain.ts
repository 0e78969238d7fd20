/** `opengslb explain NAME`: what DNS answers for a name now, who decided about each server, since when, and by which events. */
import type { Command } from 'commander';
import { answerText } from '../nodes/client/answer-text.ts';
import { eventsAt } from '../nodes/client/events.ts';
import { type AnswersCandidate, answersOf, type ServiceAnswers, type ShownEvent } from '../nodes/client/node-api.ts';
import { endpointText } from '../projections/endpoint.ts';
import { serviceName } from './change.ts';
import { sentenceOf } from './event-words.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { askOne } from './nodes.ts';
import { columns, moment, momentOf, plain, style } from './style.ts';

/** Events of one verdict that are told; of a verdict that took more, the newest. */
const eventsToldMax = 5;

export function explainCommand(): Command {
  const example = 'opengslb explain app.example.com';
  return withNodeFlags(
    commandWith('explain', 'Say what DNS answers for a name, and why: who decided, since when, by which events.', example),
  )
    .argument('<name>', 'the name that is served', serviceName)
    .action(async (name: string, flags: NodeFlags) => {
      const { endpoint, answers, events } = await askOne(flags, async (client) => {
        const said = await answersOf(client, name);
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
  const parts = [head, '', candidates.length === 0 ? 'it has no servers' : columns(['address', '', 'tier', 'because'], rows)];
  for (const candidate of candidates) parts.push('', ...behind(candidate, events));
  return `${parts.join('\n')}\n`;
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
