/**
 * Up or down, from what the checks measured. Hysteresis keeps a server from flapping: evidence against its status is
 * collected, and only enough of it flips the status.
 *
 *     status    result   and then                                                   status
 *     -         ok       -                                                          up
 *     -         failed   -                                                          down
 *     up        failed   fewer than `failure` failures collected                    up
 *     up        failed   `failure` failures collected                               down
 *     up        ok       fewer than `success` in a row: the failures stay           up
 *     up        ok       `success` in a row: the failures are cleared               up
 *     down      ok       fewer than `success` in a row                              down
 *     down      ok       `success` in a row                                         up
 *     down      failed   the successes are cleared                                  down
 */
import type { DataOf, EventOf } from '../events/event.ts';
import type { Thresholds } from './checks.ts';
import { endpointText, entryOf } from './endpoint.ts';

export interface BackendHealth {
  status: 'up' | 'down';
  /** When the status was reached. */
  since: number;
  /** Positions of the results that made it so. */
  decidedBy: readonly number[];
  /** Positions of the results that speak against it: failures of an up server, successes in a row of a down one. */
  against: number[];
  /** How often the last result came in a row. */
  run: number;
  /** The newest result. */
  last: DataOf<'validation.recorded'>;
  lastAt: number;
  lastPosition: number;
  /** When a check last succeeded; null: never. */
  lastOkAt: number | null;
  /** What the newest failure said; null where none has failed yet. */
  lastError: string | null;
}

/** service -> endpoint -> health. A server that was never checked has no entry. */
export type Health = Map<string, Map<string, BackendHealth>>;

/** Whether the status of the backend changed. */
export function evolveHealth(health: Health, event: EventOf<'validation.recorded'>, thresholds: Thresholds): boolean {
  const { data, at, position } = event;
  const key = endpointText(data.address, data.port);
  const backends = entryOf(health, data.service, () => new Map<string, BackendHealth>());
  const backend = backends.get(key);
  if (backend === undefined) {
    backends.set(key, {
      status: data.ok ? 'up' : 'down',
      since: at,
      decidedBy: [position],
      against: [],
      run: 1,
      last: data,
      lastAt: at,
      lastPosition: position,
      lastOkAt: data.ok ? at : null,
      lastError: data.error,
    });
    return true;
  }
  backend.run = backend.last.ok === data.ok ? backend.run + 1 : 1;
  backend.last = data;
  backend.lastAt = at;
  backend.lastPosition = position;
  if (data.ok) backend.lastOkAt = at;
  else backend.lastError = data.error;
  return weigh(backend, data.ok, at, position, thresholds);
}

/** The truth table above, for a backend that has a status. */
function weigh(backend: BackendHealth, ok: boolean, at: number, position: number, thresholds: Thresholds): boolean {
  const confirms = ok === (backend.status === 'up');
  if (confirms) {
    if (backend.against.length > 0 && (!ok || backend.run >= thresholds.success)) backend.against = [];
    return false;
  }
  backend.against.push(position);
  if (backend.against.length < (ok ? thresholds.success : thresholds.failure)) return false;
  backend.status = ok ? 'up' : 'down';
  backend.since = at;
  backend.decidedBy = backend.against;
  backend.against = [];
  return true;
}

export function healthOf(health: Health, service: string, address: string, port: number): BackendHealth | undefined {
  return health.get(service)?.get(endpointText(address, port));
}

/** A server that is gone has no health. */
export function forgetHealth(health: Health, service: string, address: string, port: number): void {
  const backends = health.get(service);
  if (backends?.delete(endpointText(address, port)) && backends.size === 0) health.delete(service);
}
