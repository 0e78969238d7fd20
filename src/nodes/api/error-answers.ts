/** Whatever goes wrong on the way of a request becomes an answer here: a wrong path, a wrong method, and all that is thrown. */
import type { FastifyError, FastifyReply } from 'fastify';
import { LogError } from '../../events/log.ts';
import type { Logger } from '../logger.ts';
import { ApiError, type ErrorReason, schemaError, shortened } from './errors.ts';
import { apiLimits } from './limits.ts';
import type { Api } from './route-context.ts';
import { createRoutePaths } from './route-paths.ts';
import { safeHeaders } from './safe-headers.ts';

/** Must come before the routes, whose paths it collects. `logger` hears of what is this program's own fault. */
export function answerErrors(api: Api, logger: Logger): void {
  const paths = createRoutePaths();
  api.addHook('onRoute', ({ url, method }) => paths.add(url, method));
  api.setNotFoundHandler(({ method, url }, reply) => {
    const path = shortened(url.replace(/\?.*$/, ''));
    const methods = paths.methodsOf(url);
    if (methods.length === 0) {
      throw new ApiError('unknown-route', `there is nothing at ${path}`, 'paths begin with /api/v1; see that it is spelled right');
    }
    void reply.header('allow', methods.join(', '));
    throw new ApiError('method-not-allowed', `${path} does not take ${method}`, `use ${methods.join(' or ')}`);
  });
  api.setErrorHandler((error: FastifyError, request, reply) => {
    const answer = errorOf(error);
    if (answer.body.code >= 500) logger.error({ err: error, method: request.method, url: shortened(request.url) }, 'a request failed');
    return sendError(reply, answer);
  });
}

/** What HTTP wants to be said with some errors (RFC 6750 section 3, RFC 6585 section 4). */
const headersOf: Partial<Record<ErrorReason, Readonly<Record<string, string>>>> = {
  'token-missing': { 'www-authenticate': 'Bearer realm="opengslb"' },
  'token-unknown': { 'www-authenticate': 'Bearer realm="opengslb", error="invalid_token"' },
  'role-insufficient': { 'www-authenticate': 'Bearer realm="opengslb", error="insufficient_scope"' },
  'too-many-requests': { 'retry-after': '1' },
};

export function sendError(reply: FastifyReply, { body }: ApiError): FastifyReply {
  void reply.headers({ ...safeHeaders, ...headersOf[body.reason] });
  return reply.code(body.code).header('content-type', 'application/json; charset=utf-8').serializer(JSON.stringify).send(body);
}

/** What fastify found wrong, in our words. */
const frameworkErrors: Readonly<Record<string, ConstructorParameters<typeof ApiError>>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body-too-large', `the body is longer than ${apiLimits.bodyBytesMax} bytes`, 'send a shorter one'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'media-type-unsupported',
    'the body is not application/json',
    'send JSON, with the header content-type: application/json',
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: ['request-malformed', 'the body is not valid JSON', 'send one JSON object'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['request-malformed', 'the body is not as long as content-length says', 'send it again'],
  FST_ERR_BAD_URL: ['request-malformed', 'the path is not valid', 'percent-encode it, as UTF-8'],
  FST_ERR_MAX_PARAM_LENGTH: [
    'request-invalid',
    `a part of the path is longer than ${apiLimits.pathPartCharactersMax} characters`,
    'use a shorter name',
  ],
};

/** Anything that was thrown, as an answer. What is not foreseen is this program's own fault, and says nothing of its inside. */
export function errorOf(error: FastifyError | ApiError | LogError): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof LogError && error.code === 'log-dropped') return new ApiError('log-dropped', error.message, error.remedy);
  if (error instanceof LogError) return new ApiError('log-unavailable', error.message, error.remedy);
  if (error.validation !== undefined) return schemaError({ place: error.validationContext ?? 'request', problems: error.validation });
  const known = frameworkErrors[error.code];
  if (known !== undefined) return new ApiError(...known);
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new ApiError('request-malformed', `the request cannot be read: ${shortened(error.message)}`, 'mend it and send it again');
  }
  return new ApiError('internal-error', 'something went wrong in this program', 'see its log, and report what it says there');
}
