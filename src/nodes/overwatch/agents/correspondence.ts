/**
 * How the overwatch writes to agents. A message over TCP comes from a port that nobody listens on, so the answer goes to
 * the member that has the agent's name, where there is one; an agent is a member before it says a word.
 */
import type { Address } from '../../gossip/address.ts';
import type { Gossip, MemberNews, UserMessage } from '../../gossip/gossip.ts';
import type { Member } from '../../gossip/swim-interface.ts';
import type { MessageOf } from '../../identity/agent-messages.ts';
import { encodeOpen, fitsDatagram } from '../../identity/agent-wire.ts';

/** What is to be known of an address or a member, to write there. */
export type Sender = UserMessage['from'];

export interface Correspondence {
  /** An unsealed message, over TCP. */
  say(agent: string, from: Sender, message: MessageOf<'present'> | MessageOf<'refused'>): void;
  /** Bytes that are sealed already: a welcome over TCP, an acknowledgement in a datagram, since it will be asked for again. */
  send(agent: string, from: Sender, kind: 'welcome' | 'ack', bytes: Uint8Array): void;
  /** Where the agent is met in the gossip. */
  placeOf(agent: string, from: Sender): string;
  /** Whether a member with that name or at that `address:port` is there. */
  isThere(agent: string, place: string): boolean;
  membersAt(place: string): readonly Member[];
  heard(news: readonly MemberNews[]): void;
  /** The gossip broke down: nobody is there until it says so anew. */
  forgetAll(): void;
  readonly counts: ReadonlyMap<SentKind, number>;
}

/** Messages of this kind that were handed to the gossip; what the network does with them is counted there. */
export type SentKind = 'present' | 'welcome' | 'refused' | 'ack';

export function placeText({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function createCorrespondence(gossip: () => Pick<Gossip, 'send'> | undefined): Correspondence {
  const byName = new Map<string, Member>();
  const namesAt = new Map<string, Set<string>>();
  const counts = new Map<SentKind, number>();
  const isAlive = ({ state }: Member) => state === 'alive' || state === 'suspect';

  function forget(name: string): void {
    const known = byName.get(name);
    if (known === undefined) return;
    byName.delete(name);
    const place = placeText(known);
    const names = namesAt.get(place);
    names?.delete(name);
    if (names?.size === 0) namesAt.delete(place);
  }

  const there = (agent: string) => {
    const member = byName.get(agent);
    return member !== undefined && isAlive(member) ? member : undefined;
  };
  const send = (agent: string, from: Sender, kind: SentKind, bytes: Uint8Array) => {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const to = there(agent) === undefined ? from : agent;
    gossip()?.send(to, bytes, { reliable: kind !== 'ack' || !fitsDatagram(bytes) });
  };
  const membersAt = (place: string) => [...(namesAt.get(place) ?? [])].map((name) => byName.get(name) as Member);

  return {
    send,
    say: (agent, from, message) => send(agent, from, message.type, encodeOpen(message)),
    counts,
    placeOf: (agent, from) => placeText(there(agent) ?? from),
    isThere: (agent, place) => there(agent) !== undefined || membersAt(place).some(isAlive),
    membersAt,
    forgetAll() {
      byName.clear();
      namesAt.clear();
    },
    heard(news) {
      for (const { change, member } of news) {
        if (change === 'conflict') continue;
        forget(member.name);
        if (change === 'forgotten') continue;
        byName.set(member.name, member);
        const place = placeText(member);
        namesAt.set(place, (namesAt.get(place) ?? new Set()).add(member.name));
      }
    },
  };
}
