/**
 * One configured record as a record of its zone. Its `name` is relative to the zone, or whole with a final dot; targets
 * are whole names, `@` being the zone itself. Says in words what cannot be, and what would be right.
 */
import { wrongDigestLength } from '../../commands/ds-digest.ts';
import type { StaticRecord } from '../../events/catalogue/configuration.ts';
import { assertNever } from '../../projections/assert-never.ts';
import { types } from './codes.ts';
import { isAtOrBelow, type Name, nameOf, textOf } from './names.ts';
import { encodeRdata, type RecordBody, textChunks } from './rdata.ts';

export interface ZoneRecord {
  readonly owner: Name;
  readonly type: number;
  readonly ttlSeconds: number;
  readonly rdata: Buffer;
}

export interface Problem {
  /** A sentence with its remedy. */
  readonly problem: string;
}

export function zoneRecord(record: StaticRecord, zone: Name, defaultTtlSeconds: number): ZoneRecord | Problem {
  const owner = ownerOf(record.name, zone);
  if (typeof owner !== 'string') return owner;
  const body = bodyOf(record, zone);
  if ('problem' in body) return body;
  return { owner, type: types[record.type], ttlSeconds: record.ttl ?? defaultTtlSeconds, rdata: encodeRdata(body) };
}

function ownerOf(text: string, zone: Name): Name | Problem {
  if (text === '@') return zone;
  const owner = nameOf(text.endsWith('.') ? text : `${text}.${textOf(zone)}`);
  if (owner === undefined)
    return { problem: `"${text}" is no name of ordinary labels (wildcards are not served); write it as www, or @ for the zone itself` };
  if (isAtOrBelow(owner, zone)) return owner;
  return { problem: `"${text}" is outside the zone ${textOf(zone)}; without the final dot it would be a name inside` };
}

/** The target in the form that dns-packet takes; `.` says that there is none (RFC 2782, RFC 7505). */
function targetOf({ target }: { readonly target: string }, zone: Name): string | Problem {
  if (target === '@') return textOf(zone);
  if (target.includes('.')) return target;
  return { problem: `the target "${target}" has one label only, and targets are whole names; write ${target}.${textOf(zone)}` };
}

function bodyOf(record: StaticRecord, zone: Name): RecordBody | Problem {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return { type: record.type, data: record.address };
    case 'CNAME':
    case 'NS': {
      const target = targetOf(record, zone);
      return typeof target === 'string' ? { type: record.type, data: target } : target;
    }
    case 'MX': {
      const target = targetOf(record, zone);
      return typeof target === 'string' ? { type: 'MX', data: { preference: record.preference, exchange: target } } : target;
    }
    case 'SRV': {
      const target = targetOf(record, zone);
      const { priority, weight, port } = record;
      return typeof target === 'string' ? { type: 'SRV', data: { priority, weight, port, target } } : target;
    }
    case 'TXT':
      return { type: 'TXT', data: textChunks(typeof record.text === 'string' ? [record.text] : record.text) };
    case 'CAA':
      // The library's type knows three tags; any tag of letters and digits is encoded alike.
      return { type: 'CAA', data: { flags: record.flags, tag: record.tag as 'issue', value: record.value } };
    case 'DS': {
      const wrong = wrongDigestLength(record);
      if (wrong !== undefined) {
        return {
          problem: `a DS digest of type ${record.digest_type} has ${wrong.expected} bytes, and this one has ${wrong.bytes}; copy the whole digest`,
        };
      }
      const { key_tag: keyTag, algorithm, digest_type: digestType, digest } = record;
      return { type: 'DS', data: { keyTag, algorithm, digestType, digest: Buffer.from(digest, 'hex') } };
    }
    default:
      return assertNever(record);
  }
}
