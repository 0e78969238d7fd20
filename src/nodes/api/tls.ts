/** The certificate and key that the API is served with: read once, at start, and tried, so that a mistake is told there and then. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

export interface TlsPaths {
  /** PEM: the certificate, and the ones between it and its root. */
  readonly cert_path: string;
  readonly key_path: string;
}

export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export type ApiTlsErrorCode =
  /** The file is not there, or not for this user. */
  | 'api-tls-unreadable'
  /** The file holds no certificate or no key in PEM, or the two do not belong together. */
  | 'api-tls-invalid';

/** Why the API cannot be served over TLS, and what to do about it. */
export class ApiTlsError extends Error {
  readonly code: ApiTlsErrorCode;
  readonly remedy: string;
  constructor(code: ApiTlsErrorCode, message: string, remedy: string, cause: unknown) {
    super(message, { cause });
    this.name = 'ApiTlsError';
    this.code = code;
    this.remedy = remedy;
  }
}

export function readTls({ cert_path: certPath, key_path: keyPath }: TlsPaths): Tls {
  const cert = readPart('api.tls.cert_path', certPath);
  const key = readPart('api.tls.key_path', keyPath);
  attempt({ cert }, `${certPath} holds no certificate in PEM`, 'set api.tls.cert_path to a PEM file that begins with the certificate');
  attempt({ key }, `${keyPath} holds no private key in PEM`, 'set api.tls.key_path to a PEM file with the key, without a passphrase');
  attempt(
    { cert, key },
    `the key in ${keyPath} is not that of the certificate in ${certPath}`,
    'set both to files that were made together',
  );
  return { cert, key };
}

function readPart(field: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ApiTlsError(
      'api-tls-unreadable',
      `${field} cannot be read: ${why}`,
      `let this user read ${path}, or correct ${field}`,
      error,
    );
  }
}

function attempt(parts: Partial<Tls>, sentence: string, remedy: string): void {
  try {
    createSecureContext(parts);
  } catch (error) {
    throw new ApiTlsError('api-tls-invalid', sentence, remedy, error);
  }
}
