/**
 * A whole reply of the reference responder taken apart into what the table keeps: the bytes behind the question, without
 * the SOA, which every negative answer of a zone shares and every change of it renews, and without OPT, which is the
 * asker's. Refuses a reply that is not put together as the table will do it.
 */
import assert from 'node:assert/strict';
import { types } from '../codes.ts';
import type { Name } from '../names.ts';
import { headerBytes } from '../wire.ts';

export interface ReplyParts {
  /** AA, TC and rcode, as they stand in the message. */
  readonly flags: number;
  /** Records in answer, authority and additional: without the SOA, its signatures and OPT. */
  readonly counts: readonly [number, number, number];
  readonly answerBytes: number;
  readonly additionalAt: number;
  readonly body: Uint8Array;
  /** Whether the additional records may not be left out: a referral's, where they are not signed. */
  readonly additionalNeeded: boolean;
  readonly soa: SoaPart | undefined;
  /** Where in the body an owner ends with a pointer to the apex. */
  readonly patches: readonly number[];
  /** Owners of the NSEC records and signatures in it: when those change, so does this. */
  readonly owners: readonly Name[];
}

export interface SoaPart {
  readonly use: 'answer' | 'denial';
  readonly apex: Name;
  /** As it is sent. */
  readonly owner: Uint8Array;
}

interface Record {
  readonly section: number;
  readonly start: number;
  /** Where the owner ends. */
  readonly fixed: number;
  /** Where the pointer is that ends the owner; undefined where it is whole. */
  readonly pointer: number | undefined;
  readonly end: number;
  readonly type: number;
  /** The type that a signature covers. */
  readonly covered: number;
}

export function replyParts(reply: Buffer, hasOpt: boolean): ReplyParts {
  const records = recordsOf(reply, hasOpt);
  const soa = records.find(({ type }) => type === types.SOA);
  const isOfSoa = (record: Record) => record === soa || (record.type === types.RRSIG && record.covered === types.SOA && soa !== undefined);
  const kept = records.filter((record) => !isOfSoa(record));
  const bySection = [0, 1, 2].map((section) => kept.filter((record) => record.section === section));
  const has = (section: number, asked: number) => bySection[section]?.some(({ type }) => type === asked) ?? false;
  if (soa !== undefined) checkPlace(records.filter(isOfSoa), kept);

  const bodyOf = (section: number) => Buffer.concat((bySection[section] ?? []).map(({ start, end }) => reply.subarray(start, end)));
  const [answer, authority, additional] = [bodyOf(0), bodyOf(1), bodyOf(2)];
  return {
    flags: reply.readUInt16BE(2) & 0x060f,
    counts: [bySection[0]?.length ?? 0, bySection[1]?.length ?? 0, bySection[2]?.length ?? 0],
    answerBytes: answer.length,
    additionalAt: answer.length + authority.length,
    body: Buffer.concat([answer, authority, additional]),
    additionalNeeded: has(1, types.NS) && !has(2, types.RRSIG),
    soa: soa && {
      use: soa.section === 0 ? 'answer' : 'denial',
      apex: ownerOf(reply, soa.start),
      owner: Buffer.from(reply.subarray(soa.start, soa.fixed)),
    },
    patches: patchesOf(kept),
    owners: kept.filter(({ type }) => type === types.NSEC || type === types.RRSIG).map(({ start }) => ownerOf(reply, start)),
  };
}

/** The table puts the SOA, and what signs it, between the answer and everything else. */
function checkPlace(ofSoa: readonly Record[], others: readonly Record[]): void {
  const first = Math.min(...ofSoa.map(({ start }) => start));
  const last = Math.max(...ofSoa.map(({ end }) => end));
  assert.ok(
    others.every(({ section, start, end }) => (section === 0 ? end <= first : start >= last)),
    'the SOA stands behind the answer and before everything else',
  );
}

/** `hasOpt`: the last record is an OPT, and no part of the reply. */
function recordsOf(reply: Buffer, hasOpt: boolean): Record[] {
  const counts = [6, 8, 10].map((at) => reply.readUInt16BE(at)) as [number, number, number];
  if (hasOpt) counts[2] -= 1;
  let at = headerBytes;
  while (reply[at] !== 0) at += 1 + (reply[at] as number);
  at += 1 + 4;
  return counts.flatMap((count, section) =>
    Array.from({ length: count }, () => {
      const start = at;
      const { fixed, pointer } = ownerEnd(reply, start);
      const type = reply.readUInt16BE(fixed);
      at = fixed + 10 + reply.readUInt16BE(fixed + 8);
      return { section, start, fixed, pointer, end: at, type, covered: type === types.RRSIG ? reply.readUInt16BE(fixed + 10) : 0 };
    }),
  );
}

function ownerEnd(reply: Buffer, start: number): Pick<Record, 'fixed' | 'pointer'> {
  for (let at = start; ; at += 1 + (reply[at] as number)) {
    if (reply[at] === 0) return { fixed: at + 1, pointer: undefined };
    if ((reply[at] as number) >= 0xc0) return { fixed: at + 2, pointer: at };
  }
}

/** The whole name, in lower case as all of ours are. */
function ownerOf(reply: Buffer, start: number): Name {
  let name = '';
  for (let at = start; ; ) {
    const length = reply[at] as number;
    if (length >= 0xc0) {
      at = reply.readUInt16BE(at) & 0x3fff;
      continue;
    }
    name += reply.toString('latin1', at, at + 1 + length);
    if (length === 0) return name as Name;
    at += 1 + length;
  }
}

/** The records are moved together, so places are counted over those that are kept. */
function patchesOf(kept: readonly Record[]): number[] {
  const patches: number[] = [];
  let moved = 0;
  for (const { start, pointer, end } of kept) {
    if (pointer !== undefined) patches.push(moved + pointer - start);
    moved += end - start;
  }
  return patches;
}
