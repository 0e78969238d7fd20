/** The demo's summary for people: what each step cost, as the client measured it, and whether replay tells the same. */
import type { DemoSummary, StepSummary } from '../nodes/demo/summary.ts';
import { columns, seconds, style } from './style.ts';

export function summaryWords({ ok, steps, requests, dns, replay }: DemoSummary): string {
  const served = Object.entries(requests.byServer)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} ${count}`);
  const lines = [
    style.strong("what the client's own log says"),
    columns(['step', 'seen', 'first right DNS answer', 'last failed request', 'failed requests'], steps.map(stepRow)),
    '',
    `${requests.total} requests, ${requests.failed} failed; served by ${served.join(', ')}`,
    `${dns.answers} DNS answers, ${dns.failed} questions without one`,
  ];
  if (replay !== null) lines.push(replayWords(replay));
  lines.push(ok ? style.good('every step was seen by the client') : style.bad(missingWords(steps)));
  return `${lines.join('\n')}\n`;
}

function stepRow({ deed, ok, toAnswerMs, toLastFailedRequestMs, failedRequests }: StepSummary): string[] {
  const after = (ms: number | null) => (ms === null ? '-' : `after ${seconds(ms)}`);
  return [deed, ok ? style.good('yes') : style.bad('NO'), after(toAnswerMs), after(toLastFailedRequestMs), String(failedRequests)];
}

function replayWords({ events, agrees }: NonNullable<DemoSummary['replay']>): string {
  return agrees
    ? `replay folded ${events} events and tells every change of the answer that the client saw`
    : style.bad(`replay folded ${events} events and does not tell every change of the answer that the client saw`);
}

function missingWords(steps: readonly StepSummary[]): string {
  const missed = steps.find(({ missing }) => missing !== null);
  return missed === undefined ? 'replay and the client disagree' : `step ${missed.name}: ${missed.missing}`;
}
