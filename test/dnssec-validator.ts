/**
 * A validator of DNSSEC replies, as a resolver has one: it knows the keys of zones and believes nothing else (RFC 4035
 * section 5). Written from the records as dns-packet reads them, without a line of what it tests.
 */
import { createPublicKey, verify } from 'node:crypto';
import { type Answer, decode, encode, type Question } from 'dns-packet';

/** Public keys by zone: algorithm and the two numbers. */
export type Anchors = ReadonlyMap<string, readonly { readonly algorithm: number; readonly keyTag: number; readonly key: Uint8Array }[]>;

type Verdict = 'answer' | 'nodata' | 'nxdomain' | 'referral' | 'signed referral';
interface Rrsig {
  readonly typeCovered: string;
  readonly algorithm: number;
  readonly labels: number;
  readonly originalTTL: number;
  readonly expiration: number;
  readonly inception: number;
  readonly keyTag: number;
  readonly signersName: string;
  readonly signature: Buffer;
}
interface Nsec {
  readonly owner: string;
  readonly next: string;
  readonly types: readonly string[];
}
interface Signed {
  readonly zone: string;
  readonly name: string;
  readonly type: string;
}

class Bogus extends Error {}
const bogus = (why: string): never => {
  throw new Bogus(why);
};

/** What a reply proves about its question. Throws a sentence where it proves nothing. `at`: milliseconds. */
export function validated(packet: Buffer, anchors: Anchors, at: number): Verdict {
  const reply = decode(packet) as ReturnType<typeof decode> & { readonly rcode: string };
  const question = reply.questions?.[0] as Question;
  const answer = reply.answers ?? [];
  const authority = reply.authorities ?? [];
  const context = { anchors, nowSeconds: Math.floor(at / 1000) };
  const signed = [...verifiedRRsets(answer, context), ...verifiedRRsets(authority, context)];
  const nsecs = authority.flatMap(nsecOf);

  // Behind aliases the proof is about the last target.
  let name = question.name.toLowerCase();
  for (const record of answer) {
    const isFollowed = question.type !== 'CNAME' && (question.type as string) !== 'ANY';
    if (record.type === 'CNAME' && isFollowed && record.name.toLowerCase() === name) name = record.data.toLowerCase();
  }
  const type = question.type as string;
  if (answer.some((record) => record.name.toLowerCase() === name && (type === 'ANY' ? record.type !== 'RRSIG' : record.type === type)))
    return 'answer';
  const cut = authority.find((record) => (record.type as string) === 'NS')?.name.toLowerCase();
  if (cut !== undefined) return referral(cut, signed, nsecs);
  if (!signed.some((rrset) => rrset.type === 'SOA')) bogus('a denial without a signed SOA');
  if (reply.rcode === 'NXDOMAIN') return nameIsDenied(name, nsecs);
  return typeIsDenied(name, type, nsecs);
}

function referral(cut: string, signed: readonly Signed[], nsecs: readonly Nsec[]): Verdict {
  if (signed.some((rrset) => rrset.type === 'DS' && rrset.name === cut)) return 'signed referral';
  const nsec = nsecs.find((each) => each.owner === cut) ?? bogus(`nothing says whether ${cut} has a DS`);
  if (nsec.types.includes('DS') || nsec.types.includes('SOA') || !nsec.types.includes('NS'))
    bogus(`the NSEC of ${cut} proves no insecure delegation`);
  if (nsec.types.some((type) => !['NS', 'DS', 'RRSIG', 'NSEC'].includes(type)))
    bogus(`the NSEC of the cut ${cut} speaks of what is not its zone's`);
  return 'referral';
}

function nameIsDenied(name: string, nsecs: readonly Nsec[]): Verdict {
  const covering = nsecs.find((nsec) => isBetween(nsec, name)) ?? bogus(`no NSEC covers ${name}`);
  if (covering.types.includes('NS') && !covering.types.includes('SOA') && isBelow(name, covering.owner))
    bogus(`${covering.owner} is a cut above ${name}`);
  const encloser = [sharedAncestor(name, covering.owner), sharedAncestor(name, covering.next)].sort(
    (a, b) => b.length - a.length,
  )[0] as string;
  const wildcard = `*.${encloser}`;
  if (!nsecs.some((nsec) => isBetween(nsec, wildcard))) bogus(`no NSEC covers ${wildcard}`);
  return 'nxdomain';
}

function typeIsDenied(name: string, type: string, nsecs: readonly Nsec[]): Verdict {
  const own = nsecs.find((nsec) => nsec.owner === name);
  if (own === undefined) {
    if (!nsecs.some((nsec) => isBetween(nsec, name) && isBelow(nsec.next, name)))
      bogus(`nothing shows that ${name} has names below it and no records`);
    return 'nodata';
  }
  if (own.types.includes(type) || own.types.includes('CNAME')) bogus(`the NSEC of ${name} says that it has ${type}`);
  const isCut = own.types.includes('NS') && !own.types.includes('SOA');
  if (isCut !== (type === 'DS' && own.types.includes('NS') && !own.types.includes('SOA')))
    bogus(`the NSEC of the cut ${name} speaks of ${type}`);
  return 'nodata';
}

interface Context {
  readonly anchors: Anchors;
  readonly nowSeconds: number;
}

/** Every RRset of a section but delegations; each must have a good signature of its zone. */
function verifiedRRsets(section: readonly Answer[], context: Context): Signed[] {
  const rrsets = new Map<string, Answer[]>();
  for (const record of section) {
    const key = `${record.name.toLowerCase()} ${record.type}`;
    if (record.type !== ('RRSIG' as string)) rrsets.set(key, [...(rrsets.get(key) ?? []), record]);
  }
  return [...rrsets].flatMap(([key, records]) => {
    const [name, type] = key.split(' ') as [string, string];
    const signatures = section.flatMap((record) =>
      record.type === ('RRSIG' as string) && record.name.toLowerCase() === name ? [rrsigOf(record)] : [],
    );
    const own = signatures.filter((signature) => signature.typeCovered === type);
    const isDelegation = type === 'NS' && !context.anchors.has(name);
    if (own.length === 0 && isDelegation) return [];
    const good = own.find((signature) => isGood(signature, records, context)) ?? bogus(`no good signature over ${key}`);
    return [{ zone: good.signersName.toLowerCase(), name, type }];
  });
}

function isGood(signature: Rrsig, records: readonly Answer[], { anchors, nowSeconds }: Context): boolean {
  const name = (records[0] as Answer).name.toLowerCase();
  const zone = signature.signersName.toLowerCase();
  if (name !== zone && !isBelow(name, zone)) return false;
  if (nowSeconds < signature.inception || nowSeconds > signature.expiration) return false;
  if (signature.labels !== name.split('.').length || ttlOf(records[0]) > signature.originalTTL) return false;
  return (anchors.get(zone) ?? []).some(
    ({ algorithm, keyTag, key }) =>
      algorithm === signature.algorithm &&
      keyTag === signature.keyTag &&
      verifyWith(key, algorithm, signedBytes(signature, records), signature.signature),
  );
}

function verifyWith(key: Uint8Array, algorithm: number, data: Buffer, signature: Buffer): boolean {
  const [crv, hash] = algorithm === 13 ? ['P-256', 'sha256'] : ['P-384', 'sha384'];
  const part = (from: number, to: number) => Buffer.from(key.subarray(from, to)).toString('base64url');
  const half = key.length / 2;
  const publicKey = createPublicKey({ key: { kty: 'EC', crv, x: part(0, half), y: part(half, key.length) }, format: 'jwk' });
  return verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
}

/** RFC 4034 section 3.1.8.1. */
function signedBytes(signature: Rrsig, records: readonly Answer[]): Buffer {
  const whole = rdataOf({ type: 'RRSIG', data: { ...signature, signersName: signature.signersName.toLowerCase() } });
  const head = whole.subarray(0, whole.length - signature.signature.length);
  const sorted = records.map((record) => rdataOf(record)).sort(Buffer.compare);
  const typeCode = head.subarray(0, 2);
  const owner = wireName((records[0] as Answer).name.toLowerCase());
  return Buffer.concat([
    head,
    ...sorted.map((rdata) => {
      const fixed = Buffer.alloc(8);
      fixed.writeUInt16BE(1, 0);
      fixed.writeUInt32BE(signature.originalTTL, 2);
      fixed.writeUInt16BE(rdata.length, 6);
      return Buffer.concat([owner, typeCode, fixed, rdata]);
    }),
  ]);
}

function rdataOf(record: object): Buffer {
  return encode({ type: 'response', answers: [{ ...record, name: '.', ttl: 0 } as Answer] }).subarray(23);
}

function wireName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ]);
}

function rrsigOf(record: Answer): Rrsig {
  return (record as unknown as { readonly data: Rrsig }).data;
}

function nsecOf(record: Answer): Nsec[] {
  if ((record.type as string) !== 'NSEC') return [];
  const { nextDomain, rrtypes } = (record as unknown as { readonly data: { readonly nextDomain: string; readonly rrtypes: string[] } })
    .data;
  return [{ owner: record.name.toLowerCase(), next: nextDomain.toLowerCase(), types: rrtypes }];
}

function ttlOf(record: Answer | undefined): number {
  return record !== undefined && 'ttl' in record ? (record.ttl ?? 0) : 0;
}

function isBelow(name: string, ancestor: string): boolean {
  return name.endsWith(`.${ancestor}`);
}

/** Whether the name stands strictly between owner and next; the last of a zone points back to its first. */
function isBetween({ owner, next }: Nsec, name: string): boolean {
  const isLast = compareNames(next, owner) <= 0;
  return compareNames(owner, name) < 0 && (isLast ? isBelow(name, next) : compareNames(name, next) < 0);
}

/** RFC 4034 section 6.1: label by label from the right, as bytes. */
function compareNames(one: string, other: string): number {
  const [a, b] = [one, other].map((name) => name.split('.').reverse()) as [string[], string[]];
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const difference = Buffer.compare(Buffer.from(a[index] as string, 'latin1'), Buffer.from(b[index] as string, 'latin1'));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function sharedAncestor(one: string, other: string): string {
  const [a, b] = [one, other].map((name) => name.split('.').reverse()) as [string[], string[]];
  const shared = a.findIndex((label, index) => label !== b[index]);
  return a
    .slice(0, shared === -1 ? Math.min(a.length, b.length) : shared)
    .reverse()
    .join('.');
}
