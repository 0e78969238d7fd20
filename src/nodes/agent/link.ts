/**
 * One overwatch node as the agent sees it, and what every part that deals with it needs. The deciding is done in
 * `introductions.ts` (who is believed) and `overwatch-links.ts` (who is told what, and when).
 */
import type { RejectionReason } from '../../events/catalogue/agents.ts';
import { assertNever } from '../../projections/assert-never.ts';
import type { Claims, MessageOf, Signals } from '../identity/agent-messages.ts';
import type { AgentSelf, Introduced } from '../identity/handshake-of-agent.ts';
import { rejectionSentences } from '../identity/rejections.ts';
import type { Chance, Clock } from '../world.ts';
import type { Outbox } from './outbox.ts';
import type { Pins } from './pins.ts';
import type { Reconnect } from './reconnect.ts';

/** Where a node is reached. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

/** How the links reach the network. */
export interface Carrier {
  /** Makes this agent a member beside the node. Rejects with a sentence where it does not answer. */
  join(node: string): Promise<Place>;
  /** Does not wait. `reliable`: over TCP. */
  send(to: Place, bytes: Uint8Array, reliable: boolean): void;
}

/** What is told of a link, for the log and the counters. */
export type LinkNews =
  | { readonly kind: 'welcomed'; readonly node: string; readonly overwatch: string; readonly declined: MessageOf<'welcome'>['declined'] }
  | { readonly kind: 'unreachable'; readonly node: string; readonly why: string }
  /** It was not believed here, or did not believe this agent. */
  | { readonly kind: 'refused'; readonly node: string; readonly by: 'agent' | 'overwatch'; readonly reason: RejectionReason }
  | { readonly kind: 'lost'; readonly node: string; readonly why: string }
  | { readonly kind: 'sent'; readonly node: string; readonly withClaims: boolean }
  /** It has everything, so long after it was first told the newest of it. */
  | { readonly kind: 'acknowledged'; readonly node: string; readonly afterMs: number };

export interface LinkOptions {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly carrier: Carrier;
  /** Of this start. */
  readonly boot: number;
  /** As the configuration in force has it. */
  readonly self: () => AgentSelf;
  readonly intervalMs: number;
  /** What was measured last; null: signals mean nothing here. */
  readonly signals: () => Signals | null;
  readonly pins: Pins;
  readonly outbox: Outbox<Claims>;
  readonly reconnect: Reconnect;
  /** 16 random bytes. */
  readonly nonce: () => Uint8Array;
  readonly told: (news: LinkNews) => void;
}

/** The agent greets, and what came of it so far. */
export interface Attempt {
  readonly nonce: Uint8Array;
  /** When the greeting is said again, and how long after that once more. */
  repeatAt: number;
  repeatMs: number;
  readonly repeatUntil: number;
  /** Once the node presented itself: it, and the fingerprint that was pinned under its name then. */
  introduced?: Introduced;
  pinned?: string | undefined;
}

export interface Session {
  readonly overwatch: string;
  /** Seals every message of the two. */
  readonly key: Uint8Array;
}

export interface Link {
  readonly node: string;
  place?: Place;
  attempt?: Attempt | undefined;
  session?: Session | undefined;
  greetedAt?: number;
  /** Since when claims wait for an acknowledgement; undefined: none do. Counted anew with each greeting. */
  waitingSince?: number | undefined;
  /** When it was first told what it has not acknowledged yet; undefined: it has everything. */
  behindSince?: number | undefined;
  /** Why it is not reached, or what it does not let this agent speak for, in a sentence; undefined: all is well. */
  trouble?: string | undefined;
  /** The longest time for which resolvers keep an answer with this agent's backends, as this node says. */
  ttlSeconds?: number | undefined;
}

/**
 * What is the matter with a link after this news; what only goes on leaves it as it was.
 *
 *     news                                            the matter
 *     not reached, refused, away                      that sentence
 *     welcomed, and services were declined            which, and why
 *     welcomed                                        nothing
 *     something was sent or acknowledged              as before
 */
export function troubleAfter(news: LinkNews, before: string | undefined): string | undefined {
  switch (news.kind) {
    case 'unreachable':
    case 'refused':
    case 'lost':
      return linkSentence(news);
    case 'welcomed': {
      const declined = news.declined.map(({ service, reason }) => `${service} (${reason})`);
      return declined.length === 0 ? undefined : `${news.node} does not let this agent speak for ${declined.join(', ')}`;
    }
    case 'sent':
    case 'acknowledged':
      return before;
    default:
      return assertNever(news);
  }
}

/** What became of a link, in a sentence for people. */
export function linkSentence(news: LinkNews): string {
  switch (news.kind) {
    case 'welcomed':
      return `${news.overwatch} at ${news.node} knows this agent`;
    case 'unreachable':
      return `${news.node} cannot be reached: ${news.why}`;
    case 'refused':
      return `${news.by === 'agent' ? `what answers at ${news.node} is not believed` : `${news.node} refuses this agent`} (${news.reason}): ${rejectionSentences[news.reason]}`;
    case 'lost':
      return `${news.node} is away: ${news.why}`;
    case 'sent':
      return `${news.node} was told ${news.withClaims ? 'everything' : 'that this agent lives'}`;
    case 'acknowledged':
      return `${news.node} knows everything`;
    default:
      return assertNever(news);
  }
}
