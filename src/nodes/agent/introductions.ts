/**
 * Getting acquainted with the overwatch nodes: each greeting has a nonce of its own, which finds its answers again,
 * whatever address they come from. A session that stands is never given up for what a stranger could have sent.
 *
 *     new, or away --due--> joining --joined--> greeted --present--> introduced --welcome, pinned--> welcomed
 *          ^                   |                   |                     |
 *          +------failed-------+------nothing in time, refused-----------+
 */
import type { RejectionReason } from '../../events/catalogue/agents.ts';
import type { MessageOf } from '../identity/agent-messages.ts';
import { type Decoded, encodeOpen } from '../identity/agent-wire.ts';
import { greet, introduce, judgeWelcome } from '../identity/handshake-of-agent.ts';
import { isSame } from '../identity/proofs.ts';
import type { Link, LinkOptions } from './link.ts';

export interface Introductions {
  /** Joins the node and greets it; it is due. */
  reach(link: Link): Promise<void>;
  /** Greets a node that is reached. */
  greetNow(link: Link): void;
  /** The same, at most every five seconds: what anybody can cause shall cost little. */
  greetAgain(link: Link): void;
  /** Says greetings again that nobody answered: a node that has not heard yet that this agent is a member cannot. */
  repeatGreetings(): void;
  /** When there is one to be said again. */
  repeatAt(): number | undefined;
  hearPresent(message: MessageOf<'present'>): void;
  hearWelcome(decoded: Decoded, message: MessageOf<'welcome'>): void;
  hearRefused(message: MessageOf<'refused'>): void;
}

const greetAgainMs = 5_000;
/** After this a greeting is said again, then after twice this, and so on; and for how long. */
const repeatFirstMs = 250;
const repeatForMs = 15_000;

/** `moved`: something else may be due now, or at another moment than before. */
export function createIntroductions(links: readonly Link[], options: LinkOptions, moved: () => void): Introductions {
  const { clock, chance, carrier, boot, self, pins, outbox, reconnect, told } = options;

  const failed = (link: Link) => {
    link.attempt = undefined;
    reconnect.failed(link.node, clock.now(), chance());
    moved();
  };
  const refuse = (link: Link, by: 'agent' | 'overwatch', reason: RejectionReason) => {
    told({ kind: 'refused', node: link.node, by, reason });
    failed(link);
  };
  const greeted = (nonce: Uint8Array) => links.find(({ attempt }) => attempt !== undefined && isSame(attempt.nonce, nonce));

  const greetNow = (link: Link) => {
    if (link.place === undefined) return;
    const now = clock.now();
    link.attempt = { nonce: options.nonce(), repeatAt: now + repeatFirstMs, repeatMs: repeatFirstMs, repeatUntil: now + repeatForMs };
    link.greetedAt = now;
    carrier.send(link.place, encodeOpen(greet(self().agent, link.attempt.nonce)), true);
  };
  const unanswered = () =>
    links.flatMap(({ place, attempt }) =>
      place === undefined || attempt === undefined || attempt.introduced !== undefined || attempt.repeatAt > attempt.repeatUntil
        ? []
        : [{ place, attempt }],
    );
  const greetAgain = (link: Link) => {
    if ((link.greetedAt ?? 0) + greetAgainMs <= clock.now()) greetNow(link);
  };

  return {
    greetNow,
    greetAgain,
    repeatGreetings() {
      const now = clock.now();
      for (const { place, attempt } of unanswered().filter(({ attempt: { repeatAt } }) => repeatAt <= now)) {
        attempt.repeatMs *= 2;
        attempt.repeatAt = now + attempt.repeatMs;
        carrier.send(place, encodeOpen(greet(self().agent, attempt.nonce)), true);
      }
    },
    repeatAt() {
      const moments = unanswered().map(({ attempt: { repeatAt } }) => repeatAt);
      return moments.length === 0 ? undefined : Math.min(...moments);
    },
    async reach(link) {
      try {
        link.place = await carrier.join(link.node);
      } catch (error) {
        told({ kind: 'unreachable', node: link.node, why: (error as Error).message });
        return failed(link);
      }
      greetNow(link);
      moved();
    },
    hearPresent(message) {
      const link = greeted(message.agentNonce);
      if (link?.attempt === undefined || link.place === undefined || link.attempt.introduced !== undefined) return;
      const mark = { boot, sequence: outbox.nextSequence() };
      const pinned = pins.fingerprintOf(message.overwatch);
      const introduced = introduce(self(), message, { agentNonce: link.attempt.nonce, mark, pinned, now: clock.now() });
      if ('rejected' in introduced) return refuse(link, 'agent', introduced.rejected);
      Object.assign(link.attempt, { introduced, pinned });
      carrier.send(link.place, introduced.bytes, true);
    },
    hearWelcome(decoded, message) {
      const link = greeted(message.agentNonce);
      if (link?.attempt?.introduced === undefined) return;
      const { introduced, pinned } = link.attempt;
      const welcomed = judgeWelcome(self(), introduced, decoded);
      // Without its seal it is not the overwatch that says so, and the real answer may be on its way.
      if ('rejected' in welcomed && ['wrong-mac', 'malformed'].includes(welcomed.rejected)) return;
      if ('rejected' in welcomed) return refuse(link, 'agent', welcomed.rejected);
      const { certificate, key, declined } = welcomed;
      if (pins.pin(message.overwatch, certificate.fingerprint, pinned) === 'refused') return refuse(link, 'agent', 'fingerprint-mismatch');
      Object.assign(link, { attempt: undefined, waitingSince: undefined, session: { overwatch: message.overwatch, key } });
      reconnect.reached(link.node);
      outbox.add(link.node, clock.now());
      told({ kind: 'welcomed', node: link.node, overwatch: message.overwatch, declined });
      moved();
    },
    hearRefused({ overwatch, agentNonce, reason }) {
      const link = greeted(agentNonce);
      if (link !== undefined) return refuse(link, 'overwatch', reason);
      // A hint from anybody; the greeting makes the overwatch say it again, to this agent alone.
      if (reason !== 'agent-unknown' && reason !== 'revoked') return;
      for (const known of links) if (known.session?.overwatch === overwatch) greetAgain(known);
    },
  };
}
