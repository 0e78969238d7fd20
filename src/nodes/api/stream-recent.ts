/**
 * The newest derived changes, worked out once, when the engine folds, for everybody who streams them. Each stands
 * behind the event that it follows; whoever has been shown that event may be shown the change. The list is bounded: who
 * is behind it has to fold for themselves.
 *
 *     event 7 ── changes by event 7 ── deadlines that passed, and their changes ── event 8 ── ...
 *                └────────────────── all at position 7 ─────────────────────┘
 */
import type { State } from '../../projections/state.ts';
import type { Listener } from '../engine.ts';
import { apiLimits } from './limits.ts';
import { type ChangeWatch, watchChanges } from './stream-changes.ts';

export interface ChangeFrame {
  /** The newest event that had happened. */
  readonly position: number;
  readonly at: number;
  /** Whether that event made it, or a deadline that passed after it. */
  readonly by: 'event' | 'deadline';
  readonly service: string;
  /** As it is sent. */
  readonly text: string;
}

export interface RecentChanges {
  readonly listener: Listener;
  /** The first of the list, and behind its last: places that only grow. */
  readonly oldest: number;
  readonly end: number;
  at(place: number): ChangeFrame | undefined;
  /** Everything that follows event `position` and is not by it; undefined: the list does not reach back so far. The first call begins it. */
  placeAfter(position: number): number | undefined;
  /** Calls `heard` after each change. Returns how to stop that. */
  listen(heard: () => void): () => void;
}

/** What follows where the state stands. `bytesMax`: what is kept, give or take a half. */
export function createRecentChanges(state: State, bytesMax: number = apiLimits.streamChangesBytesMax): RecentChanges {
  let watch: ChangeWatch | undefined;
  const listeners = new Set<() => void>();
  let frames: ChangeFrame[] = [];
  let characters = 0;
  let dropped = 0;
  /** Complete for whoever has been shown this event, once it has begun. */
  let completeAfter = 0;

  function begin(): void {
    if (watch !== undefined) return;
    watch = watchChanges(state);
    completeAfter = state.position;
  }

  function keep(frame: ChangeFrame): void {
    frames.push(frame);
    characters += frame.text.length;
    if (characters <= bytesMax) return;
    let gone = 0;
    for (; characters > bytesMax / 2; gone += 1) characters -= frames[gone]?.text.length ?? characters;
    completeAfter = (frames[gone - 1]?.position ?? completeAfter) + 1;
    dropped += gone;
    frames = frames.slice(gone);
  }

  return {
    listener({ cause, services }, now) {
      if (watch === undefined || services.length === 0) return;
      const made = changeFrames(watch, services, now, 'event' in cause ? 'event' : 'deadline');
      for (const frame of made) keep(frame);
      if (made.length > 0) for (const heard of listeners) heard();
    },
    get oldest() {
      return dropped;
    },
    get end() {
      return dropped + frames.length;
    },
    at: (place) => frames[place - dropped],
    placeAfter(position) {
      begin();
      if (position < completeAfter) return undefined;
      const first = frames.findIndex((frame) => frame.position > position || (frame.position === position && frame.by === 'deadline'));
      return first === -1 ? dropped + frames.length : dropped + first;
    },
    listen(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
  };
}

/** What a fold changed, ready to be sent. */
export function changeFrames(watch: ChangeWatch, services: readonly string[], state: State, by: ChangeFrame['by']): ChangeFrame[] {
  const { position, at } = state;
  return watch.lookAt(services, state).map((change) => {
    return { position, at, by, service: change.service, text: JSON.stringify({ change, position, at }) };
  });
}
