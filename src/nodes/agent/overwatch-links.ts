/**
 * What goes to the overwatch nodes of the configuration and what they say to it: the outbox's messages, sealed for each;
 * acknowledgements; news of members. Each node goes its own way. It owns no socket: what goes out goes through the
 * carrier, and what came in is given to `hear`, which believes nothing without its seal.
 *
 * A node that knows this agent is greeted again, and told everything meanwhile, when its member came back or changed,
 * when it says that it does not know this agent, and when it acknowledges nothing for long. One that the gossip says is
 * away is sought, and told everything all the same: that is anybody's word.
 */
import { assertNever } from '../../projections/assert-never.ts';
import { endpointText } from '../../projections/endpoint.ts';
import type { Claims, MessageOf } from '../identity/agent-messages.ts';
import { type Decoded, decode, encodeSealed, fitsDatagram, sealFits } from '../identity/agent-wire.ts';
import type { AgentStatus } from './control-messages.ts';
import { createIntroductions, type Introductions } from './introductions.ts';
import { type Link, type LinkNews, type LinkOptions, type Place, troubleAfter } from './link.ts';
import type { OutgoingBeat } from './outbox.ts';

type MemberPlace = Place & { readonly name: string };

export interface OverwatchLinks {
  /** Begins to reach every node. */
  start(): void;
  hear(bytes: Uint8Array): void;
  memberCame(member: MemberPlace): void;
  /** It failed, or left. */
  memberWent(member: MemberPlace, why: string): void;
  /** The outbox has something to send. */
  wake(): void;
  /** Introduces itself anew to every node that is reached: what it may speak for has changed. */
  introduceAgain(): void;
  /** For how long resolvers keep an answer with this agent's backends, as the nodes said. Undefined: none did. */
  longestTtlSeconds(): number | undefined;
  /** Says goodbye to every node that knows this agent, and nothing more after it. */
  farewell(): void;
  status(): AgentStatus['overwatches'];
  stop(): void;
}

/** A node that acknowledges nothing for so long may have forgotten who this agent is. */
const unheardMs = 15_000;

export function createOverwatchLinks(given: LinkOptions): OverwatchLinks {
  const { clock, chance, outbox, reconnect } = given;
  const links: readonly Link[] = reconnect.nodes().map(({ address: node }) => ({ node }));
  const told = (news: LinkNews) => {
    const link = links.find(({ node }) => node === news.node);
    if (link !== undefined) link.trouble = troubleAfter(news, link.trouble);
    given.told(news);
  };
  const options: LinkOptions = { ...given, told };
  let callOff = () => {};
  let isRunning = false;

  /** Everything that is due, and then when to look again. */
  const wake = () => {
    if (!isRunning) return;
    const now = clock.now();
    for (const beat of outbox.take(now)) sendBeat(links, beat, options, introductions);
    const due = reconnect.take(now, chance);
    for (const link of links) if (due.includes(link.node)) void introductions.reach(link);
    introductions.repeatGreetings();
    callOff();
    const moments = [outbox.wakeAt(), reconnect.wakeAt(), introductions.repeatAt()].filter((at) => at !== undefined);
    callOff = moments.length === 0 ? () => {} : clock.wakeAt(Math.min(...moments), wake);
  };
  const introductions = createIntroductions(links, options, wake);
  const isWelcomed = ({ node, session }: Link) =>
    session !== undefined && reconnect.nodes().some(({ address, isReached }) => address === node && isReached);
  const stop = () => {
    isRunning = false;
    callOff();
  };
  const linksOf = ({ address, port, name }: MemberPlace) =>
    links.filter(
      ({ node, place, session }) =>
        session?.overwatch === name || node === endpointText(address, port) || (place?.address === address && place.port === port),
    );

  return {
    start() {
      isRunning = true;
      wake();
    },
    hear(bytes) {
      if (isRunning) hear(links, decode(bytes), options, introductions);
      wake();
    },
    memberCame(member) {
      for (const link of linksOf(member)) {
        link.place ??= { address: member.address, port: member.port };
        introductions.greetAgain(link);
      }
      wake();
    },
    memberWent(member, why) {
      for (const link of linksOf(member).filter(isWelcomed)) {
        // Anybody with the gossip key can say so, so the session stands: what a dead node is told costs little, and one
        // that was only cut off hears it the moment that it is not.
        link.attempt = undefined;
        reconnect.lost(link.node, clock.now(), chance());
        told({ kind: 'lost', node: link.node, why });
      }
      wake();
    },
    wake,
    introduceAgain() {
      for (const link of links) if (link.session !== undefined) introductions.greetNow(link);
      wake();
    },
    longestTtlSeconds: () => links.reduce<number | undefined>((longest, { ttlSeconds }) => greater(longest, ttlSeconds), undefined),
    farewell() {
      // A heartbeat after it would overtake it, over UDP, and make it old news.
      stop();
      for (const { session, place } of links) {
        if (session === undefined || place === undefined) continue;
        const mark = { boot: options.boot, sequence: outbox.nextSequence() };
        const bytes = encodeSealed({ type: 'farewell', agent: options.self().agent, ...mark }, session.key);
        options.carrier.send(place, bytes, true);
      }
    },
    status: () => statusOf(links, options),
    stop,
  };
}

function hear(links: readonly Link[], decoded: Decoded, options: LinkOptions, introductions: Introductions) {
  if ('rejected' in decoded) return;
  const { message } = decoded;
  switch (message.type) {
    case 'present':
      return introductions.hearPresent(message);
    case 'welcome':
      return introductions.hearWelcome(decoded, message);
    case 'refused':
      return introductions.hearRefused(message);
    case 'ack':
      return hearAck(links, decoded, message, options);
    case 'greet':
    case 'hello':
    case 'beat':
    case 'farewell':
      // Meant for an overwatch: another agent's mistake, or a stranger's.
      return;
    default:
      return assertNever(message);
  }
}

function hearAck(links: readonly Link[], decoded: Decoded, message: MessageOf<'ack'>, { clock, outbox, told }: LinkOptions): void {
  if ('rejected' in decoded) return;
  for (const link of links) {
    if (link.session?.overwatch !== message.overwatch || !sealFits(decoded, link.session.key)) continue;
    if (!outbox.acknowledge(link.node, message.boot, message.sequence)) continue;
    Object.assign(link, { waitingSince: undefined, ttlSeconds: message.ttlSeconds ?? undefined });
    const isCurrent = outbox.deliveries().some(({ overwatch, isCurrent: is }) => overwatch === link.node && is);
    // It has what was so before; the newest is still on its way.
    if (!isCurrent) continue;
    told({ kind: 'acknowledged', node: link.node, afterMs: clock.now() - (link.behindSince ?? clock.now()) });
    link.behindSince = undefined;
  }
}

function sendBeat(
  links: readonly Link[],
  { overwatch: node, boot, sequence, claims }: OutgoingBeat<Claims>,
  { clock, carrier, self, intervalMs, signals, told }: LinkOptions,
  introductions: Introductions,
): void {
  const link = links.find((known) => known.node === node);
  if (link?.session === undefined || link.place === undefined) return;
  const { agent } = self();
  const beat = { type: 'beat', agent, boot, sequence, intervalMs, signals: signals(), claims: claims ?? null } as const;
  const bytes = encodeSealed(beat, link.session.key);
  carrier.send(link.place, bytes, !fitsDatagram(bytes));
  told({ kind: 'sent', node, withClaims: claims !== undefined });
  if (claims === undefined) return;
  link.behindSince ??= clock.now();
  link.waitingSince ??= clock.now();
  if (link.waitingSince + unheardMs > clock.now()) return;
  link.waitingSince = clock.now();
  introductions.greetAgain(link);
}

function statusOf(links: readonly Link[], { outbox, reconnect }: LinkOptions): AgentStatus['overwatches'] {
  return reconnect.nodes().map(({ address, isReached, failures }) => {
    const { session, trouble = null } = links.find(({ node }) => node === address) ?? {};
    const name = session?.overwatch ?? null;
    const delivery = outbox.deliveries().find(({ overwatch }) => overwatch === address);
    const { sent = 0, acknowledged = 0, isCurrent: current = false } = delivery ?? {};
    return { address, name, reached: isReached, failures, sent, acknowledged, current, trouble };
  });
}

function greater(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}
