/**
 * How the demo looks: a table redrawn in place where somebody watches a terminal, and one line a step and a change
 * where nobody does. It shows what it is told of and decides nothing.
 */
import { type CastServer, servers } from '../nodes/demo/cast.ts';
import type { AnswerSeen } from '../nodes/demo/client-log.ts';
import type { DemoEvent } from '../nodes/demo/demo.ts';
import { type DemoProgress, emptyProgress, noteProgress, type StepProgress } from '../nodes/demo/progress.ts';
import { columns, seconds, style } from './style.ts';

export interface DemoScreen {
  show(event: DemoEvent): void;
  /** Says something that stays. */
  note(text: string): void;
  /** Leaves the last picture where it is. May be called again. */
  close(): void;
}

/** A terminal that is smaller cannot be redrawn in place. */
const columnsMin = 80;
const rowsMin = 24;
const redrawEveryMs = 100;
const stoppingSentence = 'the overwatch is stopped, and its log is replayed';
const hideCursor = '\x1b[?25l';
const showCursor = '\x1b[?25h';

/** Whether there is a terminal that a picture fits on. */
export function canRedraw(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.columns >= columnsMin && stream.rows >= rowsMin && process.env.TERM !== 'dumb';
}

export function liveScreen(stream: NodeJS.WriteStream, now: () => number, cast: readonly CastServer[] = servers): DemoScreen {
  const progress = emptyProgress(cast);
  let lines = 0;
  let closed = false;
  const draw = (above = '') => {
    const picture = picturedProgress(progress, now(), stream.columns);
    stream.write(`${lines === 0 ? hideCursor : `\r\x1b[${lines}A`}\x1b[0J${above}${picture}\n`);
    lines = picture.split('\n').length;
  };
  const timer = setInterval(draw, redrawEveryMs, '');
  return {
    show: (event) => noteProgress(progress, event),
    note: draw,
    close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      draw();
      stream.write(showCursor);
    },
  };
}

/** The picture at a moment, without a line break at its end. */
export function picturedProgress(progress: DemoProgress, at: number, width: number): string {
  const reasonWidth = Math.max(20, width - 60);
  const rows = progress.servers.map(({ server, standing, served, failed }) => [
    style.strong(server.name),
    server.address,
    statusWords(standing?.status),
    clipped(standing?.reason ?? '', reasonWidth),
    String(served),
    failed === 0 ? '0' : style.bad(String(failed)),
  ]);
  const { answer, requests, failed, steps, stopping } = progress;
  return [
    columns(['server', 'address', 'overwatch says', 'because', 'served', 'failed'], rows),
    '',
    `the client's DNS answer  ${answer === undefined ? '-' : answerLine(answer, at)}`,
    `the client's requests    ${requests}, ${failed === 0 ? 'none failed' : style.bad(`${failed} failed`)}`,
    '',
    ...steps.map((step) => stepLine(step, at)),
    ...(stopping ? [stoppingSentence] : []),
  ].join('\n');
}

function answerLine({ addresses, at: since, ttlSeconds }: AnswerSeen, at: number): string {
  const ageMs = Math.max(0, at - since);
  const age = ageMs < ttlSeconds * 1000 ? `${seconds(ageMs)} old` : 'expired';
  return `${[...addresses].sort().join(' ')}${style.dim(`  TTL ${ttlSeconds} s, ${age}`)}`;
}

function stepLine({ deed, startedAt, outcome }: StepProgress, at: number): string {
  if (outcome === undefined) return `${style.odd('...')}  ${deed} ${style.dim(seconds(at - startedAt))}`;
  if (outcome.ok) return `${style.good('ok ')}  ${deed}: seen by the client after ${seconds(outcome.endedAt - startedAt)}`;
  return `${style.bad('NO ')}  ${deed}: ${outcome.missing}`;
}

function statusWords(status: string | undefined): string {
  if (status === undefined) return '-';
  return status === 'up' ? style.good(status) : status === 'down' ? style.bad(status) : style.odd(status);
}

function clipped(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}

/** How the lines are said, and by which names. */
interface Teller {
  readonly say: (sentence: string) => void;
  /** Says it only where it is not what was said last of this subject. */
  readonly sayNews: (subject: string, sentence: string) => void;
  readonly named: (address: string | null, otherwise: string) => string;
}

/** One line a step and a change, each with the seconds since the start. `write` adds the line break. */
export function plainScreen(write: (line: string) => void, now: () => number, cast: readonly CastServer[] = servers): DemoScreen {
  const start = now();
  const shown = new Map<string, string>();
  const say = (sentence: string) => write(`${((now() - start) / 1000).toFixed(1).padStart(5)} s  ${sentence}`);
  const teller: Teller = {
    say,
    sayNews(subject, sentence) {
      if (shown.get(subject) === sentence) return;
      shown.set(subject, sentence);
      say(sentence);
    },
    named: (address, otherwise) => cast.find((server) => server.address === address)?.name ?? address ?? otherwise,
  };
  return { show: (event) => plainLines(event, teller), note: write, close: () => {} };
}

function plainLines(event: DemoEvent, teller: Teller): void {
  const { say, sayNews, named } = teller;
  switch (event.kind) {
    case 'step-began':
      say(`step ${event.step.name}: ${event.step.deed}`);
      return;
    case 'step-ended': {
      const { name, ok, missing, startedAt, endedAt } = event.outcome;
      say(ok ? `step ${name}: seen by the client after ${seconds(endedAt - startedAt)}` : `step ${name}: NOT SEEN, ${missing}`);
      return;
    }
    case 'standings':
      for (const { address, status, reason } of event.standings)
        sayNews(address, `overwatch: ${named(address, address)} is ${status}: ${reason}`);
      return;
    case 'stopping':
      say(stoppingSentence);
      return;
    case 'seen':
      entryLines(event.entry, teller);
      return;
    case 'stage-set':
    case 'replayed':
  }
}

function entryLines(entry: Extract<DemoEvent, { kind: 'seen' }>['entry'], { sayNews, named }: Teller): void {
  if (entry.kind === 'answer') sayNews(`dns ${entry.by}`, `${entry.by}: DNS answers ${[...entry.addresses].sort().join(' ')}`);
  else if (entry.kind === 'no-answer') sayNews(`dns ${entry.by}`, `${entry.by}: no DNS answer: ${entry.error}`);
  else if (entry.direct) sayNews('direct', `client: ${named(entry.address, '')} itself answers ${entry.error ?? '200'}`);
  else {
    const to = named(entry.address, 'the service');
    sayNews(`requests to ${to}`, entry.error === null ? `client: ${to} serves` : `client: ${to} fails: ${entry.error}`);
  }
}
