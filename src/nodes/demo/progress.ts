/** What the demo looks like at a moment, folded from what it reports: what a screen needs, and no more. */
import { assertNever } from '../../projections/assert-never.ts';
import { type CastServer, servers } from './cast.ts';
import type { AnswerSeen } from './client-log.ts';
import type { DemoEvent } from './demo.ts';
import type { ServerStanding } from './overwatch-api.ts';
import type { StepOutcome } from './run-steps.ts';

export interface ServerProgress {
  readonly server: CastServer;
  /** What the overwatch thinks of it; undefined: it has not said yet. */
  standing: ServerStanding | undefined;
  served: number;
  failed: number;
}

export interface StepProgress {
  readonly deed: string;
  readonly startedAt: number;
  /** Undefined: the client has not seen it yet. */
  outcome: StepOutcome | undefined;
}

export interface DemoProgress {
  readonly servers: readonly ServerProgress[];
  /** In the order in which they began. */
  readonly steps: StepProgress[];
  /** The client's newest. */
  answer: AnswerSeen | undefined;
  requests: number;
  failed: number;
  /** Whether the client has ended, and the overwatch is on its way to. */
  stopping: boolean;
}

export function emptyProgress(cast: readonly CastServer[] = servers): DemoProgress {
  return {
    servers: cast.map((server) => ({ server, standing: undefined, served: 0, failed: 0 })),
    steps: [],
    answer: undefined,
    requests: 0,
    failed: 0,
    stopping: false,
  };
}

export function noteProgress(progress: DemoProgress, event: DemoEvent): void {
  switch (event.kind) {
    case 'stage-set':
    case 'replayed':
      return;
    case 'stopping':
      progress.stopping = true;
      return;
    case 'step-began':
      progress.steps.push({ deed: event.step.deed, startedAt: event.at, outcome: undefined });
      return;
    case 'step-ended': {
      const step = progress.steps.at(-1);
      if (step !== undefined) step.outcome = event.outcome;
      return;
    }
    case 'standings':
      for (const row of progress.servers) {
        row.standing = event.standings.find(({ address }) => address === row.server.address);
      }
      return;
    case 'seen':
      noteEntry(progress, event.entry);
      return;
    default:
      assertNever(event);
  }
}

function noteEntry(progress: DemoProgress, entry: Extract<DemoEvent, { kind: 'seen' }>['entry']): void {
  if (entry.kind === 'answer' && entry.by === 'client') progress.answer = entry;
  if (entry.kind !== 'request' || entry.direct) return;
  const row = progress.servers.find(({ server }) => server.address === entry.address);
  progress.requests += 1;
  if (entry.error !== null) progress.failed += 1;
  if (row === undefined) return;
  if (entry.error === null) row.served += 1;
  else row.failed += 1;
}
