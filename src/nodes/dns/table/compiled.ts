/** What the table is going to say at a name, as plain data: replies by type, spoke and place, before they are blocks of bytes. */
import type { Family } from '../../../projections/routing/family.ts';
import type { ClientRanges } from '../client-ranges.ts';
import type { Name } from '../names.ts';
import type { Decision, RRset } from '../reply.ts';
import type { ReplyParts } from './reply-parts.ts';

export interface CompiledSpoke {
  readonly weight: number;
  readonly plain: ReplyParts;
  /** For who asks for signatures; the same object where there are none. */
  readonly signed: ReplyParts;
  readonly decision: Decision | undefined;
}

export interface CompiledChoice {
  readonly draw: 'none' | 'sequence' | 'chance';
  /** Whose questions are counted; undefined where no draw is. */
  readonly drawnFor: DrawnFor | undefined;
  readonly spokes: readonly CompiledSpoke[];
  /** Where its spokes begin among all of the service and family; left out: at the first. */
  readonly firstCounter?: number;
  /** What clients of some places get in place of it. */
  readonly places?: CompiledPlaces;
}

export interface DrawnFor {
  readonly service: string;
  readonly family: Family;
  /** Left out: for everybody who is at none. */
  readonly place?: number;
}

export interface CompiledPlaces {
  readonly usesSubnet: boolean;
  readonly ranges: ClientRanges;
  /** By the number of the place. */
  readonly choices: readonly CompiledChoice[];
}

export interface CompiledName {
  /** By type, lowest first, where it differs from `others`. */
  readonly entries: readonly { readonly type: number; readonly choice: CompiledChoice }[];
  readonly others: CompiledChoice;
  /** For names below that do not exist; undefined: NXDOMAIN. */
  readonly below: CompiledChoice | undefined;
  /** Other names whose answers, denials or signatures stand in it: when they change, so does this. */
  readonly leansOn: ReadonlySet<Name>;
  /** The proof of what is not at the name, where it was needed anyway. */
  readonly proof?: Proof | undefined;
}

/** The NSEC of a name, and what signs it. */
export interface Proof {
  readonly nsec: RRset;
  readonly signatures: readonly Uint8Array[];
}
