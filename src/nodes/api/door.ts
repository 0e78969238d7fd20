/** Who comes in: before anything of a request is looked at, may this address ask, and may a browser have made it ask. */
import { allowList, askingAddress, isLoopback, plainAddress } from './allowed-networks.ts';
import { browserProblem } from './browsers.ts';
import { ApiError } from './errors.ts';
import type { Api } from './route-context.ts';

export interface DoorSettings {
  /** CIDRs; whoever asks from elsewhere is refused. */
  readonly allowed_networks: readonly string[];
  readonly trust_proxy_headers: boolean;
}

/** Routes that are `open` are outside the door. */
export function guardDoor(api: Api, { allowed_networks: networks, trust_proxy_headers: trustProxyHeaders }: DoorSettings): void {
  const isAllowed = allowList(networks);
  api.decorateRequest('askingAddress', '');
  api.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.open) return;
    const { headers, method } = request;
    const peer = request.socket.remoteAddress ?? '';
    const forwardedFor = headers['x-forwarded-for'];
    const asks = askingAddress(peer, Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor, trustProxyHeaders, isAllowed);
    if (asks === undefined || !isAllowed(asks)) throw notAllowed(asks);
    const fromLoopback = isLoopback(plainAddress(peer) ?? '');
    const problem = browserProblem({ method, host: headers.host, origin: headers.origin, fromLoopback, trustProxyHeaders });
    if (problem !== undefined) throw problem;
    request.askingAddress = asks;
  });
}

function notAllowed(address: string | undefined): ApiError {
  const who = address === undefined ? 'whoever X-Forwarded-For names' : address;
  return new ApiError('address-not-allowed', `${who} may not ask here`, 'add its network to api.allowed_networks');
}
