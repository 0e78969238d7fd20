/**
 * What every kind of check has in common: whom it asks, how, and what it measured. A check never throws: whatever
 * happens is a result.
 */

/** Everything that one check needs; all defaults are filled in. */
export interface CheckTarget {
  readonly type: 'http' | 'https' | 'tcp';
  /** A literal address, IPv4 or IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** http and https from here on. */
  readonly path: string;
  /** Host header and TLS server name; undefined: the address (and port, where it is not the scheme's). */
  readonly host?: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Inclusive ranges of statuses that count as success. */
  readonly expectedStatus: readonly (readonly [from: number, to: number])[];
  /** Text that the body must contain. */
  readonly expectedBody?: string;
  readonly verifyTls: boolean;
}

/** What was measured: the data of `validation.recorded` but for the backend. */
export interface CheckResult {
  readonly ok: boolean;
  /** HTTP status; null where there was none. */
  readonly status: number | null;
  /** Why it is not ok, as a short sentence; null where it is. */
  readonly error: string | null;
  /** Whole microseconds of each phase; null where it did not happen; a failed phase carries the time until it failed. */
  readonly dnsUs: number | null;
  readonly connectUs: number | null;
  readonly tlsUs: number | null;
  readonly firstByteUs: number | null;
  /** The sum of the phases, and of reading the body where a body is expected. */
  readonly totalUs: number;
}

/** Runs one check. `signal` ends it early, as a failure. */
export type Check = (target: CheckTarget, signal: AbortSignal) => Promise<CheckResult>;
