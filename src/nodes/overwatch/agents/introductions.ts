/**
 * Letting agents in: a greeting is answered with who this overwatch is, a hello with a welcome, once the log says whom it
 * welcomes, or with the reason why not. Who may come in is decided by `judgeHello` and, against the state at its turn, by
 * the command; here its answer is carried out.
 *
 *     judged as      orders                          then
 *     known          pinAgent, if anything changed   welcome
 *     first-use      pinAgent                        welcome
 *     rotated        rotateAgent, pinAgent           welcome
 *     replaced       pinAgent                        welcome
 *     refused        none                            refused, agent.rejected
 *     order refused  -                               refused, agent.rejected
 *     disk refuses   -                               silence: the agent comes again
 */
import { type Command, isRefusal, type Refusal, type RefusalReason } from '../../../commands/command.ts';
import type { RejectionReason } from '../../../events/catalogue/agents.ts';
import type { MessageOf } from '../../identity/agent-messages.ts';
import type { Seal } from '../../identity/agent-wire.ts';
import { judgeHello, type Let, type OverwatchSelf, present } from '../../identity/handshake-of-overwatch.ts';
import type { Clock } from '../../world.ts';
import type { Correspondence, Sender } from './correspondence.ts';
import { agentLimits } from './limits.ts';
import type { OrderLanes } from './order-lanes.ts';
import type { RejectionLog } from './rejection-log.ts';
import { type Sessions, welcomed } from './sessions.ts';
import { createTokenBucket } from './token-bucket.ts';

export interface Introductions {
  greeting(message: MessageOf<'greet'>, from: Sender): void;
  hello(decoded: { readonly message: MessageOf<'hello'>; readonly seal: Seal | undefined }, from: Sender): void;
  readonly counts: IntroductionCounts;
}

export interface IntroductionCounts {
  welcomed: number;
  /** Greetings and helloes that were not looked into, because too many came. */
  passedOver: number;
  readonly refused: Map<RejectionReason, number>;
}

export interface IntroductionParts {
  readonly clock: Clock;
  /** With the tokens as they are now. */
  readonly self: () => OverwatchSelf;
  readonly sessions: Sessions;
  readonly lanes: OrderLanes;
  readonly rejections: RejectionLog;
  readonly correspondence: Correspondence;
}

export function createIntroductions(parts: IntroductionParts): Introductions {
  const { clock, self, sessions, lanes, rejections, correspondence } = parts;
  const counts: IntroductionCounts = { welcomed: 0, passedOver: 0, refused: new Map() };
  const mayGreet = createTokenBucket(clock, agentLimits.helloesAtOnce, agentLimits.helloesPerSecond);
  const mayCome = createTokenBucket(clock, agentLimits.helloesAtOnce, agentLimits.helloesPerSecond);

  function refuse({ agent, agentNonce }: MessageOf<'hello'>, from: Sender, reason: RejectionReason): void {
    counts.refused.set(reason, (counts.refused.get(reason) ?? 0) + 1);
    rejections.note(agent, reason, correspondence.placeOf(agent, from));
    correspondence.say(agent, from, { type: 'refused', overwatch: self().overwatch, agentNonce, reason });
  }

  /** One order after the other, and then the welcome. */
  function carryOut([command, ...others]: readonly Command[], message: MessageOf<'hello'>, from: Sender, entry: Let) {
    const { agent } = message;
    if (command === undefined) return welcome(agent, from, entry);
    // On a lane of its own: claims that come meanwhile must not take its place.
    lanes.give(`\0introduction of ${agent}`, { command, actor: { kind: 'agent', name: agent, address: from.address } }, (outcome) => {
      if (!isRefusal(outcome)) return carryOut(others, message, from, entry);
      const reason = rejectionOf(outcome);
      if (reason !== undefined) refuse(message, from, reason);
    });
  }

  function welcome(agent: string, from: Sender, { mark, welcome: bytes }: Let): void {
    const session = sessions.of(agent);
    // Revoked since it was judged: what was decided last holds.
    if (session === undefined) return;
    welcomed(session, mark);
    counts.welcomed += 1;
    correspondence.send(agent, from, 'welcome', bytes);
  }

  return {
    counts,
    greeting(message, from) {
      if (!mayGreet()) return void (counts.passedOver += 1);
      correspondence.say(message.agent, from, present(self(), message, clock.now()));
    },
    hello(decoded, from) {
      if (!mayCome()) return void (counts.passedOver += 1);
      const { message } = decoded;
      const judged = judgeHello(self(), decoded, sessions.trustIn(message.agent), clock.now());
      if ('rejected' in judged) return refuse(message, from, judged.rejected);
      const place = correspondence.placeOf(message.agent, from);
      carryOut(ordersFor(judged, message, place, sessions.of(message.agent)?.fingerprint), message, from, judged);
    },
  };
}

function ordersFor(
  { as, certificate: { fingerprint, der }, services }: Let,
  { agent, region }: MessageOf<'hello'>,
  address: string,
  pinned: string | undefined,
): readonly Command[] {
  const certificate = Buffer.from(der).toString('base64');
  const pin: Command = { kind: 'pinAgent', agent, fingerprint, certificate, region, services, address, legacy: false };
  if (as !== 'rotated' || pinned === undefined) return [pin];
  return [{ kind: 'rotateAgent', agent, fingerprint, previous: pinned, certificate }, pin];
}

const rejectionsOfRefusals: Partial<Record<RefusalReason, RejectionReason>> = {
  'agent-name-held': 'fingerprint-mismatch',
  'agent-revoked': 'revoked',
  'certificate-superseded': 'superseded-certificate',
  'no-service-proven': 'unknown-service',
  'too-many-agents': 'too-many-agents',
};

/** Undefined where the order could not be decided now: that is no fault of the agent. */
export function rejectionOf({ refused }: Refusal): RejectionReason | undefined {
  return rejectionsOfRefusals[refused];
}
