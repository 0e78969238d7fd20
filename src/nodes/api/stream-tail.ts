/**
 * The end of the log, followed once for everybody who has caught up: each event is read and written as JSON once,
 * however many streams it goes to. It pulls, so nothing is queued here; what a member does not take is the member's
 * business. Nobody listens: nothing is followed.
 */
import type { Event } from '../../events/event.ts';
import type { EventLog } from '../../events/log.ts';
import { eventToLine } from '../../events/ndjson.ts';
import type { Turns } from './stream-turns.ts';

export interface Member {
  /** The position that it wants next. */
  readonly next: number;
  /** Takes what comes; what it has already it passes over. Must not wait. */
  take(event: Event, line: Buffer): void;
  /** The log cannot be followed any more. */
  fail(error: unknown): void;
}

export interface Tail {
  /** Whether the member is near enough to the end to be served from here, from its `next` on. */
  join(member: Member): boolean;
  leave(member: Member): void;
}

/** Nearer than this to the end, a member may be the one with whom following begins. */
const nearEvents = 256;

export function createTail(log: EventLog, turns: Turns): Tail {
  const members = new Set<Member>();
  let next = 0;
  let following: AbortController | undefined;

  async function follow({ signal }: AbortController): Promise<void> {
    try {
      for await (const event of log.follow({ from: next, signal })) {
        if (signal.aborted) return;
        next = event.position + 1;
        const line = Buffer.from(eventToLine(event));
        for (const member of members) member.take(event, line);
        await turns.rest();
      }
    } catch (error) {
      if (signal.aborted) return;
      following = undefined;
      for (const member of members) member.fail(error);
      members.clear();
    }
  }

  return {
    join(member) {
      if (following === undefined) {
        if (member.next + nearEvents <= log.synced.position) return false;
        next = member.next;
        following = new AbortController();
        void follow(following);
      } else if (member.next < next) return false;
      members.add(member);
      return true;
    },
    leave(member) {
      members.delete(member);
      if (members.size > 0) return;
      following?.abort();
      following = undefined;
    },
  };
}
