/**
 * What a member tells of itself in the gossip, as the original OpenGSLB writes it: a JSON object of at most 512 bytes. It
 * is unproven, so only one thing follows from it: to whom an agent introduces itself. Reading never throws.
 */
import { identityLimits } from './limits.ts';

export interface MemberMetadata {
  readonly role: 'agent' | 'overwatch';
  readonly region: string;
  readonly version: string;
}

/** `at`: the moment, in milliseconds since 1970. A region that would make it too long is left out. */
export function writeMetadata({ role, region, version }: MemberMetadata, at: number): Uint8Array {
  const timestamp = new Date(at).toISOString();
  const whole = Buffer.from(JSON.stringify({ role, ...(region === '' ? {} : { region }), version, timestamp }));
  if (whole.length <= identityLimits.metadataBytesMax) return new Uint8Array(whole);
  return new Uint8Array(Buffer.from(JSON.stringify({ role, version: version.slice(0, 64), timestamp })));
}

/** Undefined where it is empty, or nothing that we know: agents of the original take such a member for an overwatch. */
export function readMetadata(bytes: Uint8Array): MemberMetadata | undefined {
  if (bytes.length === 0 || bytes.length > identityLimits.metadataBytesMax) return undefined;
  try {
    const metadata: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    if (typeof metadata !== 'object' || metadata === null) return undefined;
    const { role, region, version } = metadata as Readonly<Record<string, unknown>>;
    if (role !== 'agent' && role !== 'overwatch') return undefined;
    return { role, region: typeof region === 'string' ? region : '', version: typeof version === 'string' ? version : '' };
  } catch {
    return undefined;
  }
}
