/** What UDP and TCP have in common: a packet goes to the responder, what comes back is counted, and nothing throws. */
import { opcodeQuery, typeLabel } from './codes.ts';
import type { DnsCount } from './counts.ts';
import { bareReply, encodeReply } from './reply.ts';
import type { Client, Outcome } from './responder.ts';
import { headerBytes } from './wire.ts';

/** The responder with its draw bound. */
export type Respond = (packet: Uint8Array, client: Client) => Outcome;

/** The reply to a packet, counted; null where there is none. */
export type Answer = (packet: Uint8Array, client: Client) => Buffer | null;

export function answering(respond: Respond, onCount: (count: DnsCount) => void): Answer {
  return (packet, client) => {
    const { transport } = client;
    try {
      const outcome = respond(packet, client);
      if (outcome.reply === null) onCount({ kind: 'dropped', transport, reason: outcome.reason });
      else onCount({ kind: 'answered', transport, type: typeLabel(outcome.type), rcode: outcome.rcode });
      return outcome.reply;
    } catch (error) {
      onCount({ kind: 'failed', transport, error });
      onCount({ kind: 'answered', transport, type: 'none', rcode: 'SERVFAIL' });
      return failure(packet);
    }
  };
}

/** SERVFAIL that needs no more of the packet than its id, and is no answer to a response. */
function failure(packet: Uint8Array): Buffer | null {
  const [high = 0, low = 0, flags = 0] = packet;
  if (packet.length < headerBytes || flags >= 0x80) return null;
  const id = (high << 8) | low;
  return encodeReply({ id, opcode: opcodeQuery, recursionDesired: false }, bareReply('SERVFAIL'), headerBytes);
}

/** An IPv4 client as itself, also where it came to a socket for both families. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
