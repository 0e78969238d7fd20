/**
 * All that one member holds while it gossips, and the smallest things that every rule does with it: tell the outside, count a
 * refusal, draw a whole number. The rules themselves are in the files beside this one; each changes this one object in place.
 */
import type { Address } from './address.ts';
import type { BroadcastQueue } from './broadcast-queue.ts';
import type { Suspicion } from './suspicion.ts';
import type {
  JoinResult,
  Member,
  MemberChange,
  Output,
  SelfDescription,
  SwimCounters,
  SwimRefusal,
  SwimSettings,
} from './swim-interface.ts';
import { wordMax } from './swim-limits.ts';

/** A member as the rules change it. */
export interface MemberRecord extends Address {
  readonly name: string;
  address: string;
  port: number;
  meta: Uint8Array;
  vsn: Uint8Array;
  incarnation: number;
  state: Member['state'];
  since: number;
  /** Only while its state is `suspect`. */
  suspicion: Suspicion | undefined;
}

/** The one probe that is under way. */
export interface Probe {
  readonly target: MemberRecord;
  readonly incarnation: number;
  readonly sequence: number;
  /** When others are asked; undefined: they were. */
  askOthersAt: number | undefined;
  deadline: number;
  expectedNacks: number;
  receivedNacks: number;
  /** The stream of the TCP ping, and whether it was answered. */
  stream: number | undefined;
  answeredByTcp: boolean;
}

/** A ping that this member sent for somebody else. */
export interface Relay {
  readonly requester: Address;
  readonly sequence: number;
  readonly wantsNack: boolean;
  deadline: number;
}

/** Addresses that one `join` named; answered when each has a result. */
export interface JoinBatch {
  readonly waiting: Address[];
  readonly results: (JoinResult | undefined)[];
}

/** An exchange of everything with one address, begun here. */
export interface Exchange {
  readonly to: Address;
  readonly deadline: number;
  readonly join: { readonly batch: JoinBatch; readonly index: number } | undefined;
}

export interface SwimState {
  readonly settings: SwimSettings;
  readonly self: SelfDescription & { readonly vsn: Uint8Array };
  readonly chance: () => number;
  readonly records: Map<string, MemberRecord>;
  /** The same records in the order in which they are probed. */
  readonly list: MemberRecord[];
  probeIndex: number;
  incarnation: number;
  sequence: number;
  stream: number;
  awareness: number;
  readonly membership: BroadcastQueue;
  readonly user: BroadcastQueue;
  readonly suspects: Set<MemberRecord>;
  /** No suspicion ends before this. Kept, because a cluster that is cut in two suspects thousands, and every step asks. */
  suspicionsEndAt: number;
  probe: Probe | undefined;
  readonly relays: Map<number, Relay>;
  readonly exchanges: Map<number, Exchange>;
  readonly joins: Set<JoinBatch>;
  /** Failed members that are looked for, oldest first, and where they were. */
  readonly lost: Map<string, Address & { readonly since: number }>;
  readonly remembered: Map<string, Address>;
  leaving: { readonly deadline: number; done: boolean } | undefined;
  /** Whether the spreading of a new description is still to be told. */
  metaSpreading: boolean;
  probeAt: number;
  gossipAt: number;
  pushPullAt: number;
  rejoinAt: number;
  readonly counters: SwimCounters;
  outputs: Output[];
}

export function tell(state: SwimState, output: Output): void {
  state.outputs.push(output);
}

export function refuse(state: SwimState, reason: SwimRefusal): void {
  state.counters.refused[reason]++;
}

/** A whole number, at least 0 and less than `below`. */
export function drawBelow(state: SwimState, below: number): number {
  return Math.floor(state.chance() * below);
}

/** Sequence numbers begin at 1 and start again at 0. */
export function nextSequence(state: SwimState): number {
  state.sequence = state.sequence >= wordMax ? 0 : state.sequence + 1;
  return state.sequence;
}

export function isSelf(state: SwimState, name: string): boolean {
  return name === state.self.name;
}

export function selfRecord(state: SwimState): MemberRecord {
  return state.records.get(state.self.name) as MemberRecord;
}

/** A copy that nobody changes afterwards. */
export function memberOf({ suspicion: _, ...member }: MemberRecord): Member {
  return { ...member };
}

/** Tells of a change, but for those of this member itself, which it was asked for. */
export function tellChange(state: SwimState, change: MemberChange, record: MemberRecord): void {
  if (!isSelf(state, record.name)) tell(state, { type: 'member', change, member: memberOf(record) });
}

/** Above 2: the member says nack. Above 4: it understands checksums. */
export function protocolMax(record: MemberRecord): number {
  return record.vsn[1] ?? 0;
}
