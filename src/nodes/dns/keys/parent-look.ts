/**
 * One look at a parent: every one of its servers is asked for the DS of a zone, and what they show together is one
 * verdict. Only a verdict of `shown` moves a rotation on; a server that fails makes it wait, never guess.
 *
 *     the nameservers of the parent                                            verdict
 *     none is known                                                            failed
 *     an address of one answers, and does not show the new DS                  waits
 *     none of the addresses of one answers                                     failed
 *     each has an address that answers, and all that answer show the new DS    shown
 *
 * With it comes the longest TTL that any of them gave.
 *
 * A nameserver is silent only where all its addresses are: one of a family that this machine cannot reach proves nothing.
 */
import type { Configuration } from '../../../events/catalogue/configuration.ts';
import { endpointText } from '../../../projections/endpoint.ts';
import { askDs, type DsAnswer, type DsRecord } from './ask-ds.ts';
import { findParent, type ParentResolver, type ParentServer } from './parent-servers.ts';

export interface ParentLook {
  readonly verdict: 'shown' | 'waits' | 'failed';
  /** The longest of any DS that was seen; 0: none was. */
  readonly ttlSeconds: number;
  /** A sentence. */
  readonly found: string;
}

export interface ParentQuestion {
  readonly zone: string;
  /** The new DS, in the digests that a parent may choose among. */
  readonly wanted: readonly DsRecord[];
  readonly parents: Configuration['overwatch']['dnssec']['parents'];
  readonly resolver: ParentResolver;
  /** Gives up. */
  readonly signal?: AbortSignal;
}

/** Never rejects. */
export async function lookAtParent({ zone, wanted, parents, resolver, signal }: ParentQuestion): Promise<ParentLook> {
  try {
    const parent = await findParent(zone, parents, resolver);
    const heard = await Promise.all(parent.servers.map((server) => hear(server, zone, signal)));
    return verdictOf(parent.zone, wanted, heard);
  } catch (error) {
    return { verdict: 'failed', ttlSeconds: 0, found: (error as Error).message };
  }
}

/** What the addresses of one nameserver said. */
export interface Heard {
  readonly name: string;
  readonly answers: readonly (DsAnswer & { readonly from: string })[];
}

async function hear({ name, addresses }: ParentServer, zone: string, signal: AbortSignal | undefined): Promise<Heard> {
  const answers = addresses.map(async (server) => ({
    from: endpointText(server.address, server.port),
    ...(await askDs(server, zone, signal === undefined ? {} : { signal })),
  }));
  return { name, answers: await Promise.all(answers) };
}

/** The table above. */
export function verdictOf(parent: string, wanted: readonly DsRecord[], heard: readonly Heard[]): ParentLook {
  if (heard.length === 0) return { verdict: 'failed', ttlSeconds: 0, found: `no nameserver of ${parent} is known` };
  const seen = heard.flatMap(({ answers }) => answers.flatMap((answer) => ('failure' in answer ? [] : [answer.ttlSeconds])));
  const ttlSeconds = Math.max(0, ...seen);
  let silent: string | undefined;
  for (const { name, answers } of heard) {
    const spoke = answers.flatMap((answer) => ('failure' in answer ? [] : [answer]));
    for (const { from, records } of spoke) {
      if (!records.some((record) => wanted.some((one) => isSame(one, record))))
        return { verdict: 'waits', ttlSeconds, found: waiting(name, from, records) };
    }
    const [first] = answers;
    if (spoke.length === 0) silent ??= `${name}: ${first !== undefined && 'failure' in first ? first.failure : 'it has no address'}`;
  }
  if (silent !== undefined) return { verdict: 'failed', ttlSeconds, found: silent };
  const names = heard.map(({ name }) => name);
  const shown = names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
  return { verdict: 'shown', ttlSeconds, found: `the parent ${parent} shows its DS: ${shown}` };
}

function isSame(one: DsRecord, other: DsRecord): boolean {
  return (
    one.keyTag === other.keyTag && one.algorithm === other.algorithm && one.digestType === other.digestType && one.digest === other.digest
  );
}

function waiting(name: string, from: string, records: readonly DsRecord[]): string {
  const tags = [...new Set(records.map(({ keyTag }) => keyTag))].join(', ');
  const where = name === from ? name : `${name} (${from})`;
  return `${where} shows ${tags === '' ? 'no DS' : `the DS of key ${tags}`}`;
}
