/**
 * What the requests over the control socket do.
 *
 *     request              where                                            outcome
 *     status               -                                                the status
 *     drain-on SERVICE     no backend serves it                             unknown-service
 *     drain-on             otherwise                                        it drains, with this reason
 *     drain-off SERVICE    no backend serves it                             unknown-service
 *     drain-off SERVICE    only a drain of the whole agent covers it        drained-as-a-whole
 *     drain-off            the socket drains nothing of the kind            not-draining
 *     drain-off            otherwise                                        that drain ends; others, as a file's, stay
 */
import { assertNever } from '../../projections/assert-never.ts';
import { type AgentStatus, type ControlRefusal, type ControlReply, type ControlRequest, refused } from './control-messages.ts';
import type { Drains } from './drains.ts';

/** Keys of the gossip are changed in control-keys.ts. */
type DrainRequest = Exclude<ControlRequest, { command: 'gossip-keys' | 'gossip-key' }>;

export interface ControlParts {
  readonly drains: Drains;
  /** The services of the agent's backends. */
  readonly services: ReadonlySet<string>;
  readonly status: () => AgentStatus;
}

export function carryOutControl(request: DrainRequest, parts: ControlParts): ControlReply {
  const refusal = refusalOf(request, parts);
  return refusal ?? { ok: true, status: parts.status() };
}

/** Undefined: it was carried out. */
function refusalOf(request: DrainRequest, { drains, services }: ControlParts): ControlRefusal | undefined {
  switch (request.command) {
    case 'status':
      return undefined;
    case 'drain-on': {
      const { service, reason } = request;
      if (service !== null && !services.has(service)) return unknownService(service, services);
      return kept(() => drains.begin({ by: 'socket', service, reason }));
    }
    case 'drain-off':
      return refusalOfEnd(request.service, drains, services);
    default:
      return assertNever(request);
  }
}

/** Null: all that the socket drains is to end. */
function refusalOfEnd(service: string | null, drains: Drains, services: ReadonlySet<string>): ControlRefusal | undefined {
  if (service !== null && !services.has(service)) return unknownService(service, services);
  const bySocket = drains.list().filter(({ by }) => by === 'socket');
  const isThere = bySocket.some((drain) => service === null || drain.service === service);
  if (isThere) return kept(() => drains.end('socket', service));
  if (service !== null && bySocket.some((drain) => drain.service === null)) return drainedAsAWhole(service);
  return notDraining(service, drains);
}

/** A drain that cannot be kept would be forgotten by a restart: it is not begun. */
function kept(change: () => void): ControlRefusal | undefined {
  try {
    change();
    return undefined;
  } catch (error) {
    const { message, remedy = 'look at agent.state_dir' } = error as Error & { remedy?: string };
    return refused('state-unavailable', message, remedy);
  }
}

function unknownService(service: string, services: ReadonlySet<string>): ControlRefusal {
  return refused('unknown-service', `this agent has no backend of ${service}`, `name one of ${[...services].join(', ')}, or none for all`);
}

function drainedAsAWhole(service: string): ControlRefusal {
  const remedy = 'end it with "opengslb drain off", then drain the services that are to stay out';
  return refused('drained-as-a-whole', `${service} drains with all services of this agent`, remedy);
}

function notDraining(service: string | null, drains: Drains): ControlRefusal {
  const what = service ?? 'this agent';
  const other = drains.list().find(({ by }) => by !== 'socket');
  if (other === undefined) return refused('not-draining', `${what} is not draining`, 'nothing is to be done');
  const remedy = other.by === 'file' ? 'remove the drain file' : 'wait for the agent to stop';
  return refused('not-draining', `nobody asked for a drain of ${what} by command; it drains because: ${other.reason}`, remedy);
}
