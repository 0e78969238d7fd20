/** The summary of `demo agents` for people: both ways of losing a server side by side, as the client measured them. */
import type { AgentSummary, WaySummary } from '../nodes/demo/agents/summary.ts';
import { columns, seconds, style } from './style.ts';

export function agentSummaryWords(summary: AgentSummary): string {
  const { reactive, proactive, requests, dns } = summary;
  const row = (title: string, words: (way: WaySummary) => string) => [
    title,
    reactive === null ? '-' : words(reactive),
    proactive === null ? '-' : words(proactive),
  ];
  const served = Object.entries(requests.byServer)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`);
  return `${[
    style.strong("what the client's own log says"),
    columns(
      ['', 'reactive', 'proactive'],
      [
        row('what is done', ({ deed }) => deed),
        row('DNS answers without it', ({ toDnsMs }) => after(toDnsMs)),
        row('the client, with its cache, has heard', ({ toClientMs }) => after(toClientMs)),
        row('last failed request', ({ toLastFailedRequestMs }) => after(toLastFailedRequestMs)),
        row('requests until all serve again', (way) => String(way.requests)),
        row('failed requests', ({ failedRequests }) => failedWords(failedRequests)),
      ],
    ),
    '',
    `${requests.total} requests, ${requests.failed} failed; served by ${served.join(', ')}`,
    `${dns.answers} DNS answers, ${dns.failed} questions without one`,
    verdict(summary),
  ].join('\n')}\n`;
}

const after = (ms: number | null) => (ms === null ? '-' : `after ${seconds(ms)}`);

const failedWords = (count: number) => (count === 0 ? style.good('0') : style.bad(String(count)));

/**
 *     a step was not seen    which one, and what was missing
 *     a request failed       in the proactive way: how many
 *     neither                what the drain spared
 */
function verdict({ steps, reactive, proactive }: AgentSummary): string {
  const missed = steps.find(({ missing }) => missing !== null);
  if (missed !== undefined) return style.bad(`step ${missed.name}: ${missed.missing}`);
  if (proactive === null || reactive === null) return style.bad('it did not come to both ways');
  const { failedRequests } = proactive;
  if (failedRequests > 0) return style.bad(`${failedRequests} requests failed although the server was drained before it was stopped`);
  return style.good(`dying cost ${reactive.failedRequests} failed requests; being drained first cost none`);
}
