/**
 * The REST API under `/api/v1`: who may ask is decided first, then the request is held against its schema, then a route
 * answers from the state or hands an order to the engine. Nothing is answered outside its schema, and every error has
 * the one body of `errors.ts`. No rules about services or servers live here.
 */
import { type FastifyReply, fastify } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { EventLog } from '../../events/log.ts';
import type { Validator } from '../checks/validator.ts';
import { systemClock } from '../clock.ts';
import type { KeySync } from '../dns/key-sync/key-sync.ts';
import type { Keys } from '../dns/keys/keys.ts';
import type { Engine } from '../engine.ts';
import type { Logger } from '../logger.ts';
import type { Reload } from '../overwatch/reload.ts';
import type { Clock } from '../world.ts';
import { agentRoutes } from './agents.ts';
import { backendRoutes } from './backends.ts';
import { clusterRoutes } from './cluster.ts';
import { configurationRoutes } from './configuration.ts';
import { dnssecRoutes } from './dnssec.ts';
import { type DoorSettings, guardDoor } from './door.ts';
import { answerErrors, errorOf, sendError } from './error-answers.ts';
import { connectionError, rawResponse } from './errors.ts';
import { eventRoutes } from './events.ts';
import { geoRoutes } from './geo.ts';
import { gossipKeyRoutes } from './gossip-keys.ts';
import { healthRoutes } from './health.ts';
import { apiLimits } from './limits.ts';
import { nodeRoutes } from './node.ts';
import { collectRoutes, openapiRoutes } from './openapi.ts';
import { originalServerRoutes } from './original-servers.ts';
import { overrideRoutes } from './overrides.ts';
import type { Api, Readiness, RouteContext } from './route-context.ts';
import { safeHeaders } from './safe-headers.ts';
import { serverRoutes } from './servers.ts';
import { serviceRoutes } from './services.ts';
import { timeText } from './shapes.ts';
import { streamRoutes } from './stream.ts';
import type { RecentChanges } from './stream-recent.ts';
import { readTls, type TlsPaths } from './tls.ts';

export interface ApiOptions {
  readonly engine: Engine;
  /** The engine's log, for reading. */
  readonly log: EventLog;
  /** Hears of errors that are this program's own, and of guards that were passed by force. */
  readonly logger: Logger;
  readonly settings: ApiSettings;
  readonly version: string;
  readonly readiness: () => Readiness;
  /** The validator's. Left out: this node checks nothing. */
  readonly checkNow?: Validator['checkNow'];
  /** Left out: gossip is off, and no agent is heard. */
  readonly agents?: RouteContext['agents'];
  /** Left out: this node signs nothing. */
  readonly keys?: Keys;
  /** Default: it shares no keys with others. */
  readonly keySync?: KeySync;
  /** Left out: this node was not started from a file. */
  readonly reload?: Reload;
  /** Fed by the engine. Left out: the stream of events carries no changes. */
  readonly recentChanges?: RecentChanges;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

export interface ApiSettings extends DoorSettings {
  /** Left out: plain HTTP. */
  readonly tls?: TlsPaths | undefined;
}

const prefix = '/api/v1';

/** Every subject's routes, registered under the prefix. */
const subjects = [
  nodeRoutes,
  overrideRoutes,
  serviceRoutes,
  serverRoutes,
  healthRoutes,
  eventRoutes,
  streamRoutes,
  backendRoutes,
  agentRoutes,
  clusterRoutes,
  gossipKeyRoutes,
  geoRoutes,
  originalServerRoutes,
  configurationRoutes,
  dnssecRoutes,
  openapiRoutes,
];

/** An API that does not listen yet. Throws an ApiTlsError where its certificate is not to be had. */
export function createApi(options: ApiOptions): Api {
  const {
    engine,
    log,
    logger,
    version,
    readiness,
    checkNow,
    agents,
    keys,
    keySync,
    reload,
    recentChanges,
    clock = systemClock(),
  } = options;
  // Node would answer a request without Host itself, with no body; `browsers.ts` says what is wrong.
  const http = { requireHostHeader: false };
  const tls = options.settings.tls && readTls(options.settings.tls);
  const api = fastify({
    ...((tls === undefined ? { http } : { https: { ...http, ...tls } }) as { http: typeof http }),
    bodyLimit: apiLimits.bodyBytesMax,
    requestTimeout: apiLimits.requestMsMax,
    keepAliveTimeout: apiLimits.idleMs,
    routerOptions: { maxParamLength: apiLimits.pathPartCharactersMax },
    // A request that comes on an open connection while the API closes is answered as any other, in our own words.
    return503OnClosing: false,
    clientErrorHandler(error, socket) {
      if (socket.writable) socket.end(rawResponse(connectionError(error.code)));
      else socket.destroy();
    },
    frameworkErrors(error, _request, reply) {
      return sendError(reply as FastifyReply, errorOf(error));
    },
  }).withTypeProvider<ZodTypeProvider>();
  api.server.maxConnections = apiLimits.connectionsMax;
  // An expectation that nobody knows may be passed over (RFC 9110 section 10.1.1); Node would answer it without a body.
  api.server.on('checkExpectation', (request, response) => api.server.emit('request', request, response));
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);
  acceptOnlyJson(api);
  api.addHook('onRequest', async (_request, reply) => void reply.headers(safeHeaders));
  guardDoor(api, options.settings, clock);
  answerErrors(api, logger);
  boundClosing(api, clock);
  const routes = collectRoutes(api);

  const context: RouteContext = {
    engine,
    log,
    logger,
    routes,
    clock,
    checkNow,
    agents,
    ...{ keys, keySync },
    reload,
    recentChanges,
    version,
    readiness,
    generatedAt: () => timeText(clock.now()),
  };
  void api.register(
    (scope, _options, done) => {
      for (const routes of subjects) routes(scope.withTypeProvider<ZodTypeProvider>(), context);
      done();
    },
    { prefix },
  );
  return api;
}

/** An empty body is no body, whatever its type is said to be. */
function acceptOnlyJson(api: Api): void {
  const parseJson = api.getDefaultJsonParser('error', 'error');
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body === '') done(null, undefined);
    else void parseJson(request, body, done);
  });
}

/** Requests under way are answered; a peer that does not end its own, or take its answer, does not keep the node from stopping. */
function boundClosing(api: Api, clock: Clock): void {
  let callOff: (() => void) | undefined;
  api.addHook('preClose', (done) => {
    callOff = clock.wakeAt(clock.now() + apiLimits.closeMs, () => api.server.closeAllConnections());
    done();
  });
  api.addHook('onClose', () => callOff?.());
}
