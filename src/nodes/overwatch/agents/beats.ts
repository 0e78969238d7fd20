/**
 * What welcomed agents say: signs of life, claims, farewells. What is not newer than all before it is refused before
 * anything is computed for it, then what is not sealed by the agent. Signs of life without news are joined into one fact;
 * a change is an order, and acknowledged once it is on stable storage.
 *
 *     the message              of an agent that    is            then
 *     any                      is not pinned       -             agent-unknown, or revoked; it is told
 *     not newer                is pinned           -             too-old-boot, replayed
 *     newer                    is pinned           not sealed    wrong-mac; it is told to introduce itself again
 *     a beat without news      is pinned           sealed        one fact with the others of these 20 ms
 *     the same                 is pinned, stale    sealed        the same, at once
 *     the same                 has no claims here  sealed        the same; it is told to introduce itself again
 *     the same                 claims what it did  sealed        the same; a reload has brought a token for it, so it is
 *                              not prove                         told to introduce itself again, once
 *     a beat with news         is pinned           sealed        an order; when it is durable, acknowledged
 *     a farewell               is pinned           sealed        an order
 */
import { beatNeedsOrder, hasToken, receiveClaims } from '../../../commands/claims.ts';
import { type Command, isRefusal } from '../../../commands/command.ts';
import type { RejectionReason } from '../../../events/catalogue/agents.ts';
import type { Beat } from '../../../events/catalogue/heartbeats.ts';
import type { Actor, Fact } from '../../../events/event.ts';
import { ttlSecondsOf } from '../../../projections/configuration.ts';
import { staleSinceOf } from '../../../projections/liveness.ts';
import type { State } from '../../../projections/state.ts';
import type { Outcome } from '../../engine.ts';
import type { MessageOf } from '../../identity/agent-messages.ts';
import { encodeSealed, type Seal, sealFits } from '../../identity/agent-wire.ts';
import { comparedWith } from '../../identity/high-water.ts';
import { nonceBytes } from '../../identity/proofs.ts';
import type { Clock } from '../../world.ts';
import type { Correspondence, Sender } from './correspondence.ts';
import type { JoinedBeats } from './joined-beats.ts';
import { agentLimits } from './limits.ts';
import type { OrderLanes } from './order-lanes.ts';
import type { RejectionLog } from './rejection-log.ts';
import { letIn, type Session, type Sessions } from './sessions.ts';
import { createTokenBucket } from './token-bucket.ts';

type Sealed = MessageOf<'beat'> | MessageOf<'farewell'>;

export interface Beats {
  hear(decoded: { readonly message: Sealed; readonly seal: Seal | undefined }, from: Sender): void;
  readonly counts: { readonly changes: number; readonly acknowledged: number };
}

export interface BeatParts {
  readonly state: State;
  readonly clock: Clock;
  /** The engine's. */
  readonly observe: (fact: Fact) => void;
  readonly overwatch: string;
  readonly sessions: Sessions;
  readonly lanes: OrderLanes;
  readonly joined: JoinedBeats;
  readonly rejections: RejectionLog;
  readonly correspondence: Correspondence;
}

/** What answers no greeting has no nonce to repeat. */
const noNonce = new Uint8Array(nonceBytes);

export function createBeats(parts: BeatParts): Beats {
  const { state, clock, observe, overwatch, sessions, lanes, joined, rejections, correspondence } = parts;
  const counts = { changes: 0, acknowledged: 0 };

  const reject = (agent: string, from: Sender, reason: RejectionReason) =>
    rejections.note(agent, reason, correspondence.placeOf(agent, from));
  const mayHint = createTokenBucket(clock, agentLimits.hintsAtOnce, agentLimits.hintsPerSecond);
  /** A hint: nobody believes it, but an honest agent introduces itself again. */
  const hint = (agent: string, from: Sender, reason: RejectionReason): boolean => {
    if (!mayHint()) return false;
    correspondence.say(agent, from, { type: 'refused', overwatch, agentNonce: noNonce, reason });
    return true;
  };
  /** What it could not prove when it came, it may prove now: a reload has brought the token. */
  function hintAtTokens(session: Session, agent: string, from: Sender): void {
    const inForce = state.configuration;
    if (session.tokensOf === inForce) return;
    const claimed = [...(state.claims.get(agent)?.backends.values() ?? [])];
    const proven = state.trust.get(agent)?.services ?? [];
    const isMissing = claimed.some(({ service }) => !proven.includes(service) && hasToken(state, service));
    if (!isMissing || hint(agent, from, 'agent-unknown')) session.tokensOf = inForce;
  }

  /** The session of an agent that has proven this message to be its own, and new. */
  function sessionOf(decoded: Parameters<Beats['hear']>[0], from: Sender): Session | undefined {
    const { message } = decoded;
    const { agent } = message;
    const session = sessions.of(agent);
    if (session === undefined) {
      const reason = state.trust.get(agent)?.revokedAt == null ? 'agent-unknown' : 'revoked';
      reject(agent, from, reason);
      hint(agent, from, reason);
      return undefined;
    }
    const order = comparedWith(session.mark, message);
    if (order !== 'newer') return void reject(agent, from, order);
    if (!sealFits(decoded, session.key)) {
      reject(agent, from, 'wrong-mac');
      // This node may have another certificate than the agent knows.
      hint(agent, from, 'agent-unknown');
      return undefined;
    }
    letIn(session, message);
    return session;
  }

  function order(command: Command, agent: string, from: Sender, settled: (outcome: Outcome) => void): void {
    const actor: Actor = { kind: 'agent', name: agent, address: from.address };
    lanes.give(agent, { command, actor }, settled);
  }

  function change(beat: Beat, from: Sender, { key }: Session): void {
    const { agent, boot, sequence } = beat;
    counts.changes += 1;
    joined.overtaken(agent);
    order({ kind: 'receiveClaims', beat }, agent, from, (outcome) => {
      if (isRefusal(outcome)) return outcome.refused === 'log-unavailable' ? seenWithoutDisk(beat) : undefined;
      rejections.noteFacts(outcome.events);
      // Without a fact they are not in the log, whatever else is: then the agent must say them again.
      if (outcome.events.length === 0 || beat.claims === undefined) return;
      counts.acknowledged += 1;
      correspondence.send(
        agent,
        from,
        'ack',
        encodeSealed({ type: 'ack', overwatch, boot, sequence, ttlSeconds: longestTtl(state, beat.claims) }, key),
      );
    });
  }

  /** The disk takes no orders, and DNS goes on: what the agent says counts as seen, and is not acknowledged. */
  function seenWithoutDisk(beat: Beat): void {
    const facts = receiveClaims({ kind: 'receiveClaims', beat }, state);
    if (!isRefusal(facts)) for (const fact of facts) observe(fact);
  }

  return {
    counts,
    hear(decoded, from) {
      const session = sessionOf(decoded, from);
      if (session === undefined) return;
      const { message } = decoded;
      const { agent } = message;
      if (message.type === 'farewell') {
        const { boot, sequence } = message;
        return order({ kind: 'agentLeft', agent, boot, sequence }, agent, from, () => {});
      }
      hintAtTokens(session, agent, from);
      const beat = beatOf(message);
      if (beatNeedsOrder(state, beat)) return change(beat, from, session);
      joined.add(beat, { atOnce: staleSinceOf(state.liveness, agent) !== null });
      if (!state.claims.has(agent)) hint(agent, from, 'agent-unknown');
    },
  };
}

function beatOf({ agent, boot, sequence, intervalMs, signals, claims }: MessageOf<'beat'>): Beat {
  return {
    ...{ agent, boot, sequence, intervalMs },
    ...(signals !== null && { signals }),
    ...(claims !== null && { claims: claimsOf(claims) }),
  };
}

function claimsOf({ missedThreshold, predictive, backends }: NonNullable<MessageOf<'beat'>['claims']>): NonNullable<Beat['claims']> {
  return { missedThreshold, ...(predictive !== null && { predictive }), backends: [...backends] };
}

/** For how long clients may still come to what an agent drains; null: its backends are in no answer. */
function longestTtl({ configuration: inForce }: State, { backends }: NonNullable<Beat['claims']>): number | null {
  const ttls = backends.flatMap(({ service }) => {
    const domain = inForce?.domains.get(service);
    return inForce === undefined || domain === undefined ? [] : [ttlSecondsOf(inForce.configuration, domain)];
  });
  return ttls.length === 0 ? null : Math.max(...ttls);
}
