/**
 * Every limit of the membership rules in one table. Whoever holds the gossip key can send anything, and a fault can send it
 * often: nothing that grows with what comes in grows further than this. What is beyond is counted under the reason that is named.
 *
 *     limit                  what happens beyond
 *     members                unknown members are ignored: `too-many-members`
 *     relays                 an indirect ping is not passed on: `too-many-relays`
 *     broadcasts             the rumour that was sent most often is dropped: `queue-full`
 *     userBroadcasts         the same, among those of the application
 *     exchanges              further addresses of a join wait for their turn; a periodic exchange is left out
 *     lost                   the member that failed first is no longer looked for
 *     userBytes              a message over UDP or by rumour is refused to its sender: `message-too-large`
 *     reliableBytes          the same over TCP
 */
import { sealBytes } from './key-ring.ts';
import { wireLimits } from './wire-limits.ts';

export interface SwimLimits {
  readonly members: number;
  readonly relays: number;
  readonly broadcasts: number;
  readonly userBroadcasts: number;
  readonly exchanges: number;
  readonly lost: number;
  readonly userBytes: number;
  readonly reliableBytes: number;
}

const checksumBytes = 5;
const compoundBytes = 2;
/** The length that stands before each part of a compound. */
export const partBytes = 2;
/** What of a datagram is left for messages, each of which costs `partBytes` more. */
export const packetBudget = wireLimits.datagramBytesMax - sealBytes - checksumBytes - compoundBytes;

export const swimLimits: SwimLimits = {
  members: 20_000,
  relays: 1_024,
  broadcasts: 20_000,
  userBroadcasts: 1_024,
  exchanges: 16,
  lost: 1_024,
  userBytes: packetBudget - partBytes - 1,
  // Sealed and with its header it still fits the longest frame.
  reliableBytes: 20 * 1_024 * 1_024 - 256,
};

/** An incarnation and a sequence number are 32 bits without a sign. */
export const wordMax = 2 ** 32 - 1;
