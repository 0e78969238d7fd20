/**
 * Why a check failed, as a short sentence for people. Errors are matched on their code and never on their message, and
 * nothing that the server sent is repeated, so its bytes reach no log.
 */
import { checkLimits } from './limits.ts';

const sentences: Readonly<Record<string, string>> = {
  // Of the connection.
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ECONNABORTED: 'connection aborted',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'host unreachable',
  EHOSTDOWN: 'host down',
  ENETUNREACH: 'network unreachable',
  ENETDOWN: 'network down',
  // Of this machine: the check could not be made.
  EACCES: 'this machine does not permit the connection',
  EPERM: 'this machine does not permit the connection',
  EMFILE: 'this machine has too many open files',
  ENFILE: 'this machine has too many open files',
  ENOBUFS: 'this machine has no buffers left',
  ENOMEM: 'this machine has no memory left',
  EADDRNOTAVAIL: 'this machine has no local address or port left',
  EAFNOSUPPORT: 'this machine does not speak this address family',
  EINVAL: 'this machine cannot connect to this address',
  // Of the certificate.
  CERT_HAS_EXPIRED: 'certificate expired',
  CERT_NOT_YET_VALID: 'certificate not yet valid',
  CERT_REVOKED: 'certificate revoked',
  CERT_REJECTED: 'certificate rejected',
  CERT_UNTRUSTED: 'certificate not trusted',
  CERT_SIGNATURE_FAILURE: 'certificate has a bad signature',
  INVALID_CA: 'certificate signed by one that is no authority',
  INVALID_PURPOSE: 'certificate not meant for servers',
  CERT_CHAIN_TOO_LONG: 'certificate chain too long',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate signed by an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate signed by an authority that is not known',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate signed by an authority that is not known',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate signed by an authority that is not known',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate is for another host',
  ERR_TLS_CERT_ALTNAME_FORMAT: 'certificate has malformed names',
  // Of TLS.
  EPROTO: 'TLS failed',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the port does not speak TLS',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the port does not speak TLS',
  ERR_SSL_HTTP_REQUEST: 'the port does not speak TLS',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'no TLS version in common',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'no TLS version in common',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'the server refused the TLS handshake',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'the server does not know the host of the check (TLS server name)',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the server asks for a client certificate',
  // Of the answer.
  HPE_HEADER_OVERFLOW: `header of the answer is longer than ${checkLimits.headerBytesMax / 1024} KiB`,
  // Of the settings of the check.
  ERR_UNESCAPED_CHARACTERS: 'path of the check holds characters that must be percent-encoded',
  ERR_INVALID_CHAR: 'host or a header of the check holds characters that cannot be sent',
  ERR_INVALID_HTTP_TOKEN: 'method or a header name of the check is not valid',
  ERR_SOCKET_BAD_PORT: 'port of the check is not a port',
  OPENGSLB_NOT_AN_ADDRESS: 'address of the check is not an IP address',
};

/** Codes that are not in the table, by how they begin. */
const families: readonly (readonly [prefix: string, sentence: string])[] = [
  ['HPE_', 'the answer is not HTTP'],
  ['ERR_SSL_', 'TLS failed'],
  ['CERT_', 'certificate not valid'],
];

/** The sentence for an error of a socket, of TLS, or of Node's HTTP client. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const known = sentences[code];
  if (known !== undefined) return known;
  const family = families.find(([prefix]) => code.startsWith(prefix));
  return printable(`${family?.[1] ?? 'the check failed'} (${code})`);
}

function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

/** Text of an operator, in quotes and cut. */
export function quoted(text: string): string {
  const characters = [...text];
  const isLong = characters.length > checkLimits.quotedCharactersMax;
  return `"${isLong ? `${characters.slice(0, checkLimits.quotedCharactersMax).join('')}…` : text}"`;
}

/** One line that can be shown anywhere: no control, invisible or unpaired characters, and no longer than a fact holds. */
export function printable(text: string): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  if (line.length <= checkLimits.errorCharactersMax) return line;
  return `${line.slice(0, checkLimits.errorCharactersMax - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
