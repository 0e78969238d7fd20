/**
 * One attempt at a check: one socket, one deadline over all stages, one stopwatch, and one result, whatever comes first.
 * The result is given when the socket is closed, so that a check that has ended holds nothing.
 *
 *     0 ── connect ──┬── tls ──┬── firstByte ──┬── body ──┐     the stages are contiguous,
 *                    └─────────┴───────────────┴──────────┘     so totalUs is the moment of the end
 */
import type { Socket } from 'node:net';
import { durationText } from '../../events/duration.ts';
import type { CheckResult, CheckTarget } from './check.ts';
import { checkLimits } from './limits.ts';
import { printable, reasonOf } from './reasons.ts';

/** The stages in their order, and how a failure names the one that it happened in. */
const stageWords = {
  connect: 'connecting',
  tls: 'TLS handshake',
  /** Until the header of the answer is whole; a success is dated back to its first byte. */
  firstByte: 'waiting for the answer',
  body: 'reading the body',
} as const;
type Stage = keyof typeof stageWords;

export interface Attempt {
  readonly target: CheckTarget;
  /** Whole microseconds since the attempt began. */
  elapsedUs(): number;
  /** Ends the stage before, at `atUs` (default: now), and begins this one. */
  enter(stage: Stage, atUs?: number): void;
  /** Notes the status of the answer, which every end from here on tells. */
  answered(status: number): void;
  /** Ends the attempt, well where the reason is null. The first end counts; what comes after it changes nothing. */
  end(reason: string | null, atUs?: number): void;
  /** Ends the attempt because of an error. */
  fail(error: unknown): void;
}

/** `open` opens the socket and says what is to happen on it. */
export function attempt(target: CheckTarget, signal: AbortSignal, open: (attempt: Attempt) => Socket): Promise<CheckResult> {
  return new Promise((resolve) => {
    let socket: Socket | undefined;
    let status: number | null = null;
    let ended = false;
    const stopwatch = startStopwatch();

    const end = (reason: string | null, atUs = stopwatch.elapsedUs()) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      const error = reason === null ? null : printable(reason);
      const result = { ok: error === null, status, error, ...stopwatch.stop(atUs) };
      if (socket === undefined || socket.closed) return resolve(result);
      socket.once('close', () => resolve(result));
      socket.destroy();
    };
    const fail = (error: unknown) => {
      // A peer that closes in the middle of a handshake or an answer is reported as a reset, which it is not.
      const closed = socket?.readableEnded === true && (error as { code?: unknown } | null)?.code === 'ECONNRESET';
      end(closed ? closedBy(stopwatch.stage()) : reasonOf(error));
    };
    const cancel = () => end('cancelled');
    // After a pause of this process the timer is due before the answers that wait in the kernel have been read: read first.
    const expire = () => setImmediate(() => end(`no answer within ${durationText(target.timeoutMs)} (${stageWords[stopwatch.stage()]})`));
    const answered = (told: number) => {
      status = told;
    };
    const timer = setTimeout(expire, Math.min(target.timeoutMs, checkLimits.timeoutMsMax));

    if (signal.aborted) return end('cancelled', 0);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      stopwatch.enter('connect', 0);
      socket = open({ target, elapsedUs: stopwatch.elapsedUs, enter: stopwatch.enter, answered, end, fail });
      socket.on('error', fail);
      socket.once('close', () => end(closedBy(stopwatch.stage())));
    } catch (error) {
      fail(error);
    }
  });
}

function closedBy(stage: Stage): string {
  return `connection closed by the server (${stageWords[stage]})`;
}

/** Measures stages that follow each other without a gap. */
function startStopwatch() {
  const startedAt = performance.now();
  const lapsesUs: Partial<Record<Stage, number>> = {};
  let current: Stage | undefined;
  let enteredUs = 0;
  const elapsedUs = () => Math.round((performance.now() - startedAt) * 1000);
  const enter = (stage: Stage | undefined, atUs = elapsedUs()) => {
    if (current !== undefined) lapsesUs[current] = atUs - enteredUs;
    current = stage;
    enteredUs = atUs;
  };
  return {
    elapsedUs,
    enter,
    stage: (): Stage => current ?? 'connect',
    stop(atUs: number) {
      enter(undefined, atUs);
      return {
        dnsUs: null,
        connectUs: lapsesUs.connect ?? null,
        tlsUs: lapsesUs.tls ?? null,
        firstByteUs: lapsesUs.firstByte ?? null,
        totalUs: enteredUs,
      };
    },
  };
}
