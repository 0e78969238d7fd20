/**
 * Picks queries for the query log: each with the same chance, by counting down to the next one, so that the others cost
 * one subtraction. What is picked is sent to the main thread; a bounded number may wait there, and the rest is counted (I9).
 */

import ipaddr from 'ipaddr.js';
import { peerAddressAt, peerFamily, peerPort } from '../../../native/kernel-address.ts';
import { endpointText } from '../../../projections/endpoint.ts';
import type { Chance } from '../../world.ts';
import { rcodes } from '../codes.ts';
import type { Transport } from '../counts.ts';
import { publicationOf } from '../table/control.ts';
import type { TableReader } from '../table/reader.ts';
import { type ReaderCounts, words } from './reader-counts.ts';

export interface QuerySample {
  readonly transport: Transport;
  /** Which reader answered. */
  readonly worker: number;
  readonly client: string;
  /** The client subnet that the query named. */
  readonly subnet: string | undefined;
  /** In wire form, lower case; undefined where no question may have been read. */
  readonly name: Uint8Array | undefined;
  readonly type: number | undefined;
  readonly rcode: number;
  /** What picked among the answers of a steered name; undefined where nothing was drawn. */
  readonly draw: number | undefined;
  /** The last publication when it was answered. */
  readonly publication: number;
  readonly position: number;
}

/** Samples of one reader that wait to be written. */
const samplesWaitingMax = 256;

/** How many queries to pass over until the next one is taken, where each is taken with the chance `share`. */
export function gapBefore(share: number, chance: Chance): number {
  if (share >= 1) return 0;
  // The geometric distribution, by its inverse; chance is never 1.
  return Math.floor(Math.log1p(-chance()) / Math.log1p(-share));
}

/** A countdown: true where this query is one of the sample. `share` 0: never. */
export function sampling(share: number, chance: Chance): () => boolean {
  if (share === 0) return () => false;
  let passOver = gapBefore(share, chance);
  return () => {
    if (passOver > 0) {
      passOver -= 1;
      return false;
    }
    passOver = gapBefore(share, chance);
    return true;
  };
}

/** Said to packets in which perhaps no question was found. */
const unread: ReadonlySet<number> = new Set([rcodes.FORMERR, rcodes.NOTIMP, rcodes.BADVERS]);

/** The sample of what was answered last; undefined where too many wait. */
export function sampleOf(reader: TableReader, counts: ReaderCounts, transport: Transport, client: () => string): QuerySample | undefined {
  if (Atomics.load(counts.words, words.samplesWaiting) >= samplesWaitingMax) {
    counts.words[words.samplesDropped]! += 1;
    return undefined;
  }
  Atomics.add(counts.words, words.samplesWaiting, 1);
  const { asked, saidRcode, saidDraw, worker } = reader;
  const { number, position } = publicationOf(reader.control);
  return {
    ...{ transport, worker, client: client(), rcode: saidRcode, publication: number, position },
    name: unread.has(saidRcode) ? undefined : asked.name.slice(0, asked.nameBytes),
    type: unread.has(saidRcode) ? undefined : asked.type,
    subnet: unread.has(saidRcode) || asked.subnetBytes === 0 ? undefined : subnetText(asked.subnet.bytes, asked.subnetBytes),
    draw: saidDraw < 0 ? undefined : saidDraw,
  };
}

/** Of the option as it was taken: family, source prefix, scope, then as much of the address as the prefix needs. */
function subnetText(option: Uint8Array, length: number): string {
  const bytes = new Uint8Array(option[1] === 2 ? 16 : 4);
  bytes.set(option.subarray(4, length));
  return `${ipaddr.fromByteArray([...bytes]).toString()}/${option[2]}`;
}

/** The address that a datagram came from, as text. */
export function peerText(peers: Uint8Array, slot: number): string {
  const at = peerAddressAt(peers, slot);
  const bytes = peers.slice(at, at + (peerFamily(peers, slot) === 4 ? 4 : 16));
  return endpointText(ipaddr.fromByteArray([...bytes]).toString(), peerPort(peers, slot));
}
