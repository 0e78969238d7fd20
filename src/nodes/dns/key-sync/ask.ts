/**
 * Asks one peer for keys. Nothing that comes back is believed before the peer is recognized by its certificate; the
 * answer is bounded in size and time, read whole or not at all, and what is wrong with it is a sentence.
 */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { KeyPeer } from '../../../events/catalogue/configuration.ts';
import type { OwnIdentity } from '../../identity/own-certificate.ts';
import { keySyncLimits } from './limits.ts';
import { type Recognized, recognize, rotationText } from './pinned-peer.ts';
import { tlsIdentity } from './tls-identity.ts';
import { type ListedZone, type NamedKey, paths, readMessage, rotationHeader, writeMessage } from './wire.ts';

/** Why nothing was learned from a peer; the message is a sentence. */
export class PeerFailure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'PeerFailure';
  }
}

export interface Conversation {
  /** Of zones that were asked about, and of no others. Rejects with a `PeerFailure`, as the next one does. */
  zones(names: readonly string[]): Promise<readonly ListedZone[]>;
  /** Private keys in the order of the question; undefined where the peer has none. */
  privateKeys(named: readonly NamedKey[]): Promise<readonly (string | undefined)[]>;
  close(): void;
}

export interface AskParts {
  readonly peer: KeyPeer;
  readonly identity: OwnIdentity;
  /** How long the peer has for each answer. */
  readonly timeoutMs: number;
  /** Gives up. */
  readonly signal: AbortSignal;
  /** Told with each answer whose it is. */
  readonly onPeer?: (peer: Recognized) => void;
}

export function converse(parts: AskParts): Conversation {
  const agent = new Agent({
    ...{ ...tlsIdentity(parts.identity), keepAlive: true, maxSockets: 1, maxCachedSessions: 0 },
    // It is recognized by its certificate, whatever name or address it is reached by.
    checkServerIdentity: () => undefined,
  });
  return {
    async zones(names) {
      const listing = readMessage('listing', await ask(parts, agent, paths.keys, writeMessage('zonesAsked', { zones: [...names] })));
      if (listing === undefined) throw new PeerFailure('its answer is not understood');
      const asked = new Set(names);
      for (const { zone } of listing.zones) if (!asked.delete(zone)) throw new PeerFailure(`it speaks of ${zone}, unasked or twice`);
      return listing.zones;
    },
    async privateKeys(named) {
      const bytes = await ask(parts, agent, paths.privateKeys, writeMessage('keysAsked', { keys: [...named] }));
      const answer = readMessage('privateKeys', bytes);
      if (answer === undefined) throw new PeerFailure('its answer is not understood');
      return named.map(({ zone, key_tag: tag }) => answer.keys.find((key) => key.zone === zone && key.key_tag === tag)?.private_key);
    },
    close: () => agent.destroy(),
  };
}

/** The bytes of an answer of the peer. Rejects with a `PeerFailure` in all other cases. */
async function ask(parts: AskParts, agent: Agent, path: string, body: Buffer): Promise<Buffer> {
  const { peer, identity, timeoutMs, signal: given } = parts;
  const inTime = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([inTime, given]);
  try {
    const { response, certificate } = await exchange(new URL(path, peer.url), agent, body, identity, signal);
    checkPeer(parts, response, certificate);
    return await readAnswer(response);
  } catch (error) {
    if (error instanceof PeerFailure) throw error;
    if (inTime.aborted) throw new PeerFailure(`it did not answer within ${timeoutMs} ms`, error);
    throw new PeerFailure(`it cannot be asked: ${error instanceof Error ? error.message || error.name : String(error)}`, error);
  }
}

/** An answer, and the certificate of who gave it: a short one leaves its connection before anybody looks at it again. */
interface Answered {
  readonly response: IncomingMessage;
  readonly certificate: Uint8Array | undefined;
}

function exchange(url: URL, agent: Agent, body: Buffer, { rotation }: OwnIdentity, signal: AbortSignal): Promise<Answered> {
  const headers = {
    ...{ 'content-type': 'application/json', 'content-length': body.length },
    ...(rotation !== null && { [rotationHeader]: rotationText(rotation) }),
  };
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', agent, headers, signal, maxHeaderSize: keySyncLimits.headBytesMax });
    asked.on('response', (response) => {
      resolve({ response, certificate: certificateOn(response.socket as TLSSocket) });
    });
    asked.on('error', reject).end(body);
  });
}

/** A client is told the certificate of a connection once. */
const certificates = new WeakMap<TLSSocket, Uint8Array>();

function certificateOn(socket: TLSSocket): Uint8Array | undefined {
  const known = certificates.get(socket) ?? socket.getPeerX509Certificate()?.raw;
  if (known !== undefined) certificates.set(socket, known);
  return known;
}

function checkPeer({ peer, onPeer }: AskParts, response: IncomingMessage, certificate: Uint8Array | undefined): void {
  const word = response.headers[rotationHeader];
  const who = recognize(certificate, typeof word === 'string' ? word : undefined, [peer]);
  if ('stranger' in who) {
    response.destroy();
    const shown = who.stranger.fingerprint ?? 'none';
    throw new PeerFailure(`its certificate has the fingerprint ${shown}, which is not the one in the configuration`);
  }
  onPeer?.(who);
}

async function readAnswer(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > keySyncLimits.answerBytesMax) throw new PeerFailure('its answer is too long');
    chunks.push(chunk);
  }
  if (response.statusCode === 200) return Buffer.concat(chunks);
  throw new PeerFailure(
    response.statusCode === 403
      ? "it does not know this node's certificate: name its fingerprint among the peers there"
      : `it answered with status ${response.statusCode}`,
  );
}
