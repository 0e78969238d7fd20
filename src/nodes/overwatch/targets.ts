/** Whom the validator checks, and how: every server of every configured service, by the settings in force. */
import { checkSettingsOf, validates } from '../../projections/checks.ts';
import type { State } from '../../projections/state.ts';
import type { ValidationTarget } from './validator.ts';

/**
 * `secrets` holds what stands behind the keyed digests in a configuration: headers are sent as they were written in the
 * file, while facts hold their digests.
 */
export function validationTargets(state: State, secrets: ReadonlyMap<string, string>): readonly ValidationTarget[] {
  const inForce = state.configuration;
  if (inForce === undefined || !validates(inForce)) return [];
  const targets: ValidationTarget[] = [];
  for (const [service, servers] of state.registry) {
    if (!inForce.domains.has(service)) continue;
    for (const server of servers.values()) {
      const { intervalMs, host, expectedBody, headers, ...settings } = checkSettingsOf(inForce, server);
      const { address, port } = server;
      const plain = Object.entries(headers).map(([name, value]) => [name, secrets.get(value) ?? value]);
      targets.push({
        service,
        address,
        port,
        intervalMs,
        target: {
          ...settings,
          address,
          port,
          headers: Object.fromEntries(plain),
          ...(host !== undefined && { host }),
          ...(expectedBody !== undefined && { expectedBody }),
        },
      });
    }
  }
  return targets;
}
