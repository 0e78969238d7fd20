/** A DNS message by what it says: flags, rcode, and each section as a set of records, whatever their order and compression. */
import { type DecodedPacket, type Answer as DnsRecord, decode } from 'dns-packet';

export interface Said {
  readonly rcode: string;
  readonly aa: boolean;
  readonly tc: boolean;
  readonly rd: boolean;
  readonly ra: boolean;
  readonly ad: boolean;
  readonly cd: boolean;
  /** As it was echoed, capitals included. */
  readonly question: readonly string[];
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly additional: readonly string[];
  /** Whether there is an OPT, and whether it has DO. */
  readonly opt: 'none' | 'plain' | 'do';
}

interface Decoded extends DecodedPacket {
  readonly rcode: string;
  readonly flag_aa: boolean;
  readonly flag_tc: boolean;
  readonly flag_rd: boolean;
  readonly flag_ra: boolean;
  readonly flag_ad: boolean;
  readonly flag_cd: boolean;
}

export function parsed(packet: Buffer): Said {
  const { rcode, questions = [], answers = [], authorities = [], additionals = [], ...flags } = decode(packet) as Decoded;
  const opt = additionals.find((record) => record.type === 'OPT') as { readonly flags: number } | undefined;
  return {
    ...{ rcode, aa: flags.flag_aa, tc: flags.flag_tc, rd: flags.flag_rd, ra: flags.flag_ra, ad: flags.flag_ad, cd: flags.flag_cd },
    question: questions.map(({ name, type, class: asked }) => `${name} ${type} ${asked}`),
    ...{ answer: recordTexts(answers), authority: recordTexts(authorities), additional: recordTexts(additionals) },
    opt: opt === undefined ? 'none' : (opt.flags & 0x8000) === 0 ? 'plain' : 'do',
  };
}

/** `name ttl type data`, sorted; owners in lower case. */
function recordTexts(records: readonly DnsRecord[]): string[] {
  return records
    .filter(({ type }) => type !== 'OPT')
    .map((record) => {
      const { name, ttl, type, data } = record as {
        readonly name: string;
        readonly ttl: number;
        readonly type: string;
        readonly data: unknown;
      };
      return `${name.toLowerCase()} ${ttl} ${type} ${dataText(data)}`;
    })
    .sort();
}

function dataText(data: unknown): string {
  const text =
    typeof data === 'string'
      ? data
      : JSON.stringify(data, (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value));
  // NSD compresses names in data as well, and so repeats the asker's capitals there.
  return text.toLowerCase();
}
