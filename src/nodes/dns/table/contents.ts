/**
 * What stands in the table for one set of zones: lays everything out in a buffer of its own, name by name, and puts anew
 * what has changed. It knows nothing of when something is to be published, nor why; `writer.ts` does.
 */
import assert from 'node:assert/strict';
import { families } from '../../../projections/routing/family.ts';
import type { AnswerSource } from '../answer-source.ts';
import type { NsecChain } from '../dnssec/nsec.ts';
import { type Name, suffixesOf } from '../names.ts';
import { closestZone, type Zone, type ZoneNode } from '../zone.ts';
import { createCompiler } from './compile.ts';
import type { Proof } from './compiled.ts';
import { type Control, epochOf, generationOf, isPast, setGeneration } from './control.ts';
import type { SpokeCounters } from './counters.ts';
import { reclaim } from './heap.ts';
import { createDesk, denialImage, type Numbers, nameImage, soaImage } from './images.ts';
import { header, zoneEntry } from './layout.ts';
import type { TableBuffers } from './reader.ts';
import { denialParts, soaParts } from './record-bytes.ts';
import { addName, createSpace, moved, place, pointerTo, publishAt, type Space } from './space.ts';
import { proofAt } from './steered.ts';

export interface TableSize {
  readonly names: number;
  readonly bufferBytes: number;
  readonly usedBytes: number;
  readonly retiredBlocks: number;
}

export interface Contents {
  readonly zones: readonly Zone[];
  /** Everything but the SOAs, a name at each step. What has changed in between may be renewed at any time. */
  layOut(): Generator<undefined, void>;
  /** These names, and whatever leans on them: that is what it gives back. */
  renew(names: Iterable<Name>): ReadonlySet<Name>;
  /** The proofs of what does not exist that stand at the name. */
  renewDenials(name: Name): void;
  renewSoa(zone: Zone): void;
  names(): Name[];
  buffers(): TableBuffers;
  /** Gives readers the buffers, and then lets them know that they are due. From then on they follow each larger one. */
  putInForce(): void;
  /** Uses again what nobody reads any more. */
  reclaim(): void;
  size(): TableSize;
}

/** What was found out about the zones when the buffer was laid out. */
interface Layout {
  readonly zones: readonly Zone[];
  readonly zoneNumbers: ReadonlyMap<Name, number>;
  /** For each zone its names in canonical order; undefined where it is not signed. */
  readonly chains: readonly (NsecChain | undefined)[];
}

/** A little room for changes; more is made when it is needed. */
const spareWords = 1 << 14;
/** What a name takes at first sight: enough for three servers. Memory that is not written to costs nothing. */
const wordsPerName = { unsigned: 128, signed: 640 } as const;

export interface ContentsOptions {
  readonly control: Control;
  readonly counters: SpokeCounters;
  /** The number of a service, for ever the same. */
  readonly numberOf: (service: string) => number;
  /** The same for a place of a service and family. */
  readonly placeNumberOf: (text: string) => number;
  /** Called before a generation is put in force. */
  readonly onBuffers: (buffers: TableBuffers) => void;
}

export function createContents(source: AnswerSource, { control, counters, numberOf, placeNumberOf, onBuffers }: ContentsOptions): Contents {
  const desk = createDesk();
  const compiler = createCompiler(source);
  const layout = layoutOf(source);
  /** Which names lean on a name. */
  const dependents = new Map<Name, Set<Name>>();
  let space = emptySpace(layout);
  let generation = 0;
  let names = 0;
  /** Before, nobody reads the buffer, and growing it is nobody's business. */
  let isInForce = false;

  const numbers: Numbers = {
    zone: (apex) => layout.zoneNumbers.get(apex as Name) ?? assert.fail(`a reply names a zone that is none of ours: ${apex}`),
    drawSlot: slotsBy(numberOf, placeNumberOf),
    counter: (drawnFor, spoke) => counters.of(drawnFor, spoke),
  };
  const buffers = (): TableBuffers => ({ generation, table: space.buffer, counters: counters.buffer });

  /** Puts the desk's image into the table; makes room where there is none. */
  const placed = (): number => {
    const block = place(space, desk);
    if (block !== 0) return block;
    space = moved(space, Math.max(spareWords, desk.used * 2, Math.ceil(space.heap.usedWords / 2)));
    if (isInForce) putInForce();
    return place(space, desk);
  };
  /** Readers get the buffers first, and then learn that they are due. */
  const putInForce = (): void => {
    isInForce = true;
    generation = generationOf(control) + 1;
    space.words[header.generation] = generation;
    onBuffers(buffers());
    setGeneration(control, generation);
  };

  /** The name's block, which nobody knows yet, and the proof that was needed for it. */
  const nameOfTable = (zone: Zone, name: Name): { readonly block: number; readonly proof: Proof | undefined } => {
    const compiled = compiler.compile(zone, name);
    for (const other of compiled.leansOn) dependents.set(other, (dependents.get(other) ?? new Set()).add(name));
    const number = numbers.zone(zone.apex);
    const { service } = zone.nodes.get(name) as ZoneNode;
    const place = { zone: number, wildcard: wildcardPlace(zone, name), service: service === undefined ? -1 : numberOf(service) };
    nameImage(desk, name, place, compiled, numbers);
    return { block: placed(), proof: compiled.proof };
  };
  const renewName = (name: Name): void => {
    const zone = closestZone(source.zones.zones, name);
    if (zone === undefined || pointerTo(space, name) === undefined) return;
    const { block } = nameOfTable(zone, name);
    // Only now: the buffer may have grown.
    publishAt(space, pointerTo(space, name) ?? assert.fail(), block, epochOf(control));
  };
  const zoneAt = (number: number) => (space.words[header.zonesAt] as number) + zoneEntry.words * number;
  const renewSoa = (zone: Zone): void => {
    const number = layout.zoneNumbers.get(zone.apex);
    if (number === undefined) return;
    const parts = soaParts(zone, source);
    soaImage(desk, parts.ttls, parts.behindOwner);
    const block = placed();
    publishAt(space, zoneAt(number) + zoneEntry.soa, block, epochOf(control));
  };
  const renewDenials = (name: Name): void => {
    // At a zone within another one both have something to say.
    for (const suffix of suffixesOf(name)) {
      const number = layout.zoneNumbers.get(suffix);
      if (number !== undefined) renewDenial(number, name, undefined);
    }
  };
  /** `known`: the proof, where it is at hand. */
  const renewDenial = (number: number, name: Name, known: Proof | undefined): void => {
    const zone = layout.zones[number] as Zone;
    const index = layout.chains[number]?.placeOf(name);
    const proof = index === undefined ? undefined : (known ?? proofAt(zone, name, source));
    if (index === undefined || proof === undefined) return;
    denialImage(desk, denialParts(zone, proof.nsec, proof.signatures));
    const block = placed();
    publishAt(space, (space.words[zoneAt(number) + zoneEntry.sortedAt] as number) + index, block, epochOf(control));
  };
  const wildcardPlace = (zone: Zone, name: Name): number => source.dnssec?.denialOf(zone)?.placeAtOrBefore(`\x01*${name}` as Name) ?? 0;

  function* layOut(): Generator<undefined, void> {
    for (const [number, zone] of layout.zones.entries()) {
      for (const name of zone.nodes.keys()) {
        let known: Proof | undefined;
        // A zone of ours within this one may have taken it over.
        if (closestZone(source.zones.zones, name) === zone) {
          const { block, proof } = nameOfTable(zone, name);
          // Only now: the buffer may have grown.
          addName(space, name, block);
          names += 1;
          known = proof;
        }
        renewDenial(number, name, known);
        yield;
      }
    }
  }
  return {
    zones: layout.zones,
    layOut,
    renew(changed) {
      const all = withDependents(changed, dependents);
      for (const name of all) renewName(name);
      return all;
    },
    renewDenials,
    renewSoa,
    names: () => layout.zones.flatMap((zone) => namesOf(zone, source)),
    buffers,
    putInForce,
    reclaim: () => reclaim(space.heap, (epoch) => isPast(control, epoch)),
    size: () => ({
      names,
      bufferBytes: space.buffer.byteLength,
      usedBytes: 4 * (space.heap.from + space.heap.usedWords),
      retiredBlocks: space.heap.retired.length,
    }),
  };
}

function layoutOf({ zones, dnssec }: AnswerSource): Layout {
  const all = [...zones.zones.values()];
  return {
    zones: all,
    zoneNumbers: new Map(all.map(({ apex }, number) => [apex, number])),
    chains: all.map((zone) => dnssec?.denialOf(zone)),
  };
}

/** A buffer with room for everything, and nothing in it but where the zones' sorted names will stand. */
function emptySpace({ zones, chains }: Layout): Space {
  const names = zones.reduce((sum, { nodes }) => sum + nodes.size, 0);
  const sorted = chains.reduce((sum, each) => sum + (each?.owners.length ?? 0), 0);
  const each = sorted === 0 ? wordsPerName.unsigned : wordsPerName.signed;
  const space = createSpace({ names, zones: zones.length, sorted }, names * each + spareWords);
  const { words } = space;
  let sortedAt = (words[header.zonesAt] as number) + zoneEntry.words * zones.length;
  zones.forEach(({ apex }, number) => {
    const at = (words[header.zonesAt] as number) + zoneEntry.words * number;
    const count = chains[number]?.owners.length ?? 0;
    words[at + zoneEntry.apexLength] = apex.length;
    words[at + zoneEntry.sortedAt] = sortedAt;
    words[at + zoneEntry.sortedCount] = count;
    sortedAt += count;
  });
  return space;
}

/** Of every three numbers two are for the families of a service, and one for a place of any. */
function slotsBy(numberOf: ContentsOptions['numberOf'], placeNumberOf: ContentsOptions['placeNumberOf']): Numbers['drawSlot'] {
  return ({ service, family, place }) => {
    if (place === undefined) return (families.length + 1) * numberOf(service) + families.indexOf(family);
    return (families.length + 1) * placeNumberOf(`${family} ${place} ${service}`) + families.length;
  };
}

/** The names that a zone answers for: not those that a zone of ours within it has taken over. */
function namesOf(zone: Zone, { zones }: AnswerSource): Name[] {
  return [...zone.nodes.keys()].filter((name) => closestZone(zones.zones, name) === zone);
}

function withDependents(names: Iterable<Name>, dependents: ReadonlyMap<Name, ReadonlySet<Name>>): ReadonlySet<Name> {
  const all = new Set(names);
  for (const name of [...all]) for (const dependent of dependents.get(name) ?? []) all.add(dependent);
  return all;
}
