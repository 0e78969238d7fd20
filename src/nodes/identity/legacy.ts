/**
 * What agents of the original OpenGSLB say: plain JSON without any proof, read as leniently as its receiver reads it, and
 * within bounds, never throwing (I9). Its envelope must be right; inside the payload what has the wrong type counts as
 * zero, and a backend that nobody could serve is left out and counted. Only heartbeats are made use of; the others are
 * known and passed over, since its agents never send them or they say nothing about health.
 */
import { canonicalAddress, isDomainName } from '../../events/catalogue/scalars.ts';
import { identityLimits } from './limits.ts';

export interface LegacyBackend {
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  readonly healthy: boolean;
}

export interface LegacyPredictive {
  readonly bleeding: boolean;
  readonly bleedReason: string;
  readonly cpuPercent: number;
  readonly memPercent: number;
  readonly errorRate: number;
}

export interface LegacyHeartbeat {
  readonly type: 'heartbeat';
  readonly agent: string;
  readonly region: string;
  /** Milliseconds since 1970, by the agent's clock, which nothing is concluded from; undefined: it sent none. */
  readonly at: number | undefined;
  /** Null: an empty beat, which says only that the agent is there, or that it goes. */
  readonly backends: readonly LegacyBackend[] | null;
  /** Backends that were left out. */
  readonly unusable: number;
  readonly predictive: LegacyPredictive | undefined;
}

export type LegacyDecoded =
  | LegacyHeartbeat
  | {
      readonly type: 'ignored';
      readonly agent: string;
      readonly what: 'latency_report' | 'register' | 'deregister' | 'agent_auth' | 'unknown';
    }
  | { readonly rejected: 'malformed' | 'too-large' };

type Json = Readonly<Record<string, unknown>>;

const known = ['latency_report', 'register', 'deregister', 'agent_auth'] as const;

/**
 *     bytes                                                       reading
 *     more than a datagram can hold, or too many backends         too-large
 *     no JSON object; type, name or region of another type        malformed
 *     a timestamp that is no RFC 3339                             malformed, as there
 *     a heartbeat                                                 heartbeat
 *     any other type                                              ignored
 */
export function decodeLegacy(bytes: Uint8Array): LegacyDecoded {
  if (bytes.length > identityLimits.legacyBytesMax) return { rejected: 'too-large' };
  const envelope = objectIn(parsed(bytes));
  if (envelope === undefined) return { rejected: 'malformed' };
  const { type, agent_id: agent, region = '', timestamp } = envelope;
  const at = typeof timestamp === 'string' ? momentOf(timestamp) : undefined;
  const isTimely = timestamp === undefined || timestamp === null || at !== undefined;
  if (typeof type !== 'string' || !isLabel(agent, 1) || !isLabel(region ?? '', 0) || !isTimely) return { rejected: 'malformed' };
  if (type !== 'heartbeat') return { type: 'ignored', agent, what: known.find((name) => name === type) ?? 'unknown' };
  return heartbeat({ agent, region: (region ?? '') as string, at }, objectIn(envelope.payload) ?? {});
}

function heartbeat(who: Pick<LegacyHeartbeat, 'agent' | 'region' | 'at'>, payload: Json): LegacyDecoded {
  const listed: readonly unknown[] | null = Array.isArray(payload.backends) ? payload.backends : null;
  if (listed !== null && listed.length > identityLimits.backendsMax) return { rejected: 'too-large' };
  const backends = listed?.map((entry) => backendOf(objectIn(entry) ?? {})).filter((backend) => backend !== undefined) ?? null;
  const unusable = (listed?.length ?? 0) - (backends?.length ?? 0);
  const predictive = objectIn(payload.predictive);
  return { type: 'heartbeat', ...who, backends, unusable, predictive: predictive && predictiveOf(predictive) };
}

function backendOf({ service, address, port, weight, healthy }: Json): LegacyBackend | undefined {
  const name = textIn(service).toLowerCase().replace(/\.$/, '');
  const canonical = canonicalAddress(textIn(address).slice(0, 64));
  const number = wholeIn(port, 65_535);
  if (!isDomainName(name) || canonical === undefined || number < 1) return undefined;
  return { service: name, address: canonical, port: number, weight: wholeIn(weight, identityLimits.weightMax), healthy: healthy === true };
}

function predictiveOf({ bleeding, bleed_reason, cpu_percent, mem_percent, error_rate }: Json): LegacyPredictive {
  return {
    bleeding: bleeding === true,
    bleedReason: textIn(bleed_reason)
      .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
      .slice(0, 200),
    cpuPercent: amountIn(cpu_percent),
    memPercent: amountIn(mem_percent),
    errorRate: amountIn(error_rate),
  };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** A copy without a prototype, so that a name such as `constructor` is only there where it was sent. */
function objectIn(value: unknown): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.assign(Object.create(null) as Record<string, unknown>, value);
}

/** Text without control characters, within what a name may have. */
function isLabel(value: unknown, leastBytes: number): value is string {
  if (typeof value !== 'string' || /[\p{Cc}\p{Cs}]/u.test(value)) return false;
  const length = Buffer.byteLength(value);
  return length >= leastBytes && length <= identityLimits.agentBytesMax;
}

const textIn = (value: unknown) => (typeof value === 'string' ? value : '');

/** Numbers are floats there, and lose what is behind the point. Beyond the bounds there is none. */
function wholeIn(value: unknown, most: number): number {
  const number = typeof value === 'number' ? Math.trunc(value) : 0;
  return number >= 0 && number <= most ? number + 0 : 0;
}

function amountIn(value: unknown): number {
  return typeof value === 'number' && value > 0 && value <= 1e9 ? value : 0;
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since 1970; undefined where it is no moment. 0001-01-01T00:00:00Z is one: it stands for never. */
function momentOf(text: string): number | undefined {
  const parts = rfc3339.exec(text);
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map(Number);
  const [offsetHours, offsetMinutes] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDate || hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined;
  const offset = (parts[8] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes);
  const fraction = Math.floor(Number(`0.${parts[7] ?? 0}`) * 1000);
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction;
}
