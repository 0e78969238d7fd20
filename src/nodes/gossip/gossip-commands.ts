/**
 * What the owner of a member asks of it, and what it says back: values that can travel between threads. A command with an
 * `id` is answered by one notice `done` with the same; the others are not answered.
 */
import type { ListenAddress } from '../listen-address.ts';
import type { Address } from './address.ts';
import type { GossipCounters, GossipKeyOutcome, GossipKeyView } from './gossip.ts';
import type { Batch } from './inbox.ts';
import type { JoinResult, Member } from './swim-interface.ts';
import type { Timing } from './timing.ts';
import type { TransportLimits } from './transport-limits.ts';

/** `GossipOptions` with everything decided: names resolved, keys looked at, defaults filled in. */
export interface MemberSettings {
  readonly name: string;
  readonly bind: ListenAddress;
  /** Port 0: the one that it is bound to. */
  readonly advertise: Address;
  /** In base64; the first one seals. */
  readonly keys: readonly [string, ...string[]];
  readonly meta: Uint8Array;
  readonly vsn: Uint8Array;
  readonly timing: Timing;
  readonly compress: boolean;
  readonly limits: TransportLimits;
  readonly rejoinIntervalMs: number;
}

export type KeyAction = 'install' | 'use' | 'remove';

export type Command =
  | { readonly type: 'send'; readonly to: string | Address; readonly bytes: Uint8Array; readonly reliable: boolean }
  | { readonly type: 'broadcast'; readonly bytes: Uint8Array; readonly key?: string }
  /** The last batch was taken. */
  | { readonly type: 'taken' }
  | ({ readonly id: number } & Question);

/** A command that is answered. */
export type Question =
  | { readonly type: 'join'; readonly addresses: readonly Address[]; readonly remember: boolean }
  | { readonly type: 'describe'; readonly meta: Uint8Array }
  | { readonly type: 'leave'; readonly timeoutMs: number }
  | { readonly type: 'listKeys' }
  | { readonly type: 'changeKeys'; readonly action: KeyAction; readonly key: string }
  | { readonly type: 'counters' }
  | { readonly type: 'close' };

/** What each question is answered with. */
export interface Answers {
  readonly join: readonly JoinResult[];
  readonly describe: undefined;
  readonly leave: boolean;
  readonly listKeys: readonly GossipKeyView[];
  readonly changeKeys: GossipKeyOutcome;
  readonly counters: GossipCounters;
  readonly close: undefined;
}

export interface Started {
  readonly advertised: Address;
  readonly port: number;
  readonly self: Member;
}

export type Notice =
  | ({ readonly type: 'batch' } & Batch)
  | { readonly type: 'done'; readonly id: number; readonly answer: Answers[Question['type']] }
  /** It does nothing any more. */
  | { readonly type: 'broken'; readonly error: Error };
