/** Whom the validator checks, and how: every server of every configured service, by the settings in force. */
import { checkSettingsOf, validates } from '../../projections/checks.ts';
import type { ConfigurationInForce } from '../../projections/configuration.ts';
import type { Server } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import type { ValidationTarget } from '../checks/validator.ts';

/**
 * `secrets` holds what stands behind the keyed digests in a configuration: headers are sent as they were written in the
 * file, while facts hold their digests. A server that is as it was keeps the very target that it had: asking again costs
 * little, and comparing what was asked for nothing.
 */
export function validationTargets(state: State, secrets: () => ReadonlyMap<string, string>): () => readonly ValidationTarget[] {
  let known = new WeakMap<Server, ValidationTarget>();
  let madeBy: readonly unknown[] = [];
  return () => {
    const { configuration: inForce, registry } = state;
    if (inForce === undefined || !validates(inForce)) return [];
    const behind = secrets();
    if (inForce !== madeBy[0] || behind !== madeBy[1]) known = new WeakMap();
    madeBy = [inForce, behind];
    const targets: ValidationTarget[] = [];
    for (const [service, servers] of registry) {
      if (!inForce.domains.has(service)) continue;
      for (const server of servers.values()) {
        const target = known.get(server) ?? targetOf(inForce, server, behind);
        known.set(server, target);
        targets.push(target);
      }
    }
    return targets;
  };
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
