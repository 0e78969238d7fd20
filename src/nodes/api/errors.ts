/**
 * What is said when a request is not carried out. Every error has one body, `{error, code, reason, remedy}`: a sentence,
 * the HTTP status, a reason from a closed list that programs match on, and what to do. The reason decides the status.
 */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { Refusal, RefusalReason } from '../../commands/command.ts';
import { apiLimits } from './limits.ts';

/** Why the API itself refuses, and with which status. */
const apiStatuses = {
  'request-malformed': 400,
  'request-invalid': 400,
  'token-missing': 401,
  'token-unknown': 401,
  'address-not-allowed': 403,
  'host-not-allowed': 403,
  'cross-site': 403,
  'role-insufficient': 403,
  'tokens-needed': 403,
  'unknown-route': 404,
  'method-not-allowed': 405,
  'request-timeout': 408,
  'gossip-key-refused': 409,
  'no-peers': 409,
  'log-dropped': 410,
  'body-too-large': 413,
  'media-type-unsupported': 415,
  'upgrade-required': 426,
  'too-many-requests': 429,
  'headers-too-large': 431,
  'internal-error': 500,
  'not-available': 503,
} as const;

/** With which status a refused command is answered. */
const refusalStatuses: Readonly<Record<RefusalReason, number>> = {
  outranked: 403,
  'unknown-agent': 404,
  'unknown-mapping': 404,
  'unknown-override': 404,
  'unknown-server': 404,
  'unknown-service': 404,
  'unknown-zone': 404,
  'agent-name-held': 409,
  'agent-not-silent': 409,
  'agent-revoked': 409,
  'already-carried-out': 409,
  'certificate-superseded': 409,
  'checkpoint-too-large': 409,
  'key-tag-held': 409,
  'key-unrelated': 409,
  'no-key': 409,
  'no-rotation': 409,
  'nothing-to-attest': 409,
  'rotation-announced': 409,
  'rotation-in-progress': 409,
  'rotation-past-ds': 409,
  'server-exists': 409,
  'stage-not-due': 409,
  'static-mapping': 409,
  'static-server': 409,
  'too-many-agents': 409,
  'too-many-mappings': 409,
  'too-many-servers': 409,
  'would-empty-service': 409,
  'zone-served': 409,
  'check-inconsistent': 422,
  'no-service-proven': 422,
  'configuration-inconsistent': 422,
  'request-key-reused': 422,
  'unknown-region': 422,
  'too-many-orders': 429,
  'log-unavailable': 503,
};

const statuses = { ...apiStatuses, ...refusalStatuses };
export type ErrorReason = keyof typeof apiStatuses | RefusalReason;
/** The closed list: reasons are added, never renamed. */
export const errorReasons = Object.keys(statuses) as [ErrorReason, ...ErrorReason[]];

export const errorBody = z
  .strictObject({
    error: z.string().describe('What is wrong, in a sentence.'),
    code: z.int().describe('The HTTP status.'),
    reason: z.enum(errorReasons).describe('Why, for programs.'),
    remedy: z.string().describe('What to do.'),
  })
  .meta({ description: 'The request was not carried out.' });
export type ErrorBody = z.output<typeof errorBody>;

/** Thrown where a request cannot be carried out; becomes its answer. */
export class ApiError extends Error {
  readonly body: ErrorBody;
  constructor(reason: ErrorReason, error: string, remedy: string) {
    super(error);
    this.name = 'ApiError';
    this.body = { error, code: statuses[reason], reason, remedy };
  }
}

export function refusalError({ refused, error, remedy }: Refusal): ApiError {
  return new ApiError(refused, error, remedy);
}

/** What the schemas of a request found wrong with it. */
export interface SchemaProblems {
  /** The part of the request that was looked at. */
  readonly place: string;
  readonly problems: readonly { readonly instancePath?: string; readonly message?: string }[];
}

const placeNames: Readonly<Record<string, string>> = { params: 'path', querystring: 'query', headers: 'header', body: 'body' };

/** `body.reason: expected ...; query.force: expected ...` */
export function schemaError({ place, problems }: SchemaProblems): ApiError {
  const sentences = problems.slice(0, apiLimits.problemsShown).map(({ instancePath = '', message = 'is not valid' }) => {
    const steps = [placeNames[place] ?? place, ...instancePath.split('/').filter((step) => step !== '')];
    return `${steps.join('.')}: ${shortened(message)}`;
  });
  const unnamed = problems.length - sentences.length;
  if (unnamed > 0) sentences.push(`and ${unnamed} more`);
  return new ApiError('request-invalid', sentences.join('; '), 'mend what is named and send the request again');
}

/** What clients sent is repeated to them, but not at any length. */
export function shortened(text: string): string {
  return text.length <= apiLimits.echoedCharactersMax ? text : `${text.slice(0, apiLimits.echoedCharactersMax - 3)}...`;
}

/** Why no request could be read from a connection, by the error of Node's HTTP parser. */
export function connectionError(code: string | undefined): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ApiError('headers-too-large', 'the headers are longer than 16 KiB', 'send fewer or shorter headers');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const seconds = apiLimits.requestMsMax / 1000;
    return new ApiError('request-timeout', `the request was not complete within ${seconds} seconds`, 'send it again in one piece');
  }
  return new ApiError('request-malformed', 'this is not an HTTP/1.1 request', 'send plain HTTP/1.1 to this port');
}

/** A whole HTTP answer, for a connection on which no request could be read. */
export function rawResponse({ body }: ApiError): string {
  const text = JSON.stringify(body);
  const headers = [
    `HTTP/1.1 ${body.code} ${STATUS_CODES[body.code]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  return `${headers.join('\r\n')}\r\n\r\n${text}`;
}
