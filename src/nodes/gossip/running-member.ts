/** All that one running member holds, and the smallest things that are done with it: a step of the rules, an answer, a batch. */
import { systemClock } from '../clock.ts';
import type { Clock } from '../world.ts';
import type { Address } from './address.ts';
import type { Alarm } from './alarm.ts';
import type { GossipCounters } from './gossip.ts';
import type { Answers, MemberSettings, Notice, Question } from './gossip-commands.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { ringOf } from './key-changes.ts';
import type { KeyRing } from './key-ring.ts';
import { type Message, messageTypes } from './messages.ts';
import { createRoundTrips, type RoundTrips } from './round-trips.ts';
import type { MemberState, Swim } from './swim-interface.ts';
import type { Transport } from './transport.ts';
import { zeros } from './transport-counts.ts';

/** What there is before a socket is open. */
export interface MemberParts {
  readonly settings: MemberSettings;
  readonly tell: (notice: Notice) => void;
  readonly clock: Clock;
  readonly inbox: Inbox;
  readonly roundTrips: RoundTrips;
  readonly sent: Record<Message['type'], number>;
  readonly received: Record<Message['type'], number>;
  ring: KeyRing;
}

export interface RunningMember extends MemberParts {
  readonly transport: Transport;
  readonly swim: Swim;
  readonly alarm: Alarm;
  /** Whoever waits: for a join by its first address, which no other join has. */
  readonly joins: Map<Address, number>;
  readonly describes: number[];
  readonly leaves: number[];
  /** What leaving came to; undefined: it has not left. */
  left: boolean | undefined;
  /** Undefined: it is to be looked at again. */
  memberAddresses: ReadonlySet<string> | undefined;
  isGiving: boolean;
  isClosed: boolean;
}

export function memberParts(settings: MemberSettings, tell: (notice: Notice) => void): MemberParts {
  return {
    ...{ settings, tell, clock: systemClock(), ring: ringOf(settings.keys) },
    ...{ inbox: createInbox(settings.limits), roundTrips: createRoundTrips() },
    ...{ sent: zeros(messageTypes), received: zeros(messageTypes) },
  };
}

/** Later, so that nobody is told anything while asking. */
export function answer<Type extends Question['type']>({ tell }: MemberParts, id: number, _type: Type, said: Answers[Type]): void {
  setImmediate(tell, { type: 'done', id, answer: said });
}

/** At the end of this turn, so that all that came in it is one batch. */
export function giveSoon(member: RunningMember): void {
  if (member.isGiving) return;
  member.isGiving = true;
  setImmediate(() => {
    member.isGiving = false;
    const batch = member.isClosed ? undefined : member.inbox.give();
    if (batch !== undefined) member.tell({ type: 'batch', ...batch });
  });
}

export function isMemberAddress(member: RunningMember, address: string): boolean {
  member.memberAddresses ??= new Set(member.swim.members().map((one) => one.address));
  return member.memberAddresses.has(address);
}

export function countersOf({ sent, received, transport, swim, roundTrips }: RunningMember): GossipCounters {
  const members: Record<MemberState, number> = { alive: 0, suspect: 0, dead: 0, left: 0 };
  for (const member of swim.members()) members[member.state] += 1;
  return {
    ...{ sent: { ...sent }, received: { ...received }, ...structuredClone(transport.counts) },
    ...{ swim: swim.counters(), members, queueLength: swim.queueLength(), awareness: swim.awareness() },
    roundTrips: roundTrips.counts(),
  };
}

export async function closeMember(member: RunningMember): Promise<void> {
  if (member.isClosed) return;
  member.isClosed = true;
  member.alarm.stop();
  await member.transport.close();
}
