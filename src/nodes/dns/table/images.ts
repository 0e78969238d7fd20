/**
 * Blocks of the table as words, before they have a place in it: plain data in, an image out that the writer copies into a
 * block. Nothing in an image depends on where it will stand.
 */
import type { CompiledChoice, CompiledName, CompiledPlaces, CompiledSpoke } from './compiled.ts';
import { additionalNeeded, choice, denialBlock, drawKind, form, nameBlock, placesPart, soaBlock, soaShift, soaUse } from './layout.ts';
import type { ReplyParts } from './reply-parts.ts';

/** Numbers that the writer gives out. */
export interface Numbers {
  zone(apex: string): number;
  drawSlot(drawnFor: NonNullable<CompiledChoice['drawnFor']>): number;
  counter(drawnFor: NonNullable<CompiledChoice['drawnFor']>, spoke: number): number;
}

/** A place to put words together, used again for every image. */
export interface Desk {
  words: Int32Array;
  bytes: Uint8Array;
  doubles: Float64Array;
  used: number;
  /** Where bodies of replies stand in it, in bytes. */
  bodies: { readonly start: number; readonly end: number }[];
}

export function createDesk(): Desk {
  return deskOf(new ArrayBuffer(1 << 16), 0);
}

function deskOf(buffer: ArrayBuffer, used: number): Desk {
  return { words: new Int32Array(buffer), bytes: new Uint8Array(buffer), doubles: new Float64Array(buffer), used, bodies: [] };
}

/** Clears the desk for a block whose fixed part has so many words. */
function begin(desk: Desk, words: number): void {
  desk.used = 0;
  desk.bodies = [];
  reserve(desk, words);
}

/** Takes words from an even place, all zero. */
function reserve(desk: Desk, count: number): number {
  const at = desk.used + (desk.used & 1);
  const end = at + count;
  if (end > desk.words.length) Object.assign(desk, enlarged(desk, end));
  desk.words.fill(0, desk.used, end);
  desk.used = end;
  return at;
}

function enlarged(desk: Desk, needed: number): Desk {
  const larger = deskOf(new ArrayBuffer(8 * needed), desk.used);
  larger.words.set(desk.words.subarray(0, desk.used));
  return { ...larger, bodies: desk.bodies };
}

const wordsFor = (bytes: number) => (bytes + 3) >> 2;

/** Everything that stands at a name. What is asked most comes first, close to the name. */
export function nameImage(
  desk: Desk,
  name: string,
  place: { readonly zone: number; readonly wildcard: number; readonly service: number },
  compiled: CompiledName,
  numbers: Numbers,
): void {
  const { entries, others, below } = compiled;
  const entriesAt = nameBlock.bytes + wordsFor(name.length);
  begin(desk, entriesAt + 2 * entries.length);
  desk.words[nameBlock.zone] = place.zone;
  desk.words[nameBlock.length] = name.length;
  desk.words[nameBlock.wildcard] = place.wildcard;
  desk.words[nameBlock.service] = place.service;
  desk.words[nameBlock.entries] = entries.length;
  desk.bytes.set(Buffer.from(name, 'latin1'), 4 * nameBlock.bytes);

  const places = new Map<CompiledChoice, number>();
  const placeOf = (each: CompiledChoice): number => {
    const at = places.get(each) ?? choiceImage(desk, each, numbers);
    places.set(each, at);
    return at;
  };
  // Addresses, then what most other questions get.
  for (const { choice: each } of entries) if (each.draw !== 'none') placeOf(each);
  const othersAt = placeOf(others);
  entries.forEach(({ type, choice: each }, index) => {
    const at = placeOf(each);
    desk.words[entriesAt + 2 * index] = type;
    desk.words[entriesAt + 2 * index + 1] = at;
  });
  const belowAt = below === undefined ? 0 : placeOf(below);
  desk.words[nameBlock.others] = othersAt;
  desk.words[nameBlock.below] = belowAt;
}

function choiceImage(desk: Desk, { draw, drawnFor, spokes, places, firstCounter = 0 }: CompiledChoice, numbers: Numbers): number {
  const at = reserve(desk, choice.first + choice.spokeWords * spokes.length);
  const ends = endsOf(spokes);
  const isEven = spokes.every(({ weight }) => weight === 1);
  const endsAt = isEven ? 0 : reserve(desk, 2 * ends.length);
  if (!isEven) desk.doubles.set(ends, endsAt / 2);
  const plainForms = spokes.map(({ plain }) => formImage(desk, plain, numbers));
  const signedForms = spokes.map(({ plain, signed }, index) => (signed === plain ? plainForms[index]! : formImage(desk, signed, numbers)));
  desk.words[at + choice.draw] = drawKind[draw];
  desk.words[at + choice.spokes] = spokes.length;
  desk.words[at + choice.slot] = drawnFor === undefined ? 0 : numbers.drawSlot(drawnFor);
  desk.words[at + choice.ends] = endsAt;
  desk.doubles[(at + choice.total) / 2] = ends.at(-1) ?? 0;
  desk.words[at + choice.places] = places === undefined ? 0 : placesImage(desk, places, numbers);
  spokes.forEach(({ decision }, index) => {
    const spokeAt = at + choice.first + choice.spokeWords * index;
    desk.words[spokeAt] = plainForms[index]!;
    desk.words[spokeAt + 1] = signedForms[index]!;
    desk.words[spokeAt + 2] = drawnFor === undefined || decision === undefined ? -1 : numbers.counter(drawnFor, firstCounter + index);
  });
  return at;
}

function placesImage(desk: Desk, { usesSubnet, ranges, choices }: CompiledPlaces, numbers: Numbers): number {
  const choicesAt = choices.map((each) => choiceImage(desk, each, numbers));
  const [ranges4, ranges6] = [ranges[32], ranges[128]];
  const at = reserve(desk, placesPart.first + placesPart.words4 * ranges4.length + placesPart.words6 * ranges6.length);
  desk.words[at + placesPart.usesSubnet] = usesSubnet ? 1 : 0;
  desk.words[at + placesPart.ranges4] = ranges4.length;
  desk.words[at + placesPart.ranges6] = ranges6.length;
  let word = at + placesPart.first;
  for (const [bits, ofLength] of [[32, ranges4] as const, [128, ranges6] as const]) {
    for (const { first, place } of ofLength) {
      for (let shift = bits - 32; shift >= 0; shift -= 32) desk.words[word++] = Number(BigInt.asIntN(32, first >> BigInt(shift)));
      desk.words[word++] = choicesAt[place] ?? 0;
    }
  }
  return at;
}

function endsOf(spokes: readonly CompiledSpoke[]): number[] {
  let sum = 0;
  return spokes.map(({ weight }) => (sum += weight));
}

function formImage(desk: Desk, parts: ReplyParts, numbers: Numbers): number {
  const { soa, body, patches, counts } = parts;
  const ownerBytes = soa?.owner.length ?? 0;
  const fixedBytes = ownerBytes + 2 * patches.length;
  const shared = sameBytes(desk, body);
  const at = reserve(desk, form.data + wordsFor(fixedBytes + (shared === undefined ? body.length : 0)));
  const use = soa === undefined ? soaUse.none : soaUse[soa.use];
  desk.words[at + form.flags] = parts.flags | (parts.additionalNeeded ? additionalNeeded : 0) | (use << soaShift);
  desk.words[at + form.counts] = counts[0] | (counts[1] << 16);
  desk.words[at + form.more] = counts[2] | (patches.length << 16);
  desk.words[at + form.soa] = soa === undefined ? 0 : numbers.zone(soa.apex) | (ownerBytes << 24);
  desk.words[at + form.sections] = parts.answerBytes | (parts.additionalAt << 16);
  desk.words[at + form.bytes] = body.length;
  const byte = 4 * (at + form.data);
  if (soa !== undefined) desk.bytes.set(soa.owner, byte);
  writePatches(desk, byte + ownerBytes, patches);
  const bodyAt = shared ?? byte + fixedBytes;
  desk.words[at + form.body] = bodyAt - 4 * at;
  if (shared !== undefined) return at;
  desk.bytes.set(body, bodyAt);
  desk.bodies.push({ start: bodyAt, end: bodyAt + body.length });
  return at;
}

/**
 * Where bytes of the image begin or end like the body: an NSEC stands alone, with its signature and in the denial of other
 * types, and its signature alone.
 */
function sameBytes({ bytes, bodies }: Desk, body: Uint8Array): number | undefined {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = body;
  const last = body[length - 1];
  // Last bytes differ most: a call is only worth it where they are the same.
  const isAt = (at: number) => bytes[at + length - 1] === last && image.compare(body, 0, length, at, at + length) === 0;
  for (const { start, end } of bodies) {
    if (end - start < length || length === 0) continue;
    if (isAt(start)) return start;
    if (isAt(end - length)) return end - length;
  }
  return undefined;
}

function writePatches(desk: Desk, from: number, patches: readonly number[]): void {
  patches.forEach((patch, index) => {
    desk.bytes[from + 2 * index] = patch >> 8;
    desk.bytes[from + 2 * index + 1] = patch & 0xff;
  });
}

/** `behindOwner`: the SOA, then what signs it, each from its type on. */
export function soaImage(desk: Desk, ttls: { readonly answer: number; readonly denial: number }, behindOwner: readonly Uint8Array[]): void {
  const [soa, ...signatures] = behindOwner as readonly [Uint8Array, ...Uint8Array[]];
  const bytesAt = soaBlock.first + signatures.length;
  const all = Buffer.concat(behindOwner);
  begin(desk, bytesAt + wordsFor(all.length));
  desk.words[soaBlock.answerTtl] = ttls.answer;
  desk.words[soaBlock.denialTtl] = ttls.denial;
  desk.words[soaBlock.bytes] = soa.length;
  desk.words[soaBlock.signatures] = signatures.length;
  signatures.forEach((signature, index) => {
    desk.words[soaBlock.first + index] = signature.length;
  });
  desk.bytes.set(all, 4 * bytesAt);
}

export interface DenialParts {
  readonly key: Uint8Array;
  readonly records: number;
  readonly body: Uint8Array;
  readonly patches: readonly number[];
}

export function denialImage(desk: Desk, { key, records, body, patches }: DenialParts): void {
  begin(desk, denialBlock.data + wordsFor(key.length + body.length + 2 * patches.length));
  desk.words[denialBlock.keyBytes] = key.length;
  desk.words[denialBlock.records] = records;
  desk.words[denialBlock.bytes] = body.length;
  desk.words[denialBlock.patches] = patches.length;
  desk.bytes.set(key, 4 * denialBlock.data);
  desk.bytes.set(body, 4 * denialBlock.data + key.length);
  writePatches(desk, 4 * denialBlock.data + key.length + body.length, patches);
}
