/** Why a node did not do what it was asked, with what to do about it. Whoever shows it needs no other look inside. */

/** `refused`: it answered with an error of its own. `not-a-node`: something answered that does not speak this API. */
export type NodeErrorKind = 'unreachable' | 'refused' | 'not-a-node';

export class NodeError extends Error {
  readonly kind: NodeErrorKind;
  readonly endpoint: string;
  readonly remedy: string;
  /** The node's own word for why, where it refused: of the API's closed list, or of a newer one. */
  readonly reason: string | undefined;
  constructor(kind: NodeErrorKind, endpoint: string, message: string, remedy: string, reason?: string) {
    super(message);
    this.name = 'NodeError';
    this.kind = kind;
    this.endpoint = endpoint;
    this.remedy = remedy;
    this.reason = reason;
  }
}

/** What the operating system and TLS say, in words. */
const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  ENOTFOUND: 'there is no such name',
  EAI_AGAIN: 'the name cannot be looked up',
  EHOSTUNREACH: 'there is no way to that host',
  ENETUNREACH: 'there is no way to that network',
  EACCES: 'this machine does not allow the connection',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS: try http://',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself alone: name it in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is of an authority that is not trusted: name that in NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is of an authority that is not trusted: name that in NODE_EXTRA_CA_CERTS',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** What `fetch` threw, as the error of a node that cannot be reached. */
export function unreachable(endpoint: string, error: unknown, timeoutText: string): NodeError {
  return new NodeError('unreachable', endpoint, `${endpoint} cannot be reached: ${causeWords(error, timeoutText)}`, reachRemedy);
}

function causeWords(error: unknown, timeoutText: string): string {
  if ((error as Error).name === 'TimeoutError') return `no answer within ${timeoutText}`;
  const cause = (error as { readonly cause?: { readonly code?: unknown; readonly message?: unknown } }).cause;
  return causes[String(cause?.code)] ?? String(cause?.message ?? (error as Error).message);
}

const reachRemedy =
  'start a node with "opengslb overwatch --config FILE", in which api: {enabled: true} stands; or name one that runs with --api, OPENGSLB_API or a context';
