/**
 * What zones, their records and the domains in them must be to each other (RFC 1034 sections 3.6.2 and 4.2.1, RFC 2181
 * sections 5.2 and 10). Names are compared as text here; the server builds its zones from the same rules and refuses
 * again what would slip through.
 */
import type { Configuration, StaticRecord, Zone } from '../events/catalogue/configuration.ts';
import { isDomainName } from '../events/catalogue/scalars.ts';
import { entryOf } from '../projections/endpoint.ts';
import { type ConfigurationPath, type ConfigurationProblem, error, warning } from './configuration-problem.ts';
import { wrongDigestLength } from './ds-digest.ts';

export function* zoneProblems({ dns, domains }: Configuration): Iterable<ConfigurationProblem> {
  if (dns.zones.length === 0) return;
  const apexes = new Set(dns.zones.map(({ name }) => name));
  const domainsByZone = new Map<string, Map<string, ConfigurationPath>>();
  for (const [index, { name }] of domains.entries()) {
    const path = ['domains', index, 'name'];
    const zone = closestOf(apexes, name);
    if (zone !== undefined) entryOf(domainsByZone, zone, () => new Map()).set(name, path);
    else {
      const remedy = `add its zone to dns.zones, or give it a name in ${[...apexes].slice(0, 5).join(', ')}`;
      yield error(path, `${name} is in none of the zones, so it would never be answered`, remedy);
    }
  }
  const aliases = aliasesIn(dns.zones);
  for (const [index, zone] of dns.zones.entries()) {
    yield* problemsIn({ zone, path: ['dns', 'zones', index], apexes, aliases, domains: domainsByZone.get(zone.name) ?? new Map() });
  }
}

/** The names that are CNAMEs, of all zones. */
function aliasesIn(zones: readonly Zone[]): ReadonlySet<string> {
  const owners = zones.flatMap(({ name, records }) =>
    records.flatMap((record) => (record.type === 'CNAME' ? [ownerOf(record.name, name)] : [])),
  );
  return new Set(owners.flatMap((owner) => ('name' in owner ? [owner.name] : [])));
}

/** One zone, and what of the others matters to it. */
interface Surroundings {
  readonly zone: Zone;
  readonly path: ConfigurationPath;
  readonly apexes: ReadonlySet<string>;
  readonly aliases: ReadonlySet<string>;
  /** The domains whose closest zone this is, with their places. */
  readonly domains: ReadonlyMap<string, ConfigurationPath>;
}

/** A record with the whole name at which it stands. */
interface Placed {
  readonly record: StaticRecord;
  readonly owner: string;
  readonly path: ConfigurationPath;
}

function* problemsIn(around: Surroundings): Iterable<ConfigurationProblem> {
  const { zone, path } = around;
  const placed: Placed[] = [];
  for (const [index, record] of zone.records.entries()) {
    const at = [...path, 'records', index];
    const owner = ownerOf(record.name, zone.name);
    if ('message' in owner) yield { ...owner, path: [...at, 'name'], severity: 'error' };
    else placed.push({ record, owner: owner.name, path: at });
    yield* valueProblems(record, at, zone.name);
    yield* aliasProblems(record, at, around);
  }
  const byName = new Map<string, Placed[]>();
  for (const entry of placed) entryOf(byName, entry.owner, () => []).push(entry);
  for (const [name, records] of byName) yield* problemsAt(name, records, around);
  yield* nameserverProblems(around, byName);
  yield* delegationProblems(around, placed);
}

type Owner = { readonly name: string } | { readonly message: string; readonly remedy: string };

/** `@` is the zone, `www` is in it, `www.example.com.` is whole. */
function ownerOf(text: string, zone: string): Owner {
  if (text === '@') return { name: zone };
  const whole = text.endsWith('.');
  const name = whole ? text.slice(0, -1) : `${text}.${zone}`;
  if (text.includes('*')) return { message: 'wildcards are not served', remedy: 'write a record for each name' };
  if (!isDomainName(name)) {
    const remedy = 'write labels of up to 63 letters, digits, - and _, at most 253 characters with the zone; @ is the zone itself';
    return { message: `is no DNS name in ${zone}`, remedy };
  }
  if (whole) return isAtOrBelow(name, zone) ? { name } : { message: `is outside of the zone ${zone}`, remedy: 'move it to its zone' };
  if (isAtOrBelow(text, zone)) {
    const short = text === zone ? '@' : text.slice(0, -zone.length - 1);
    return { message: `is relative to the zone, so it would stand at ${name}`, remedy: `write ${short}, or ${text}. with a final dot` };
  }
  return { name };
}

/** Hosts are named as they are, for whoever follows a name to an alias may stop there (RFC 2181 section 10.3, RFC 2782). */
function* aliasProblems(record: StaticRecord, path: ConfigurationPath, { zone, aliases }: Surroundings): Iterable<ConfigurationProblem> {
  if (record.type !== 'MX' && record.type !== 'NS' && record.type !== 'SRV') return;
  const target = record.target === '@' ? zone.name : record.target;
  if (!aliases.has(target)) return;
  const message = `${target} is a CNAME, and what ${record.type} names must be no alias`;
  yield warning([...path, 'target'], message, 'name what it is an alias of');
}

const textBytesMax = 255;

/** What a record says, whatever stands beside it. */
function* valueProblems(record: StaticRecord, path: ConfigurationPath, zone: string): Iterable<ConfigurationProblem> {
  if ('target' in record && record.target !== '@' && record.target !== '.' && !record.target.includes('.')) {
    const remedy = `write ${record.target}.${zone}`;
    yield error([...path, 'target'], `targets are whole names, and ${record.target} has one label only`, remedy);
  }
  const wrong = record.type === 'DS' ? wrongDigestLength(record) : undefined;
  if (record.type === 'DS' && wrong !== undefined) {
    const message = `a digest of type ${record.digest_type} has ${wrong.expected} bytes, and this one has ${wrong.bytes}`;
    yield error([...path, 'digest'], message, 'copy the whole digest, and the digest_type that stands before it');
  }
  if (record.type !== 'TXT') return;
  const single = typeof record.text === 'string';
  for (const [index, text] of (typeof record.text === 'string' ? [record.text] : record.text).entries()) {
    const bytes = new TextEncoder().encode(text).length;
    if (bytes <= textBytesMax) continue;
    const at = [...path, 'text', ...(single ? [] : [index])];
    yield error(
      at,
      `a text of ${bytes} bytes is too long for DNS, which takes ${textBytesMax}`,
      'write it as a list of shorter texts; clients join them',
    );
  }
}

const addressTypes: ReadonlySet<StaticRecord['type']> = new Set(['A', 'AAAA']);

/** What may not stand at one name together. */
function* problemsAt(name: string, placed: readonly Placed[], { zone, domains }: Surroundings): Iterable<ConfigurationProblem> {
  const domain = domains.get(name);
  const ttls = new Map<StaticRecord['type'], Placed>();
  for (const { record, path } of placed) {
    const { type } = record;
    const at = [...path, 'type'];
    if (domain !== undefined && (addressTypes.has(type) || type === 'CNAME')) {
      yield error(at, `${name} is a domain: its servers are its addresses`, 'make it a server of a region, or remove it', domain);
    } else if (type === 'CNAME' && name === zone.name) {
      yield error(at, 'the zone itself cannot be a CNAME', 'make it a domain, or give it A and AAAA records');
    } else if (type === 'CNAME' && placed.length > 1) {
      const other = placed.find(({ path: beside }) => beside !== path);
      yield error(at, `${name} is a CNAME, beside which nothing may stand`, 'keep the CNAME or the other records', other?.path);
    }
    if (type === 'NS' && name === zone.name) {
      yield error(at, "a zone's own nameservers are not records", 'write them under nameservers: of the zone');
    }
    const first = ttls.get(type);
    if (first === undefined) ttls.set(type, { record, owner: name, path });
    else if (first.record.ttl !== record.ttl) {
      const message = `the ${type} records of ${name} have different TTLs, and the lowest counts for all`;
      yield warning([...path, 'ttl'], message, 'give all of them the same', [...first.path, 'ttl']);
    }
  }
}

function* nameserverProblems(
  { zone, path, apexes, domains }: Surroundings,
  records: ReadonlyMap<string, readonly Placed[]>,
): Iterable<ConfigurationProblem> {
  for (const [index, { name, address }] of zone.nameservers.entries()) {
    const at = [...path, 'nameservers', index, 'name'];
    const types = new Set(records.get(name)?.map(({ record }) => record.type));
    if (domains.has(name))
      yield error(at, `${name} is a domain, and a nameserver cannot move`, 'give the nameserver another name', domains.get(name));
    else if (types.has('CNAME')) yield error(at, `${name} is a CNAME, which a nameserver cannot be`, 'give it A or AAAA records instead');
    else if (closestOf(apexes, name) === zone.name && address === undefined && !types.has('A') && !types.has('AAAA')) {
      yield error(at, `${name} is inside the zone, so nobody could find it without its address`, 'add address:');
    }
  }
}

/**
 * From an NS record down, or from the apex of another zone of ours, other zone data is asked:
 *
 *     at or below the cut      allowed
 *     NS, at the highest cut   yes: it is the cut
 *     DS, at the same name     yes, but for a zone of ours, which has its own
 *     A, AAAA                  yes: addresses of the nameservers there
 *     any other record         no
 *     domain, nameserver       no
 *
 * Anywhere else a DS record vouches for nothing, and is refused.
 */
function* delegationProblems({ zone, path, apexes, domains }: Surroundings, placed: readonly Placed[]): Iterable<ConfigurationProblem> {
  const cuts = new Map<string, ConfigurationPath | undefined>();
  for (const apex of apexes) if (apex !== zone.name && isAtOrBelow(apex, zone.name)) cuts.set(apex, undefined);
  for (const { record, owner, path: at } of placed) if (record.type === 'NS' && owner !== zone.name) cuts.set(owner, at);
  const cutAbove = (name: string) => [...ancestorsOf(name)].findLast((ancestor) => cuts.has(ancestor));

  for (const { record, owner, path: at } of placed) {
    const cut = cutAbove(owner);
    if (record.type === 'NS' && owner !== zone.name && apexes.has(owner)) {
      const message = `${owner} is a zone of this node, which is delegated to its own nameservers: this record is not used`;
      yield warning(at, message, 'remove it');
    }
    if (record.type === 'DS' && (cut === undefined || cut === owner)) {
      yield* dsProblems(owner, [...at, 'name'], zone, apexes, cut);
      continue;
    }
    if (cut === undefined || addressTypes.has(record.type) || (record.type === 'NS' && owner === cut)) continue;
    const message = `${owner} belongs to ${cut}, which is a zone of its own, so this would never be answered`;
    yield error([...at, 'name'], message, 'move it to that zone', cuts.get(cut));
  }
  for (const [name, at] of domains) {
    const cut = cutAbove(name);
    if (cut === undefined) continue;
    yield error(
      at,
      `${name} is at or below the NS record of ${cut}, so others are asked for it`,
      'remove the NS record or the domain',
      cuts.get(cut),
    );
  }
  for (const [index, { name }] of zone.nameservers.entries()) {
    const cut = closestOf(apexes, name) === zone.name ? cutAbove(name) : undefined;
    if (cut === undefined) continue;
    const message = `${name} is at or below the NS record of ${cut}, so it could not be found`;
    yield error([...path, 'nameservers', index, 'name'], message, 'give the nameserver another name', cuts.get(cut));
  }
}

/** Why a DS record cannot stand at a name; `cut` is that name where it is delegated. */
function* dsProblems(
  owner: string,
  path: ConfigurationPath,
  zone: Zone,
  apexes: ReadonlySet<string>,
  cut: string | undefined,
): Iterable<ConfigurationProblem> {
  if (owner === zone.name) {
    const remedy = 'remove it, and give the line of `opengslb dnssec ds` to whoever keeps the parent zone';
    yield error(path, `the DS of ${owner} itself stands in the zone above it`, remedy);
  } else if (apexes.has(owner)) {
    yield error(path, `${owner} is a zone of this node, whose DS is made from its own keys`, 'remove the DS record');
  } else if (cut === undefined) {
    const message = `${owner} has no NS record, so there is no zone of others that its DS could vouch for`;
    yield error(path, message, 'add the NS records of that zone, or remove the DS record');
  }
}

/** The name itself, its parent, and so on. */
function* ancestorsOf(name: string): Iterable<string> {
  for (let start = 0; ; ) {
    yield name.slice(start);
    const dot = name.indexOf('.', start);
    if (dot === -1) return;
    start = dot + 1;
  }
}

/** The longest of `zones` that a name is in. */
function closestOf(zones: ReadonlySet<string>, name: string): string | undefined {
  for (const ancestor of ancestorsOf(name)) if (zones.has(ancestor)) return ancestor;
  return undefined;
}

function isAtOrBelow(name: string, zone: string): boolean {
  return name === zone || name.endsWith(`.${zone}`);
}
