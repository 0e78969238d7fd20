/**
 * Who comes in. Before anything of a request is looked at: may this address ask, does it ask too often, who is it, may
 * a browser have made it ask, and may whoever it is have what this route gives?
 */
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../world.ts';
import { allowList, askingAddress, isLoopback, plainAddress } from './allowed-networks.ts';
import { browserProblem } from './browsers.ts';
import { ApiError } from './errors.ts';
import { type Identity, identifyBy, type Role, roleProblem, type Token } from './identity.ts';
import { apiLimits } from './limits.ts';
import { createRequestRates } from './request-rates.ts';
import type { Api } from './route-context.ts';

export interface DoorSettings {
  /** CIDRs; whoever asks from elsewhere is refused. */
  readonly allowed_networks: readonly string[];
  readonly trust_proxy_headers: boolean;
  /** With their secrets. */
  readonly tokens: readonly Token[];
}

/** Routes that are `open` are outside the door. */
export function guardDoor(api: Api, settings: DoorSettings, clock: Clock): void {
  const { allowed_networks: networks, trust_proxy_headers: trustProxyHeaders, tokens } = settings;
  const isAllowed = allowList(networks);
  const identify = identifyBy(tokens);
  const rates = createRequestRates(clock);
  api.decorateRequest<Identity | undefined>('identity', undefined);
  api.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.access === 'open') return;
    const { headers, method } = request;
    const peer = request.socket.remoteAddress ?? '';
    const forwardedFor = headers['x-forwarded-for'];
    const asks = askingAddress(peer, Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor, trustProxyHeaders, isAllowed);
    if (asks === undefined || !isAllowed(asks)) throw notAllowed(asks);
    rates.admit(asks);
    const fromLoopback = isLoopback(plainAddress(peer) ?? '');
    const byToken = tokens.length > 0;
    const fromPage = browserProblem({ method, host: headers.host, origin: headers.origin, fromLoopback, trustProxyHeaders, byToken });
    if (fromPage !== undefined) throw fromPage;
    const identity = identified(
      () => identify(asks, headers.authorization),
      () => rates.charge(asks, apiLimits.unknownTokenCost),
    );
    const tooLow = roleProblem(identity, neededRole(request));
    if (tooLow !== undefined) throw tooLow;
    request.identity = identity;
  });
}

/** Guessing at tokens uses up what an address may ask. */
function identified(identify: () => Identity, onUnknown: () => void): Identity {
  try {
    return identify();
  } catch (error) {
    if (error instanceof ApiError && error.body.reason === 'token-unknown') onUnknown();
    throw error;
  }
}

/** A route that says nothing is for nobody but an admin; where there is no route, whoever may read is told so. */
function neededRole({ is404, routeOptions }: FastifyRequest): Role {
  const { access } = routeOptions.config;
  if (is404) return 'viewer';
  return access === undefined || access === 'open' ? 'admin' : access;
}

/** Who asks. Only the door lets requests in, so whoever reads this has been identified. */
export function identityOf({ identity }: FastifyRequest): Identity {
  if (identity === undefined) throw new Error('a request came past the door');
  return identity;
}

function notAllowed(address: string | undefined): ApiError {
  const who = address === undefined ? 'whoever X-Forwarded-For names' : address;
  return new ApiError('address-not-allowed', `${who} may not ask here`, 'add its network to api.allowed_networks');
}
