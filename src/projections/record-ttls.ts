/**
 * How long resolvers may keep what a node says. A configuration says it of now; but what was said under the one before is
 * kept for as long as that one allowed, so each change of configuration leaves a moment behind until which that lasts. A
 * rotation that waited for the TTLs of now alone would be too early after a reload that lowered them.
 */
import type { Configuration } from '../events/catalogue/configuration.ts';
import { durationMs } from '../events/duration.ts';
import type { ConfigurationInForce } from './configuration.ts';

/**
 * TTL of every "no", proven or not, unless that of the zone's SOA is shorter (RFC 9077): a name that is not there today may
 * be there in a minute.
 */
export const denialTtlSeconds = 30;

/** Until when resolvers may keep what was said under configurations that are in force no more; 0: there was none. */
export interface KeptUntil {
  /** DNSKEY, and DS of zones inside zones. */
  readonly dnskey: number;
  /** Anything at all. */
  readonly records: number;
}

export const nothingKept: KeptUntil = { dnskey: 0, records: 0 };

/** TTL of DNSKEY, CDS and CDNSKEY, and of the DS of a zone inside another one. */
export function dnskeyTtlSecondsOf({ overwatch: { dnssec } }: Pick<Configuration, 'overwatch'>): number {
  // A configuration that was applied before there was this setting says nothing of it.
  return Math.floor(durationMs((dnssec.dnskey_ttl as string | undefined) ?? '1h') / 1_000);
}

/** The longest TTL of anything that is said of this zone, or of any. */
export function longestTtlSecondsOf(configuration: Configuration, zone?: string): number {
  let longest = ttlOfAll(configuration);
  for (const { name, records } of configuration.dns.zones) {
    if (zone === undefined || name === zone) for (const { ttl = 0 } of records) longest = Math.max(longest, ttl);
  }
  for (const { name, ttl = 0 } of configuration.domains) if (zone === undefined || isIn(name, zone)) longest = Math.max(longest, ttl);
  return longest;
}

/** What every zone has. A denial is kept for no longer than the SOA in it. */
function ttlOfAll(configuration: Configuration): number {
  // One that was applied before there was `apex_ttl` says nothing of it.
  const { default_ttl: ofDefault, apex_ttl: ofApex = 3_600 } = configuration.dns as Partial<Configuration['dns']>;
  return Math.max(dnskeyTtlSecondsOf(configuration), ofDefault ?? 0, ofApex);
}

function isIn(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}

/** Whether anything that was said with `was` is not said any more, or may be kept for less long. */
function lowersAny(was: Configuration, is: Configuration): boolean {
  const now = ttlsByName(is);
  for (const [name, ttl] of ttlsByName(was)) if ((now.get(name) ?? -1) < ttl) return true;
  return ttlOfAll(is) < ttlOfAll(was);
}

/** The longest of each zone's records, and that of each domain; a zone ends with a dot here. */
function ttlsByName({ dns, domains }: Configuration): ReadonlyMap<string, number> {
  const ttls = new Map<string, number>();
  for (const { name, records } of dns.zones) {
    let longest = 0;
    for (const { ttl = dns.default_ttl } of records) longest = Math.max(longest, ttl);
    ttls.set(`${name}.`, longest);
  }
  for (const { name, ttl = dns.default_ttl } of domains) ttls.set(name, ttl);
  return ttls;
}

/** What was said before is said until the new is laid out, which takes a while where there are many names. */
const layoutMs = 60_000;

/** When the configuration `is` comes in the place of `was`: where nothing is kept for less long, what is waited for now is enough. */
export function keptAfter(before: KeptUntil, was: ConfigurationInForce | undefined, is: ConfigurationInForce): KeptUntil {
  if (was === undefined) return before;
  const from = is.at + layoutMs;
  const [dnskeyBefore, dnskeyNow] = [dnskeyTtlSecondsOf(was.configuration), dnskeyTtlSecondsOf(is.configuration)];
  return {
    dnskey: dnskeyNow < dnskeyBefore ? Math.max(before.dnskey, from + dnskeyBefore * 1_000) : before.dnskey,
    records: lowersAny(was.configuration, is.configuration)
      ? Math.max(before.records, from + longestTtlSecondsOf(was.configuration) * 1_000)
      : before.records,
  };
}

/** What is asked about TTLs is asked of these parts of a state. */
interface TtlState {
  readonly at: number;
  readonly configuration: ConfigurationInForce | undefined;
  readonly keptUntil: KeptUntil;
}

/** For how many seconds from now on some resolver may keep a DNSKEY RRset that was said until now. */
export function dnskeyKeptSeconds({ at, configuration: inForce, keptUntil }: TtlState): number {
  return Math.max(inForce === undefined ? 0 : dnskeyTtlSecondsOf(inForce.configuration), secondsUntil(keptUntil.dnskey, at));
}

/** The same of anything that was said of the zone until now, and with it of a signature. */
export function recordsKeptSeconds({ at, configuration: inForce, keptUntil }: TtlState, zone: string): number {
  return Math.max(inForce === undefined ? 0 : longestTtlSecondsOf(inForce.configuration, zone), secondsUntil(keptUntil.records, at));
}

const secondsUntil = (moment: number, at: number) => Math.max(0, Math.ceil((moment - at) / 1_000));
