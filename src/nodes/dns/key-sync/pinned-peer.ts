/**
 * Which peer stands behind a certificate: the one whose fingerprint the configuration names, or who can show that this
 * one signed for the certificate that it has now. There is no trust on first use: what is at stake are private keys.
 *
 *     the certificate           the word of the one before it          it is
 *     none, or it is no such    any                                    nobody
 *     a peer's                  any                                    that peer
 *     another                   of a peer's certificate, and it fits   that peer, with a new certificate
 *     another                   anything else, or none                 nobody
 */
import type { KeyPeer } from '../../../events/catalogue/configuration.ts';
import type { Rotation } from '../../identity/agent-messages.ts';
import { readCertificate } from '../../identity/certificate.ts';
import { rotationFits } from '../../identity/proofs.ts';
import { keySyncLimits } from './limits.ts';

export interface Recognized {
  readonly peer: KeyPeer;
  readonly fingerprint: string;
  /** It is not the certificate that the configuration names. */
  readonly isNew: boolean;
}

/** `fingerprint` is what was shown; null: no certificate that could be read. */
export type Stranger = { readonly fingerprint: string | null };

export function recognize(
  der: Uint8Array | undefined,
  rotationText: string | undefined,
  peers: readonly KeyPeer[],
): Recognized | { readonly stranger: Stranger } {
  const certificate = der && readCertificate(der);
  if (certificate === undefined) return { stranger: { fingerprint: null } };
  const { fingerprint } = certificate;
  const pinned = peers.find((peer) => peer.fingerprint === fingerprint);
  if (pinned !== undefined) return { peer: pinned, fingerprint, isNew: false };
  const rotation = rotationText === undefined ? undefined : readRotation(rotationText);
  const previous = rotation && readCertificate(rotation.previousCertificate);
  const peer = previous && peers.find((one) => one.fingerprint === previous.fingerprint);
  if (rotation === undefined || previous === undefined || peer === undefined) return { stranger: { fingerprint } };
  if (!rotationFits(previous.publicKey, previous.fingerprint, fingerprint, rotation.signature)) return { stranger: { fingerprint } };
  return { peer, fingerprint, isNew: true };
}

export function rotationText({ previousCertificate, signature }: Rotation): string {
  return [previousCertificate, signature].map((bytes) => Buffer.from(bytes).toString('base64')).join('.');
}

function readRotation(text: string): Rotation | undefined {
  if (text.length > keySyncLimits.rotationTextMax) return undefined;
  const [certificate = '', signature = ''] = text.split('.');
  return {
    previousCertificate: new Uint8Array(Buffer.from(certificate, 'base64')),
    signature: new Uint8Array(Buffer.from(signature, 'base64')),
  };
}
