/**
 * Where peers ask for keys: HTTPS with TLS 1.3, on a listener of its own. Nobody is answered who is not a peer of the
 * configuration; who is not hears only how its certificate is called, so that an operator can compare. Every part of a
 * request is bounded, and nothing that comes in throws.
 *
 *     the client        asks for                     status
 *     is no peer        anything                     403
 *     is a peer         no such thing                404
 *     is a peer         something too long           413
 *     is a peer         something that is no message 400
 *     is a peer         keys, or private keys        200
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { KeyPeer } from '../../../events/catalogue/configuration.ts';
import type { OwnIdentity } from '../../identity/own-certificate.ts';
import { parseListenAddress } from '../../listen-address.ts';
import { listenAddressInvalid, listenError } from '../../listen-error.ts';
import { listenOn } from '../../listen-on.ts';
import { keySyncLimits } from './limits.ts';
import { type Recognized, recognize, rotationText, type Stranger } from './pinned-peer.ts';
import { tlsIdentity } from './tls-identity.ts';
import { type Messages, paths, readMessage, rotationHeader, writeMessage } from './wire.ts';

export interface ServeParts {
  readonly listenAddress: string;
  readonly identity: OwnIdentity;
  /** As they are in force. */
  readonly peers: () => readonly KeyPeer[];
  readonly keysOf: (asked: Messages['zonesAsked']) => Messages['listing'];
  readonly privateKeysOf: (asked: Messages['keysAsked'], peer: KeyPeer) => Messages['privateKeys'];
  /** Told of each request of somebody who is no peer. */
  readonly onStranger: (stranger: Stranger & { readonly address: string }) => void;
  /** Told of each request of a peer. */
  readonly onPeer: (peer: Recognized) => void;
}

export interface KeyListener {
  readonly port: number;
  /** Takes no more requests; who is being answered is cut off. */
  close(): Promise<void>;
}

/** Rejects with a `ListenError`. */
export async function listenForPeers(parts: ServeParts): Promise<KeyListener> {
  const address = parseListenAddress(parts.listenAddress);
  if (address === undefined) throw listenAddressInvalid('key-sync', parts.listenAddress);
  const { requestMsMax, idleMsMax, headBytesMax, connectionsMax } = keySyncLimits;
  const server = createServer(
    {
      ...{ ...tlsIdentity(parts.identity), requestCert: true, handshakeTimeout: requestMsMax },
      ...{ requestTimeout: requestMsMax, headersTimeout: requestMsMax, keepAliveTimeout: idleMsMax },
      ...{ maxHeaderSize: headBytesMax, connectionsCheckingInterval: 1_000 },
    },
    (request, response) => void answer(parts, request, response),
  );
  server.maxConnections = connectionsMax;
  // What is no TLS, or breaks off, is one connection less.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('clientError', (_error, socket) => socket.destroy());
  try {
    await listenOn(server, address);
  } catch (error) {
    throw listenError('key-sync', address, error);
  }
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(parts: ServeParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const [status, body] = await answerTo(parts, request);
    const { rotation } = parts.identity;
    response.writeHead(status, {
      ...{ 'content-type': 'application/json', 'content-length': body.length },
      ...(rotation !== null && { [rotationHeader]: rotationText(rotation) }),
      ...(status !== 200 && { connection: 'close' }),
    });
    response.end(body);
  } catch {
    request.socket.destroy();
  }
}

/** The table above. */
async function answerTo(parts: ServeParts, request: IncomingMessage): Promise<readonly [status: number, body: Buffer]> {
  const socket = request.socket as TLSSocket;
  const word = request.headers[rotationHeader];
  const who = recognize(socket.getPeerX509Certificate()?.raw, typeof word === 'string' ? word : undefined, parts.peers());
  if ('stranger' in who) {
    parts.onStranger({ ...who.stranger, address: socket.remoteAddress ?? 'unknown' });
    return refusal(403, `no peer has the fingerprint ${who.stranger.fingerprint ?? 'of a certificate that is none'}`);
  }
  parts.onPeer(who);
  const { url, method } = request;
  if (method !== 'POST' || (url !== paths.keys && url !== paths.privateKeys)) return refusal(404, 'there is nothing of that name');
  const body = await readBody(request);
  if (body === undefined) return refusal(413, 'the request is too long');
  if (url === paths.keys) {
    const asked = readMessage('zonesAsked', body);
    return asked === undefined ? notUnderstood : [200, writeMessage('listing', parts.keysOf(asked))];
  }
  const asked = readMessage('keysAsked', body);
  return asked === undefined ? notUnderstood : [200, writeMessage('privateKeys', parts.privateKeysOf(asked, who.peer))];
}

function refusal(status: number, error: string): readonly [number, Buffer] {
  return [status, Buffer.from(JSON.stringify({ error }))];
}

const notUnderstood = refusal(400, 'the request is not understood');

/** Undefined: it is longer than any of ours. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > keySyncLimits.requestBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
