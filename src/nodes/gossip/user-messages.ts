/**
 * Messages of the application, which the rules carry and never read:
 *
 *     way            how                          arrives
 *     best effort    one datagram                 at most once
 *     reliable       a stream of its own          once, or the transport counts a failure
 *     broadcast      as a rumour, many times      several times, at most members: the application tells copies apart
 */
import type { Address } from './address.ts';
import { isSelf, protocolMax, refuse, type SwimState, tell } from './swim-state.ts';

export function sendUser(state: SwimState, to: string | Address, bytes: Uint8Array, reliable: boolean, now: number) {
  const record = typeof to === 'string' ? state.records.get(to) : undefined;
  const place = typeof to === 'string' ? record : to;
  if (place === undefined || (record !== undefined && isSelf(state, record.name))) return refuse(state, 'unknown-member');
  const address = { address: place.address, port: place.port };
  const { limits, timing } = state.settings;
  if (bytes.length > (reliable ? limits.reliableBytes : limits.userBytes)) return refuse(state, 'message-too-large');
  if (!reliable) {
    const crc = record !== undefined && protocolMax(record) >= 5;
    return tell(state, { type: 'send', to: address, messages: [{ type: 'user', bytes }], crc });
  }
  const deadline = now + timing.tcpTimeoutMs;
  tell(state, { type: 'open', stream: ++state.stream, to: address, message: { type: 'user', bytes }, deadline, expectsReply: false });
}

/** Passes on what came for the application. */
export function hearUser(state: SwimState, bytes: Uint8Array, from: Address): void {
  if (bytes.length > 0) tell(state, { type: 'user', bytes, from });
}
