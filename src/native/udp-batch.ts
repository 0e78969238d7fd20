/**
 * Datagrams in batches: many are taken from the kernel at once, each is answered where it stands, and all replies leave
 * at once. The main thread opens and owns the sockets; a worker thread borrows them and serves. This file is the
 * interface; `udp-batch-linux.ts` keeps it with recvmmsg and sendmmsg, `udp-batch-plain.ts` with node:dgram, and
 * `load-udp.ts` takes the better one that the machine has. Nothing here knows what a datagram says.
 */

export type UdpFamily = 4 | 6;

export interface UdpSocketOptions {
  /** An IP address, never a name. `0.0.0.0` and `::` take what comes to any address, but then the kernel chooses where
   * replies come from: open one socket for each of `addressesOf` instead. IPv6 sockets take no IPv4. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Bytes that the kernel may keep until they are read, 1 and more. It may grant less: `net.core.rmem_max`. */
  readonly receiveBufferBytes: number;
}

/** A socket as a worker thread gets it, by workerData or a message. It is lent: who has it never closes it. */
export type UdpLoan =
  | { readonly kind: 'linux'; readonly descriptor: number; readonly family: UdpFamily }
  | { readonly kind: 'plain'; readonly host: string; readonly port: number; readonly receiveBufferBytes: number };

export interface UdpSocket {
  readonly family: UdpFamily;
  /** As it was asked for. */
  readonly host: string;
  /** As the kernel gave it. */
  readonly port: number;
  /** As the kernel granted them; as asked for where nobody can tell. */
  readonly receiveBufferBytes: number;
  readonly loan: UdpLoan;
  /** Only when nobody serves the loan any more: the kernel gives its number to the next file. Twice does no harm. */
  close(): void;
}

export interface UdpBatchOptions {
  /** Datagrams of a batch at most: 1 to 1024. */
  readonly slots: number;
  /** Longest datagram and longest reply, 1 to 65535. What comes longer is cut, and `isTruncated` says so. */
  readonly slotBytes: number;
  /** How long to wait before `goOn` is asked again, 1 and more: no stop takes longer than this. */
  readonly timeoutMs: number;
  /** Where to count, one number for each of `udpCounters`. On shared memory others can read them all the time. */
  readonly counters?: Float64Array;
}

/** What is counted, in this order. All of them only rise. */
export const udpCounters = [
  /** Receiving calls that brought something. */
  'batches',
  'received',
  /** Of these, cut to the length of a slot. */
  'truncated',
  /** Replies that the kernel took. */
  'sent',
  /** Replies for which the kernel had no room. */
  'crowdedOut',
  /** Replies that the kernel took not for any other reason: no way to the peer, too long, forbidden by a filter. */
  'refused',
  /** Replies to a peer without a port, which no reply reaches. */
  'unanswerable',
  /** Receiving calls that a signal ended. */
  'interrupted',
  /** Receiving calls that failed. */
  'receiveFailed',
] as const;
export type UdpCounter = (typeof udpCounters)[number];

/** The place of each counter. */
export const udpCounterAt = Object.fromEntries(udpCounters.map((name, place) => [name, place])) as Readonly<Record<UdpCounter, number>>;

export interface UdpDuties {
  /** Asked before each wait, at least once every `timeoutMs`; false ends `serve`. Whoever holds something says here that it lets go. */
  goOn(): boolean;
  /**
   * Slots 0 to `count` - 1 are filled; `reply` says what becomes of each. On Linux there is no turn of the event loop
   * between two calls, so nothing here may wait for a promise or a message. What it throws ends `serve`.
   */
  answer(count: number): void;
}

export interface UdpBatch {
  readonly slots: number;
  readonly slotBytes: number;
  /** All slots, one behind the other: slot `i` begins at `i * slotBytes`. The reply is written over the datagram. */
  readonly bytes: Uint8Array;
  /** Bytes of the datagram in the slot. */
  lengthOf(slot: number): number;
  /** Whether the datagram was longer than its slot. */
  isTruncated(slot: number): boolean;
  /** Where datagrams came from: read with `peerFamily`, `peerPort` and `peerAddressAt` of `kernel-address.ts`. */
  readonly peers: Uint8Array;
  /** The first `length` bytes of the slot are the reply. 0: there is none; so it is where nothing is said about a slot. */
  reply(slot: number, length: number): void;
  readonly counters: Float64Array;
  /** Serves until `goOn` says no. On Linux it keeps the thread, and the promise is settled when it is returned. */
  serve(duties: UdpDuties): Promise<void>;
}

export interface Udp {
  readonly kind: UdpLoan['kind'];
  /** Whether one port can have several sockets, so that several threads share its datagrams. */
  readonly sharesPorts: boolean;
  /**
   * Opens `count` sockets on one port, among which the kernel spreads the peers; with `count` 1 nobody can join it.
   * Rejects with the error of the operating system (`code` EADDRINUSE, EACCES, EADDRNOTAVAIL), also where another program
   * shares the port with itself. Sockets are never handed to programs that this one starts.
   */
  openSockets(options: UdpSocketOptions, count: number): Promise<readonly UdpSocket[]>;
  /** One batch for all of the loans; each batch comes from one of them. One batch serves once. */
  batchOn(loans: readonly UdpLoan[], options: UdpBatchOptions): UdpBatch;
}

/** A refusal here is an error of the program: these are no settings. */
export function checkBatchOptions(loans: readonly UdpLoan[], { slots, slotBytes, timeoutMs, counters }: UdpBatchOptions): void {
  const within = (value: number, least: number, most: number) => Number.isInteger(value) && value >= least && value <= most;
  if (loans.length === 0) throw new RangeError('a batch of datagrams needs at least one socket');
  if (!within(slots, 1, 1024)) throw new RangeError(`a batch has 1 to 1024 slots, not ${slots}`);
  if (!within(slotBytes, 1, 65_535)) throw new RangeError(`a slot has 1 to 65535 bytes, not ${slotBytes}`);
  if (!within(timeoutMs, 1, 2 ** 31 - 1)) throw new RangeError(`a wait takes 1 ms and more, not ${timeoutMs}`);
  if (counters !== undefined && counters.length !== udpCounters.length)
    throw new RangeError(`there are ${udpCounters.length} counters, not ${counters.length}`);
}

/** The kernel reads what `reply` says, so a slot or length that is none must never come so far. */
export function checkReply(slot: number, length: number, filled: number, slotBytes: number): void {
  if (!(slot >= 0 && slot < filled)) throw new RangeError(`slot ${slot} holds no datagram: ${filled} came`);
  if (!(length >= 0 && length <= slotBytes)) throw new RangeError(`a reply of ${length} bytes does not fit into a slot of ${slotBytes}`);
}
