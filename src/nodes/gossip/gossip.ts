/**
 * What a node sees of the gossip: who is there, messages there and back, and the keys. Where it runs, in a thread of its own or in
 * this one, cannot be told from here. Made by `startGossip` in start-gossip.ts. It knows nothing of agents, health or DNS.
 */
import type { Address } from './address.ts';
import type { Message } from './messages.ts';
import type { RejectionReason } from './rejections.ts';
import type { Member, MemberChange, MemberState, SwimCounters } from './swim-interface.ts';
import type { Timing, TimingPreset } from './timing.ts';
import type { DropReason, TransportLimits } from './transport-limits.ts';

export interface GossipOptions {
  /** Unlike every other member's, at most 255 bytes. */
  readonly name: string;
  /** `address:port` of the UDP socket and the TCP listener, as `gossip.bind_address` has it. Port 0: one that is free for both. */
  readonly bind: string;
  /**
   * `host:port` at which others find it; port 0: the one that it is bound to. Default: the address that it is bound to, or
   * else a private address of this machine. Start fails where there is none.
   */
  readonly advertise?: string;
  /** 32 bytes in base64. Start fails with a sentence that shows how to make one where it is empty or anything else. */
  readonly key: string;
  /** Keys that open, but do not seal. Default: none. */
  readonly otherKeys?: readonly string[];
  /** What it says of itself, at most 512 bytes. Default: nothing. */
  readonly meta?: Uint8Array;
  /** Default `lan`. */
  readonly preset?: TimingPreset;
  /** Single timings in place of the preset's. */
  readonly timing?: Partial<Timing>;
  /** Least, greatest and spoken version of the application, the same range in all members. Default 0, 0, 0. */
  readonly applicationVersions?: readonly [min: number, max: number, current: number];
  /** Whether what it sends is compressed where that makes it smaller; what comes in is unpacked in any case. Default: no. */
  readonly compress?: boolean;
  /** Default: see transport-limits.ts. */
  readonly limits?: Partial<TransportLimits>;
  /** Milliseconds between attempts to find members that failed, and addresses that were joined with `remember`. Default 30,000; 0: never. */
  readonly rejoinIntervalMs?: number;
  /** Whether it runs in a worker thread, so that a busy main thread starves no probe. Default: yes; no: for simulations and small tests. */
  readonly thread?: boolean;
  readonly hears: GossipListeners;
}

/** Called in the main thread, never while another of them runs. What one throws is not caught. */
export interface GossipListeners {
  /** Messages of the application, in no promised order; what was broadcast comes several times. */
  readonly messages?: (batch: readonly UserMessage[]) => void;
  /** What became of others; see `MemberNews`. */
  readonly members?: (batch: readonly MemberNews[]) => void;
  /** It broke down and will do nothing any more; not called after `close`. The error is a sentence. */
  readonly failed?: (error: Error) => void;
}

export interface UserMessage {
  /** Where it came from: over UDP the member's own address, over TCP with a port that nobody listens on. Proves nothing. */
  readonly from: Address;
  readonly bytes: Uint8Array;
}

/**
 * At most one for each member in one batch: what happened while the listener was busy becomes the last of it. A member that
 * has `joined` and changed since is still told as `joined`.
 */
export interface MemberNews {
  readonly change: MemberChange;
  readonly member: Member;
}

export interface Gossip {
  readonly name: string;
  /** Where others find it. */
  readonly advertised: Address;
  /** The port that it is bound to. */
  readonly port: number;
  /** Everybody that is known, oneself included, in the order of their names: as of the news that was told last. */
  members(): readonly Member[];
  /**
   * Exchanges everything with each `host:port`; names are resolved each time, and the port may be left out for 7946.
   * Settles when each has its result, at the latest after the preset's TCP timeout for every 16 addresses. Never rejects
   * for an address that does not answer. `remember`: it is looked for again whenever no member is there. Default: no.
   */
  join(addresses: readonly string[], options?: { readonly remember?: boolean }): Promise<readonly JoinOutcome[]>;
  /**
   * To a member by name, or to an address. `reliable`: over TCP, at most 20 MiB; else one datagram of at most `userBytesMax`
   * bytes, at most once. Does not wait and does not throw: what cannot be sent is counted.
   */
  send(to: string | Address, bytes: Uint8Array, options?: { readonly reliable?: boolean }): void;
  /** To everybody, as a rumour, at most `userBytesMax` bytes. A newer one with the same key replaces it. */
  broadcast(bytes: Uint8Array, key?: string): void;
  /** Says something else of itself, at most 512 bytes. Settles when that was sent as often as a rumour is. */
  describe(meta: Uint8Array): Promise<void>;
  /** Leaves in order; `close` is still to be called. True: the news was sent as often as a rumour is, or nobody was there. */
  leave(timeoutMs: number): Promise<boolean>;
  readonly keys: GossipKeys;
  /** Exact as of now. Rejects once it is closed or broken. */
  counters(): Promise<GossipCounters>;
  /** Closes the sockets and ends the thread, without a goodbye. May be called twice. */
  close(): Promise<void>;
}

export interface JoinOutcome {
  /** As it was given. */
  readonly address: string;
  /** Why it failed, as a sentence; undefined: it is done. */
  readonly failure: string | undefined;
}

/** Keys in use on one node. Rotation: install on every member, use on every member, remove the old one on every member. */
export interface GossipKeys {
  list(): Promise<readonly GossipKeyView[]>;
  /** Makes a key one that opens. */
  install(key: string): Promise<GossipKeyOutcome>;
  /** Makes an installed key the one that seals. */
  use(key: string): Promise<GossipKeyOutcome>;
  /** Refused for the one that seals. */
  remove(key: string): Promise<GossipKeyOutcome>;
}

export interface GossipKeyView {
  /** 16 hex digits that name the key and do not tell it. */
  readonly fingerprint: string;
  /** Whether it seals. */
  readonly primary: boolean;
}

/** `refused`: why not, as a sentence with its remedy. `changed`: whether the ring is another one now. */
export type GossipKeyOutcome =
  | { readonly keys: readonly GossipKeyView[]; readonly fingerprint: string; readonly changed: boolean }
  | { readonly refused: string };

/** All counts are since the start. */
export interface GossipCounters {
  /** Messages that were sent and were taken, by their type. */
  readonly sent: Readonly<Record<Message['type'], number>>;
  readonly received: Readonly<Record<Message['type'], number>>;
  readonly datagrams: Flow;
  readonly streams: Flow;
  /** What came in and was not taken, by reason; `undecryptable` are those that no key opens. */
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  /** What was given up because a limit was reached, or the network refused. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Suspicions, refutes, probes and what the rules refused. */
  readonly swim: SwimCounters;
  /** Now: members by state, oneself included. */
  readonly members: Readonly<Record<MemberState, number>>;
  /** Now: rumours that wait to be sent. */
  readonly queueLength: number;
  /** Now: 0 is well; up to 7: this member misses answers, and probes more slowly. */
  readonly awareness: number;
  readonly roundTrips: RoundTripCounts;
}

export interface Flow {
  readonly sent: number;
  readonly sentBytes: number;
  readonly received: number;
  readonly receivedBytes: number;
}

/** Round trips of direct probes over UDP. */
export interface RoundTripCounts {
  readonly count: number;
  readonly sumMs: number;
  /** For each upper bound in milliseconds how many took at most that long. */
  readonly buckets: readonly { readonly mostMs: number; readonly count: number }[];
}
