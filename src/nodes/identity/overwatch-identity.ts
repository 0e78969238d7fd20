/**
 * An overwatch's own certificate, in its secrets folder: what agents pin, and what other overwatches name as a peer's.
 * Whoever opens it gets the same one, replaced in time by one that it signs for.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../logger.ts';
import { commonNameOf, isDueForRotation, readCertificate } from './certificate.ts';
import { certificateIn, type OwnIdentity, openIdentity, type Place, rotateIdentity } from './own-certificate.ts';

export interface OverwatchIdentityParts {
  /** `DATA_DIR/secrets`. */
  readonly secrets: string;
  /** The name of the node. */
  readonly node: string;
  readonly now: number;
  readonly logger: Pick<Logger, 'info'>;
}

/** Throws `IdentityError`. */
export function openOverwatchIdentity({ secrets, node, now, logger }: OverwatchIdentityParts): OwnIdentity {
  const place = placeOf(secrets, node);
  const identity = openIdentity(place, now);
  if (!isDueForRotation(identity.certificate, now)) return identity;
  logger.info('the certificate of this node was replaced; others are shown the signature of the one before');
  return rotateIdentity(place, identity, now);
}

/**
 * The fingerprint of an overwatch that need not run; its certificate is made where there is none yet. Of one that has
 * run, the name in the certificate counts: without a configured name it is that of a machine, which may have changed.
 */
export function fingerprintOfOverwatch(secrets: string, node: string, now: number): string {
  const { certPath } = placeOf(secrets, node);
  return openIdentity(placeOf(secrets, nodeIn(certPath) ?? node), now).certificate.fingerprint;
}

function placeOf(secrets: string, node: string): Place {
  return { role: 'overwatch', id: node, certPath: join(secrets, 'overwatch.crt'), keyPath: join(secrets, 'overwatch.key') };
}

function nodeIn(certPath: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(certPath, 'utf8');
  } catch {
    return undefined;
  }
  const certificate = readCertificate(certificateIn(text) ?? new Uint8Array());
  const prefix = commonNameOf('overwatch', '');
  return certificate?.commonName.startsWith(prefix) ? certificate.commonName.slice(prefix.length) : undefined;
}
