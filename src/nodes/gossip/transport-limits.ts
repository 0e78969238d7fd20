/**
 * Every limit of the sockets in one table, and what is given up beyond each (I9). They are checked before anything is
 * allocated but the buffer that a datagram or a piece of a stream came in.
 *
 *     limit                 beyond it                                                               counted as
 *     datagramsASecond      they are dropped unread until the second is over                         flood
 *     garbageASecond        an address of no member that sent as much garbage is not read for the    garbage
 *                           rest of the second; members are, since anybody can forge their address
 *     garbageSources        addresses that are counted one by one; further ones share one count      garbage
 *     streamsIn             a new connection is closed at once                                       streams-in
 *     streamsInOfOne        the same, of one address                                                 streams-in
 *     streamsOut            a stream that is to be opened fails at once                              streams-out
 *     streamBytesAtOnce     bytes of unfinished streams together: the one that exceeds it is closed  stream-bytes
 *     inboxMessages, -Bytes messages for an owner that is too busy to take them are dropped          inbox-full
 */
export interface TransportLimits {
  readonly datagramsASecond: number;
  readonly garbageASecond: number;
  readonly garbageSources: number;
  readonly streamsIn: number;
  readonly streamsInOfOne: number;
  readonly streamsOut: number;
  readonly streamBytesAtOnce: number;
  readonly inboxMessages: number;
  readonly inboxBytes: number;
}

export const transportLimits: TransportLimits = {
  datagramsASecond: 50_000,
  garbageASecond: 256,
  garbageSources: 4_096,
  streamsIn: 512,
  streamsInOfOne: 64,
  streamsOut: 256,
  streamBytesAtOnce: 64 * 1024 * 1024,
  inboxMessages: 16_384,
  inboxBytes: 64 * 1024 * 1024,
};

/** Why something was given up: a closed list, so that each can be counted. */
export const dropReasons = [
  'flood',
  'garbage',
  'streams-in',
  'streams-out',
  'stream-bytes',
  'stream-late',
  'stream-broken',
  'send-failed',
  'inbox-full',
] as const;
export type DropReason = (typeof dropReasons)[number];
