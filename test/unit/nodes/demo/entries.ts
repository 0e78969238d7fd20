/** Entries of a client's log, for tests. */
import type { AnswerSeen, Asker, RequestEnded } from '../../../../src/nodes/demo/client-log.ts';

export const one = '127.0.0.21';
export const two = '127.0.0.22';
export const three = '127.0.0.23';

const names: Readonly<Record<string, string>> = { [one]: 'web1', [two]: 'web2', [three]: 'web3' };

export function answer(at: number, addresses: readonly string[], by: Asker = 'client'): AnswerSeen {
  return { kind: 'answer', by, askedAt: at - 3, at, addresses, ttlSeconds: 2, over: 'udp' };
}

export function served(at: number, address: string, direct = false): RequestEnded {
  return { kind: 'request', startedAt: at - 2, at, address, server: names[address] ?? null, error: null, direct };
}

export function failed(at: number, address: string | null, error = 'refused'): RequestEnded {
  return { kind: 'request', startedAt: at - 2, at, address, server: null, error, direct: false };
}

/** Requests that these addresses served in turn, from `at` on. */
export function servedInTurn(at: number, count: number, addresses: readonly string[]): RequestEnded[] {
  return Array.from({ length: count }, (_, index) => served(at + index, addresses[index % addresses.length] as string));
}
