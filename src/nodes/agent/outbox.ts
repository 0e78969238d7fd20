/**
 * What is sent to each overwatch, and when: heartbeats at an interval, and the latest claims, whole, until that overwatch
 * has said that they are durable. Each overwatch is told by itself, so one that is cut off keeps nobody waiting. Pure: no
 * socket and no timer; `now` is an argument.
 *
 *     the overwatch                            next message                                  with
 *     is new, or the claims changed            at once                                       the claims
 *     has not acknowledged them                200 ms after, 400, 800, ... up to interval    the claims, as they are by then
 *     has acknowledged them                    an interval after                             nothing: a sign of life
 *
 * Each message takes a new sequence, also where it repeats something: an overwatch refuses what is not newer than what it
 * has heard, so a repetition under an old sequence would be lost behind a heartbeat that overtook it.
 */
import assert from 'node:assert/strict';

/** One message to one overwatch. Sequences rise by one from message to message, whomever they go to. */
export interface OutgoingBeat<Claims> {
  readonly overwatch: string;
  readonly boot: number;
  readonly sequence: number;
  /** Undefined: this overwatch has them. */
  readonly claims: Claims | undefined;
}

/** How one overwatch stands. */
export interface Delivery {
  readonly overwatch: string;
  /** The sequence of the newest message; 0: none yet. */
  readonly sent: number;
  /** The highest sequence that it acknowledged; 0: none yet. */
  readonly acknowledged: number;
  /** Whether it has the claims as they are now. */
  readonly isCurrent: boolean;
}

export interface Outbox<Claims> {
  /** An overwatch that is to be told everything, also where it was there before: it may have forgotten. */
  add(overwatch: string, now: number): void;
  /** The claims are these now. */
  change(claims: Claims, now: number): void;
  /** Whether it was news. What was acknowledged before the claims changed says nothing of how they are now. */
  acknowledge(overwatch: string, boot: number, sequence: number): boolean;
  /** What is due, which counts as sent. */
  take(now: number): readonly OutgoingBeat<Claims>[];
  /** When something is due next; undefined: never, as there is no overwatch. */
  wakeAt(): number | undefined;
  /** Takes a sequence for a message that is no beat: a greeting, a farewell. */
  nextSequence(): number;
  deliveries(): readonly Delivery[];
}

export interface OutboxOptions<Claims> {
  /** Which start of this agent it is; sequences begin anew with each. */
  readonly boot: number;
  readonly claims: Claims;
  /** From one heartbeat to the next. */
  readonly intervalMs: number;
  /** Until claims are first repeated. Raising it saves messages, lowering it gains time where one is lost. Default 200. */
  readonly repeatAfterMs?: number;
}

interface Recipient {
  /** The first message that carried the claims as they are now; undefined: none did yet. */
  carriedFrom: number | undefined;
  sent: number;
  /** When that was. */
  sentAt: number;
  acknowledged: number;
  isCurrent: boolean;
  dueAt: number;
  /** How long the next repetition waits. */
  repeatMs: number;
}

export function createOutbox<Claims>({ boot, claims: first, intervalMs, repeatAfterMs = 200 }: OutboxOptions<Claims>): Outbox<Claims> {
  const recipients = new Map<string, Recipient>();
  const firstRepeatMs = Math.min(repeatAfterMs, intervalMs);
  let claims = first;
  let sequence = 0;

  const nextSequence = () => {
    sequence += 1;
    assert(Number.isSafeInteger(sequence), 'sequences rise for ever');
    return sequence;
  };

  /** Has everything told to it, from now on. */
  const renew = (recipient: Recipient, now: number) => {
    recipient.carriedFrom = undefined;
    recipient.isCurrent = false;
    recipient.dueAt = now;
    recipient.repeatMs = firstRepeatMs;
  };

  const send = (overwatch: string, recipient: Recipient, now: number): OutgoingBeat<Claims> => {
    const beat = { overwatch, boot, sequence: nextSequence(), claims: recipient.isCurrent ? undefined : claims };
    recipient.sent = beat.sequence;
    recipient.sentAt = now;
    if (recipient.isCurrent) recipient.dueAt = now + intervalMs;
    else {
      recipient.carriedFrom ??= beat.sequence;
      recipient.dueAt = now + recipient.repeatMs;
      recipient.repeatMs = Math.min(2 * recipient.repeatMs, intervalMs);
    }
    return beat;
  };

  return {
    add(overwatch, now) {
      const recipient = { carriedFrom: undefined, sent: 0, sentAt: now, acknowledged: 0, isCurrent: false, dueAt: now, repeatMs: 0 };
      renew(recipient, now);
      recipients.set(overwatch, recipient);
    },
    change(latest, now) {
      claims = latest;
      for (const recipient of recipients.values()) renew(recipient, now);
    },
    acknowledge(overwatch, ofBoot, acknowledged) {
      const recipient = recipients.get(overwatch);
      // What was never sent to it, or by another start of this agent, says nothing of these claims.
      if (recipient === undefined || ofBoot !== boot || acknowledged <= recipient.acknowledged || acknowledged > recipient.sent)
        return false;
      recipient.acknowledged = acknowledged;
      if (recipient.carriedFrom !== undefined && acknowledged >= recipient.carriedFrom && !recipient.isCurrent) {
        recipient.isCurrent = true;
        // The last message went with the claims and was a sign of life as well: the next one is an interval after it.
        recipient.dueAt = recipient.sentAt + intervalMs;
      }
      return true;
    },
    take(now) {
      return [...recipients].filter(([, { dueAt }]) => dueAt <= now).map(([overwatch, recipient]) => send(overwatch, recipient, now));
    },
    wakeAt() {
      return recipients.size === 0 ? undefined : Math.min(...[...recipients.values()].map(({ dueAt }) => dueAt));
    },
    nextSequence,
    deliveries() {
      return [...recipients].map(([overwatch, { sent, acknowledged, isCurrent }]) => ({ overwatch, sent, acknowledged, isCurrent }));
    },
  };
}
