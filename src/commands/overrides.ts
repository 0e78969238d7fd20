/** Setting and clearing overrides. */
import type { Fact } from '../events/event.ts';
import { targetText } from '../projections/endpoint.ts';
import type { Override } from '../projections/overrides.ts';
import { serversOf } from '../projections/registry.ts';
import type { State } from '../projections/state.ts';
import type { ClearOverride, Decision, Refusal, SetOverride } from './command.ts';

type Target = Pick<SetOverride, 'service' | 'address' | 'port'>;

export function setOverride(command: SetOverride, state: State): Decision {
  const { service, address, port, action, reason, authority, expiresInMs } = command;
  const unknown = unknownTarget(command, state);
  if (unknown !== undefined) return unknown;
  const until = expiresInMs === null ? null : state.at + expiresInMs;
  return [{ type: 'override.set', data: { service, address, port, action, reason, authority, until } }];
}

function unknownTarget({ service, address, port }: Target, state: State): Refusal | undefined {
  const servers = [...serversOf(state.registry, service)];
  if (!state.configuration?.domains.has(service) && servers.length === 0) {
    return {
      refused: 'unknown-service',
      error: `there is no service ${service}`,
      remedy: 'GET /api/v1/services lists the services',
    };
  }
  if (servers.some((server) => server.address === address && (port === null || server.port === port))) return undefined;
  return {
    refused: 'unknown-server',
    error: `${service} has no server ${targetText(address, port)}`,
    remedy: `GET /api/v1/services/${service}/answers lists its servers`,
  };
}

/**
 * Which overrides a clear ends:
 *
 *     given by   the target has          ends
 *     human      human's and/or tool's   all of them
 *     tool       tool's                  the tool's
 *     tool       human's alone           refused: outranked
 *     anyone     none                    refused: unknown-override
 */
export function clearOverride(command: ClearOverride, state: State): Decision {
  const { service, address, port, authority, reason } = command;
  const found = overridesOn(command, state);
  const cleared = found.filter((override) => authority === 'human' || override.authority === 'tool');
  if (cleared.length > 0) {
    return cleared.map((override): Fact => {
      const data = { service, address, port: override.port, authority: override.authority, reason };
      return { type: 'override.cleared', data, cause: override.position };
    });
  }
  const target = `${targetText(address, port)} of ${service}`;
  if (found.length > 0) {
    return {
      refused: 'outranked',
      error: `the override on ${target} was set by a person, and a tool cannot clear it`,
      remedy: 'let a person clear it, with a token of kind human',
    };
  }
  return {
    refused: 'unknown-override',
    error: `there is no override on ${target}`,
    remedy: 'GET /api/v1/overrides lists the overrides with their targets',
  };
}

/** An address stands for itself and for each of its ports. */
function overridesOn({ service, address, port }: Target, state: State): readonly Override[] {
  const ofService = [...(state.overrides.get(service)?.values() ?? [])];
  return ofService.filter((override) => override.address === address && (port === null || override.port === port));
}
