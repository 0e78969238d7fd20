/**
 * The way of a message that came by gossip: bytes become a checked message, or a reason that is counted, and the message
 * goes to whoever it is for. Nothing that a peer sends throws here (I9). Overwatches say nothing to each other. However
 * many come at once, the node listens to them for a slice of time and then answers DNS before it goes on.
 */
import { assertNever } from '../../../projections/assert-never.ts';
import type { UserMessage } from '../../gossip/gossip.ts';
import type { MessageType } from '../../identity/agent-messages.ts';
import { decode, isOurs } from '../../identity/agent-wire.ts';
import type { Beats } from './beats.ts';
import { placeText } from './correspondence.ts';
import type { Introductions } from './introductions.ts';
import type { LegacyAgents } from './legacy-agents.ts';
import { agentLimits } from './limits.ts';
import { nameless, type RejectionLog } from './rejection-log.ts';

export interface Ears {
  hear(batch: readonly UserMessage[]): void;
  /** Messages of ours that could be read, by type. */
  readonly counts: ReadonlyMap<MessageType, number>;
  /** Messages that nobody read, because too many waited. */
  readonly dropped: number;
  /** Listens to nothing more, also of what waits. */
  stop(): void;
}

export interface EarParts {
  readonly introductions: Introductions;
  readonly beats: Beats;
  readonly legacy: LegacyAgents;
  readonly rejections: RejectionLog;
}

export function createEars({ introductions, beats, legacy, rejections }: EarParts): Ears {
  const counts = new Map<MessageType, number>();
  let waiting: UserMessage[] = [];
  /** How many of them have been heard, and the bytes of the others. */
  let heard = 0;
  let waitingBytes = 0;
  let dropped = 0;
  let isDue = false;
  let stopped = false;

  function listen(): void {
    isDue = false;
    const ends = performance.now() + agentLimits.listenMs;
    while (heard < waiting.length && performance.now() < ends) {
      const message = waiting[heard++] as UserMessage;
      waitingBytes -= message.bytes.length;
      hearOne(message);
    }
    if (heard < waiting.length) {
      // What was heard is let go of by and by, so that it costs little and keeps no more than what waits.
      if (heard > waiting.length / 2) letGo();
      isDue = true;
      setImmediate(listen);
      return;
    }
    letGo();
  }

  function letGo(): void {
    waiting = waiting.slice(heard);
    heard = 0;
  }

  function hearOne({ from, bytes }: UserMessage) {
    if (!isOurs(bytes)) return legacy.hear(bytes, from);
    const decoded = decode(bytes);
    if ('rejected' in decoded) return rejections.note(nameless, decoded.rejected, placeText(from));
    const { message, seal } = decoded;
    counts.set(message.type, (counts.get(message.type) ?? 0) + 1);
    switch (message.type) {
      case 'greet':
        return introductions.greeting(message, from);
      case 'hello':
        return introductions.hello({ message, seal }, from);
      case 'beat':
      case 'farewell':
        return beats.hear({ message, seal }, from);
      case 'present':
      case 'welcome':
      case 'refused':
      case 'ack':
        return rejections.note(nameless, 'malformed', placeText(from));
      default:
        return assertNever(message);
    }
  }

  return {
    counts,
    get dropped() {
      return dropped;
    },
    hear(batch) {
      if (stopped) return;
      for (const message of batch) {
        const isTooMuch = waitingBytes + message.bytes.length > agentLimits.messagesWaitingBytesMax;
        if (isTooMuch || waiting.length - heard >= agentLimits.messagesWaitingMax) dropped += 1;
        else {
          waiting.push(message);
          waitingBytes += message.bytes.length;
        }
      }
      if (!isDue) listen();
    },
    stop() {
      stopped = true;
      waiting = [];
    },
  };
}
