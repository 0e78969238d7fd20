/**
 * What goes into the membership rules and what comes out: values only, so that a socket, a test and a simulation of a thousand
 * members drive the same machine. Streams that the rules open have numbers of their own; a request that came in has the number
 * that the transport gave it, and its reply names that one.
 */
import type { Address } from './address.ts';
import type { Message } from './messages.ts';
import type { SwimLimits } from './swim-limits.ts';
import type { Timing } from './timing.ts';

export type MemberState = 'alive' | 'suspect' | 'dead' | 'left';

export interface Member extends Address {
  readonly name: string;
  /** What the member says of itself, at most 512 bytes. */
  readonly meta: Uint8Array;
  /** Protocol and application versions: `[min, max, current, min, max, current]`. */
  readonly vsn: Uint8Array;
  readonly incarnation: number;
  readonly state: MemberState;
  /** When it came to be in that state. */
  readonly since: number;
}

export interface SelfDescription extends Address {
  readonly name: string;
  readonly meta: Uint8Array;
  /** Default: protocol 1 to 5, spoken 2; application 0. */
  readonly vsn?: Uint8Array;
}

export interface SwimSettings {
  readonly timing: Timing;
  readonly limits: SwimLimits;
  /** Milliseconds after which a dead member's name may come back from another address; 0: only once it left or was forgotten. */
  readonly deadReclaimMs: number;
  /** Milliseconds between attempts to reach failed members and configured addresses that are no members; 0 switches them off. */
  readonly rejoinIntervalMs: number;
  /** Milliseconds for which a failed member is looked for. */
  readonly rejoinForMs: number;
  /** Says no to a member that must not come in, by its name, address and what it says of itself. */
  readonly admits?: (newcomer: { readonly name: string; readonly meta: Uint8Array } & Address) => boolean;
}

/** Why the rules did not do what something asked for; counted, never thrown. */
export const swimRefusals = [
  'address-conflict',
  'incompatible-version',
  'message-too-large',
  'misplaced-message',
  'not-admitted',
  'not-for-us',
  'queue-full',
  'too-many-members',
  'too-many-relays',
  'unknown-acknowledgement',
  'unknown-member',
  'version-clash',
] as const;
export type SwimRefusal = (typeof swimRefusals)[number];

export type Input =
  /** Time has passed. Only this fires deadlines: what came in before it is to be passed on before it. */
  | { readonly type: 'tick' }
  | { readonly type: 'datagram'; readonly messages: readonly Message[]; readonly from: Address }
  /** A datagram to this address was refused: by something on the way (`remote`), or by this machine. */
  | { readonly type: 'sendFailed'; readonly to: Address; readonly remote: boolean }
  /** The first message of a stream that somebody opened to us. */
  | { readonly type: 'request'; readonly stream: number; readonly message: Message; readonly from: Address }
  /** The answer on a stream that an output `open` asked for. */
  | { readonly type: 'response'; readonly stream: number; readonly message: Message }
  | { readonly type: 'streamFailed'; readonly stream: number; readonly why: string }
  /** `remember`: look for these again whenever none of the members is there. Answered by one output `joined`. */
  | { readonly type: 'join'; readonly addresses: readonly Address[]; readonly remember: boolean }
  /** Answered by one output `left`, at the latest after `timeoutMs`. */
  | { readonly type: 'leave'; readonly timeoutMs: number }
  /** Answered by one output `metaSpread`. */
  | { readonly type: 'updateMeta'; readonly meta: Uint8Array }
  | { readonly type: 'sendUser'; readonly to: string | Address; readonly bytes: Uint8Array; readonly reliable: boolean }
  /** To everybody, by rumour, several times over: whoever takes it tells copies apart. A newer one with the same key replaces it. */
  | { readonly type: 'broadcastUser'; readonly bytes: Uint8Array; readonly key?: string };

export type MemberChange =
  | 'joined'
  | 'updated'
  | 'suspected'
  /** It was suspected, and refuted. */
  | 'cleared'
  | 'failed'
  | 'left'
  /** It was dead or had left for long enough, and is no longer in the list. */
  | 'forgotten'
  /** Somebody claims its name from another address; the member stays as it was. */
  | 'conflict';

export interface JoinResult {
  readonly address: Address;
  /** Why it failed, as a sentence; undefined: it is done. */
  readonly failure: string | undefined;
}

export type Output =
  /** One datagram; it fits. `crc`: the receiver understands checksums. */
  | { readonly type: 'send'; readonly to: Address; readonly messages: readonly Message[]; readonly crc: boolean }
  /** Open a stream, write this, and, where a reply is expected, give it back as `response` or say `streamFailed`. */
  | {
      readonly type: 'open';
      readonly stream: number;
      readonly to: Address;
      readonly message: Message;
      readonly deadline: number;
      readonly expectsReply: boolean;
    }
  /** Write this on the stream of a request, and close it. */
  | { readonly type: 'reply'; readonly stream: number; readonly message: Message }
  /** Close the stream of a request without a word. */
  | { readonly type: 'close'; readonly stream: number }
  | { readonly type: 'member'; readonly change: MemberChange; readonly member: Member }
  | { readonly type: 'user'; readonly bytes: Uint8Array; readonly from: Address }
  /** What a partner of an exchange said for its application. */
  | { readonly type: 'userState'; readonly bytes: Uint8Array; readonly join: boolean }
  | { readonly type: 'joined'; readonly results: readonly JoinResult[] }
  /** The new description was sent as often as a rumour is, or there is nobody to tell. */
  | { readonly type: 'metaSpread' }
  /** `complete`: the news of it was sent as often as a rumour is, or there is nobody to tell. */
  | { readonly type: 'left'; readonly complete: boolean };

export interface SwimCounters {
  probes: number;
  probesFailed: number;
  /** Probes whose answer came by way of another member. */
  probesRelayed: number;
  /** Probes that only TCP answered: UDP between the two does not work. */
  probesByTcp: number;
  suspicions: number;
  refutes: number;
  pushPulls: number;
  pushPullsFailed: number;
  /** How often this member found that it had been asleep, and gave the others time. */
  stalls: number;
  readonly refused: Record<SwimRefusal, number>;
}

export interface Swim {
  /** Applies one input. `now` never goes back. Changes nothing but its own state; the outputs are to be carried out in order. */
  step(input: Input, now: number): readonly Output[];
  /** The earliest moment at which a tick may have something to do: before it, there is nothing. */
  wakeAt(): number;
  /** Everybody that is known, oneself included, in the order of their names. */
  members(): readonly Member[];
  /** 0: well. Higher: this member misses answers, and probes more slowly. */
  awareness(): number;
  queueLength(): number;
  counters(): SwimCounters;
}
