/** Whom the validator checks, and how: every server of every configured service, by the settings in force. */
import { isDeepStrictEqual } from 'node:util';
import { checkSettingsOf, validates } from '../../projections/checks.ts';
import type { ConfigurationInForce } from '../../projections/configuration.ts';
import { type Server, type ServersOfService, serversOf } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import type { ValidationTarget } from '../checks/validator.ts';

/**
 * `secrets` holds what stands behind the keyed digests in a configuration: headers are sent as they were written in the
 * file, while facts hold their digests. A server that is as it was keeps the very target that it had: asking again costs
 * little, and comparing what was asked for nothing.
 */
export function validationTargets(state: State, secrets: () => ReadonlyMap<string, string>): () => readonly ValidationTarget[] {
  let known: KnownTargets = noTargets();
  let madeBy: readonly unknown[] = [];
  return () => {
    const { configuration: inForce, registry } = state;
    if (inForce === undefined || !validates(inForce)) return [];
    const behind = secrets();
    if (inForce !== madeBy[0] || behind !== madeBy[1]) known = noTargets();
    madeBy = [inForce, behind];
    const make = (server: Server) => targetOf(inForce, server, behind);
    const targets: ValidationTarget[] = [];
    for (const [service, servers] of registry) {
      if (!inForce.domains.has(service)) continue;
      // Many servers are kept each by itself; of few, another list takes the place of one in which anything has changed.
      if (servers instanceof Map) for (const server of servers.values()) targets.push(ofServer(known, server, make));
      else targets.push(...ofList(known, service, servers, () => Array.from(serversOf(registry, service), make)));
    }
    return targets;
  };
}

interface KnownTargets {
  readonly byServer: WeakMap<Server, ValidationTarget>;
  readonly byService: Map<string, { readonly list: ServersOfService; readonly targets: readonly ValidationTarget[] }>;
}

function noTargets(): KnownTargets {
  return { byServer: new WeakMap(), byService: new Map() };
}

function ofServer({ byServer }: KnownTargets, server: Server, make: (server: Server) => ValidationTarget): ValidationTarget {
  const target = byServer.get(server) ?? make(server);
  byServer.set(server, target);
  return target;
}

function ofList(
  { byService }: KnownTargets,
  service: string,
  list: ServersOfService,
  make: () => readonly ValidationTarget[],
): readonly ValidationTarget[] {
  const before = byService.get(service);
  if (before?.list === list) return before.targets;
  const targets = make().map((target) => before?.targets.find((other) => isDeepStrictEqual(other, target)) ?? target);
  byService.set(service, { list, targets });
  return targets;
}

function targetOf(inForce: ConfigurationInForce, server: Server, secrets: ReadonlyMap<string, string>): ValidationTarget {
  const { intervalMs, host, expectedBody, headers, ...settings } = checkSettingsOf(inForce, server);
  const { service, address, port } = server;
  const plain = Object.entries(headers).map(([name, value]) => [name, secrets.get(value) ?? value]);
  return {
    ...{ service, address, port, intervalMs },
    target: {
      ...settings,
      ...{ address, port, headers: Object.fromEntries(plain) },
      ...(host !== undefined && { host }),
      ...(expectedBody !== undefined && { expectedBody }),
    },
  };
}
