/**
 * How a server is checked: its own settings, then its region's, then `overwatch.validation`, then the defaults below.
 * The first that says something decides.
 */
import type { HealthCheck } from '../events/catalogue/configuration.ts';
import { durationMs } from '../events/duration.ts';
import type { ConfigurationInForce } from './configuration.ts';
import type { Server } from './registry.ts';

export interface CheckSettings {
  readonly type: 'http' | 'https' | 'tcp';
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly path: string;
  readonly host: string | undefined;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Inclusive ranges. */
  readonly expectedStatus: readonly (readonly [from: number, to: number])[];
  readonly expectedBody: string | undefined;
  readonly verifyTls: boolean;
}

export interface Thresholds {
  /** Failures that take an up server down. */
  readonly failure: number;
  /** Successes in a row that take a down server up, and that clear the failures of an up one. */
  readonly success: number;
}

const defaults = { type: 'http', path: '/health', method: 'GET', failure: 3, success: 2 } as const;

/** Whether this node checks servers from outside at all. */
export function validates(inForce: ConfigurationInForce | undefined): boolean {
  return inForce?.configuration.overwatch.validation.enabled ?? false;
}

export function thresholdsOf(inForce: ConfigurationInForce | undefined, server: Pick<Server, 'region' | 'healthCheck'>): Thresholds {
  const own = server.healthCheck;
  const region = inForce?.regions.get(server.region)?.health_check;
  return {
    failure: own?.failure_threshold ?? region?.failure_threshold ?? defaults.failure,
    success: own?.success_threshold ?? region?.success_threshold ?? defaults.success,
  };
}

export function checkSettingsOf(inForce: ConfigurationInForce, server: Pick<Server, 'region' | 'host' | 'healthCheck'>): CheckSettings {
  const region = inForce.regions.get(server.region)?.health_check ?? {};
  const check: HealthCheck = { ...region, ...server.healthCheck };
  const { validation } = inForce.configuration.overwatch;
  const host = server.healthCheck?.host ?? server.host ?? region.host;
  return {
    type: check.type ?? defaults.type,
    intervalMs: durationMs(check.interval ?? validation.check_interval),
    timeoutMs: durationMs(check.timeout ?? validation.check_timeout),
    path: check.path ?? defaults.path,
    host,
    method: check.method ?? defaults.method,
    headers: check.headers ?? {},
    expectedStatus: (check.expected_status ?? ['200-299']).map(statusRange),
    expectedBody: check.expected_body,
    verifyTls: check.verify_tls ?? true,
  };
}

function statusRange(status: number | string): readonly [number, number] {
  if (typeof status === 'number') return [status, status];
  const [from, to] = status.split('-');
  return [Number(from), Number(to)];
}
