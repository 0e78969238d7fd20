/** Every limit and interval of the threads that answer UDP, in one table (I9). */
import { dnsLimits } from '../limits.ts';

export const workerLimits = {
  /** Datagrams that are taken from the kernel at once. */
  slots: 64,
  /** Longest datagram: longer than the longest query, so that one which is too long is still known as such. */
  slotBytes: dnsLimits.queryBytesMax + 512,
  /** Longest wait in the kernel; a stop, and memory that nobody reads any more, wait as long at most. */
  timeoutMs: 100,
  /** What the kernel is asked to keep for one socket until it is read; net.core.rmem_max may allow less. */
  receiveBufferBytes: 4 * 1024 * 1024,
  /** A thread that lived for so long was no failing start: the next death is answered at once again. */
  provenMs: 10_000,
  /** A thread that dies again and again is replaced after this, then after twice as long each time, and so on. */
  retryMs: 100,
  retryMsMax: 5_000,
  /** How often the addresses of the machine are looked at, where every address is listened on. */
  addressesEveryMs: 5_000,
  /** How often counts are gathered, so that none begins anew at 2^32 unseen. */
  gatherEveryMs: 30_000,
} as const;
