/**
 * The calls to the Linux kernel that datagrams need, through the C library, and the numbers that they take. The numbers
 * and offsets are those of 64-bit little-endian processors with the generic ABI; `udp-self-test.ts` asks before anybody
 * relies on them.
 */
import { getSystemErrorMap } from 'node:util';
import koffi from 'koffi';

/** Processors whose `struct msghdr` and socket options are as written here. */
export const knownProcessors: readonly string[] = ['x64', 'arm64', 'riscv64', 'loong64'];

export const pointerBytes = koffi.sizeof('void *');

const library = koffi.load(null);

/** A place in memory: an address that stays, or bytes that live as long as the call. */
type Memory = bigint | ArrayBufferView;

export const socket = library.func('int socket(int family, int type, int protocol)') as (
  family: number,
  type: number,
  protocol: number,
) => number;
export const bind = library.func('int bind(int fd, const void *address, uint32_t length)') as (
  fd: number,
  address: Memory,
  length: number,
) => number;
export const getsockname = library.func('int getsockname(int fd, void *address, void *length)') as (
  fd: number,
  address: Memory,
  length: Memory,
) => number;
export const setsockopt = library.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t length)') as (
  fd: number,
  level: number,
  option: number,
  value: Memory,
  length: number,
) => number;
export const getsockopt = library.func('int getsockopt(int fd, int level, int option, void *value, void *length)') as (
  fd: number,
  level: number,
  option: number,
  value: Memory,
  length: Memory,
) => number;
export const sendto = library.func(
  'intptr_t sendto(int fd, const void *data, size_t length, int flags, const void *peer, uint32_t peerLength)',
) as (fd: number, data: Memory, length: number, flags: number, peer: Memory, peerLength: number) => number;
export const recvmmsg = library.func('int recvmmsg(int fd, void *headers, uint32_t count, int flags, void *timeout)') as (
  fd: number,
  headers: Memory,
  count: number,
  flags: number,
  timeout: null,
) => number;
export const sendmmsg = library.func('int sendmmsg(int fd, void *headers, uint32_t count, int flags)') as (
  fd: number,
  headers: Memory,
  count: number,
  flags: number,
) => number;
export const poll = library.func('int poll(void *descriptors, unsigned long count, int timeoutMs)') as (
  descriptors: Memory,
  count: number,
  timeoutMs: number,
) => number;
export const close = library.func('int close(int fd)') as (fd: number) => number;

/** Why the last call of this thread failed; to be asked at once. */
export const errno = (): number => koffi.errno();

/** Where bytes begin that never move: only for a buffer of its own that somebody holds on to. */
export const addressOf = (view: ArrayBufferView<ArrayBuffer>): bigint => koffi.address(view) as bigint;

export const datagramClosedOnExec = 2 | 0o2000000;
export const flags = { dontWait: 0x40, truncated: 0x20, waitForOne: 0x1_0000 } as const;
export const options = {
  receiveBuffer: [1, 8],
  reusePort: [1, 15],
  receiveTimeout: [1, 20],
  ipv6Only: [41, 26],
} as const satisfies Readonly<Record<string, readonly [level: number, option: number]>>;
export const pollIn = 1;
export const pollOut = 4;

/** The error of a failed call as Node shapes it, so that one place turns both into sentences. */
export function callFailed(syscall: string, place?: { readonly host: string; readonly port: number }, code = errno()): Error {
  const [name, sentence] = getSystemErrorMap().get(-code) ?? [`E${code}`, 'unknown to this program'];
  const where = place === undefined ? '' : ` ${place.host}:${place.port}`;
  const error = new Error(`${syscall} ${name}${where}: ${sentence}`);
  return Object.assign(error, { code: name, errno: -code, syscall }, place === undefined ? {} : { address: place.host, port: place.port });
}
