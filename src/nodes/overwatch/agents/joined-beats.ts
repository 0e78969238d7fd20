/** Signs of life without news on their way into the log: those that come within a moment are one fact, the newest of each agent. */
import type { Beat } from '../../../events/catalogue/heartbeats.ts';
import type { FactOf } from '../../../events/event.ts';
import type { Clock } from '../../world.ts';
import { agentLimits } from './limits.ts';

export interface JoinedBeats {
  /** `atOnce`: an answer may hang on it, so it and what waits go now. */
  add(beat: Beat, options: { readonly atOnce: boolean }): void;
  /** A newer message of that agent goes by another way: what waits of it says nothing any more. */
  overtaken(agent: string): void;
  /** Signs of life that went into the log. */
  readonly told: number;
  /** Tells what waits, and nothing more. */
  stop(): void;
}

export function createJoinedBeats(clock: Clock, observe: (fact: FactOf<'heartbeat.received'>) => void): JoinedBeats {
  let waiting = new Map<string, Beat>();
  let callOff: (() => void) | undefined;
  let told = 0;

  function tell(): void {
    callOff?.();
    callOff = undefined;
    if (waiting.size === 0) return;
    const beats = [...waiting.values()];
    waiting = new Map();
    told += beats.length;
    observe({ type: 'heartbeat.received', data: { beats } });
  }

  return {
    add(beat, { atOnce }) {
      waiting.set(beat.agent, beat);
      if (atOnce || waiting.size >= agentLimits.beatsInFactMax) tell();
      else callOff ??= clock.wakeAt(clock.now() + agentLimits.beatsJoinedMs, tell);
    },
    overtaken: (agent) => void waiting.delete(agent),
    get told() {
      return told;
    },
    stop: tell,
  };
}
