/**
 * Opens the connection of a check and measures it: TCP, and TLS upon it. Names are never resolved here, and an address
 * is never sent as TLS server name (RFC 6066 section 3).
 */
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type SecureContext } from 'node:tls';
import type { Attempt } from './attempt.ts';

/** A literal address needs no look-up: whoever asks for one was given something else. */
const lookup: LookupFunction = (_name, _options, answered) => {
  answered(Object.assign(new Error('not an IP address'), { code: 'OPENGSLB_NOT_AN_ADDRESS' }), '');
};

export function openTcp(attempt: Attempt, opened: (socket: Socket) => void): Socket {
  const { address, port } = attempt.target;
  const socket = connect({ host: address, port, lookup });
  socket.once('connect', () => opened(socket));
  return socket;
}

/** `opened` is called only when the certificate is what `verifyTls` asks for: nothing is said to a server before. */
export function openTls(attempt: Attempt, secureContext: SecureContext, opened: (socket: Socket) => void): Socket {
  const { address, port, verifyTls } = attempt.target;
  const name = serverName(attempt.target.host ?? address);
  const socket = connectTls({
    host: address,
    port,
    lookup,
    secureContext,
    rejectUnauthorized: verifyTls,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    ...(isIP(name) === 0 && { servername: name }),
  });
  socket.once('connect', () => attempt.enter('tls'));
  socket.once('secureConnect', () => opened(socket));
  return socket;
}

/** The name or address that a certificate must be for: without port, brackets and final dot. */
export function serverName(host: string): string {
  if (isIP(host) !== 0) return host;
  const bracketed = /^\[(.*)\](?::\d+)?$/.exec(host)?.[1];
  return bracketed ?? host.replace(/:\d+$/, '').replace(/\.$/, '');
}
