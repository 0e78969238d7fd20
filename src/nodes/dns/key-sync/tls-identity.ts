/** A node's certificate as TLS wants it: only TLS 1.3, and both sides show one. Who may speak is decided by pins, not by issuers or dates. */
import type { OwnIdentity } from '../../identity/own-certificate.ts';

export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.3';
  readonly maxVersion: 'TLSv1.3';
  /** No authority stands behind either certificate: whoever is spoken to is recognized by it before anything is believed. */
  readonly rejectUnauthorized: false;
}

export function tlsIdentity({ certificate }: OwnIdentity): TlsIdentity {
  const lines =
    Buffer.from(certificate.der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return {
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: certificate.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ...{ minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3', rejectUnauthorized: false },
  };
}
