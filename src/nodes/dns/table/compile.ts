/**
 * What the table says at a name: everything that anybody can ask there, asked of the reference responder beforehand. So
 * the rules of answering are written once, and the table is only quick. A reply that a draw decides about is asked for
 * with one draw for every spoke of its wheel. Only names that are nothing but steered, of which there are many, are put
 * together without asking (`steered.ts`). Pure: it reads the zones and answers that it is given.
 */
import type { FamilyAnswer, ServiceAnswer } from '../../../projections/answers.ts';
import { familyOf } from '../../../projections/routing/family.ts';
import type { AnswerSource } from '../answer-source.ts';
import { elsewhere, rangesFor } from '../client-ranges.ts';
import { classIn, types } from '../codes.ts';
import type { Draw } from '../draw.ts';
import { encodeOpt } from '../edns.ts';
import { type Name, nameOf, nameOfWire, suffixesOf } from '../names.ts';
import { typesAt } from '../records-at.ts';
import type { Decision } from '../reply.ts';
import { createResponder, type Responder } from '../responder.ts';
import { headerBytes } from '../wire.ts';
import { closestZone, cutAbove, type Zone, type ZoneNode } from '../zone.ts';
import type { CompiledChoice, CompiledName, CompiledSpoke } from './compiled.ts';
import { type ReplyParts, replyParts } from './reply-parts.ts';
import { isOnlySteered, steeredName } from './steered.ts';

export interface Compiler {
  /** `zone`: the closest that holds the name. */
  compile(zone: Zone, name: Name): CompiledName;
  /** The same, found out by asking whatever stands at the name. */
  compileByAsking(zone: Zone, name: Name): CompiledName;
}

export function createCompiler(source: AnswerSource): Compiler {
  let services = new Set<string>();
  const watched: AnswerSource = {
    get zones() {
      return source.zones;
    },
    get dnssec() {
      return source.dnssec;
    },
    serialOf: (zone) => source.serialOf(zone),
    answerOf: (service) => {
      services.add(service);
      const answer = source.answerOf(service);
      return answer === undefined ? undefined : toldAt(answer, place);
    },
  };
  /** Whom the answers are for that are asked for now. */
  let place: number = elsewhere;
  const responder = createResponder(watched);
  const compiler: Compiler = {
    compile(zone, name) {
      const service = isOnlySteered(zone, name, source) ? zone.nodes.get(name)?.service : undefined;
      return service === undefined ? compiler.compileByAsking(zone, name) : steeredName(zone, name, service, source);
    },
    compileByAsking(zone, name) {
      services = new Set();
      const ask = (type: number, asked = name) => {
        const everybodys = choiceFor(asked, type, watched, responder, 0);
        return withPlaces(everybodys, source, (at, firstCounter) => {
          place = at;
          const placed = choiceFor(asked, type, watched, responder, firstCounter);
          place = elsewhere;
          return placed;
        });
      };
      const others = ask(typeOfOthers);
      const entries = entriesAt(zone, name, source, ask).filter(({ choice }) => !saySame(choice, others));
      const isDenied = cutAbove(zone, name) === undefined && source.dnssec?.waitsForKey(zone) !== true;
      const below = isDenied ? undefined : ask(typeOfOthers, nameBelow(zone, name));
      const leansOn = new Set([...services].flatMap((service) => nameOf(service) ?? []));
      for (const choice of [others, ...entries.map((entry) => entry.choice), ...(below === undefined ? [] : [below])]) {
        for (const { signed } of choice.spokes) for (const owner of signed.owners) leansOn.add(owner);
      }
      leansOn.delete(name);
      return { entries, others, below, leansOn };
    },
  };
  return compiler;
}

/** The answer for clients of one place, as one that tells none apart. */
function toldAt({ clients: _others, ...answer }: ServiceAnswer, place: number): ServiceAnswer {
  const told = (of: FamilyAnswer | undefined) => of && { tier: of.tier, wheel: of.places?.[place]?.wheel ?? of.wheel };
  return { ...answer, families: { A: told(answer.families.A), AAAA: told(answer.families.AAAA) } };
}

type AskPlace = (place: number, firstCounter: number) => CompiledChoice;

/** The choice for everybody, and with it those for clients of each place, where the service tells clients apart. */
function withPlaces(everybodys: CompiledChoice, source: AnswerSource, ask: AskPlace): CompiledChoice {
  const { drawnFor } = everybodys;
  const answer = drawnFor && source.answerOf(drawnFor.service);
  const places = drawnFor && answer?.families[drawnFor.family]?.places;
  if (drawnFor === undefined || answer?.clients === undefined || places === undefined) return everybodys;
  let firstCounter = everybodys.spokes.length;
  const choices = places.map((_, place) => {
    const choice = { ...ask(place, firstCounter), drawnFor: { ...drawnFor, place } };
    firstCounter += choice.spokes.length;
    return choice;
  });
  return { ...everybodys, places: { usesSubnet: answer.clients.usesSubnet, ranges: rangesFor(answer.clients, places), choices } };
}

/** Private use, and of no meaning here: what is said to it is said to every type that does not exist at a name. */
const typeOfOthers = 65_534;

type AskAt = (type: number) => CompiledChoice;

function entriesAt(zone: Zone, name: Name, source: AnswerSource, ask: AskAt): { type: number; choice: CompiledChoice }[] {
  const place = { zone, node: zone.nodes.get(name) as ZoneNode, name };
  // ANY is answered with the first type; where that costs a wheel of replies, they are not put together twice.
  const first = place.node.service === undefined ? undefined : typesAt(place, source)[0];
  const asked = [...typesWorthAsking(zone, name, source)].sort((a, b) => a - b);
  const choices = new Map<number, CompiledChoice>();
  for (const type of asked) choices.set(type, (type === types.ANY ? choices.get(first ?? 0) : undefined) ?? ask(type));
  return [...choices].map(([type, choice]) => ({ type, choice }));
}

/** Types that may be answered unlike others. One too many costs time only; that none is missing, the property tests hold. */
function typesWorthAsking(zone: Zone, name: Name, { zones, dnssec }: AnswerSource): ReadonlySet<number> {
  const asked = new Set<number>([types.ANY]);
  const cut = cutAbove(zone, name);
  if (cut !== undefined) return cut === name ? new Set([types.DS]) : new Set();
  const signing = dnssec === undefined ? [] : [types.NSEC, types.RRSIG];
  for (const type of signing) asked.add(type);
  const ofApex = [types.SOA, types.DS, types.DNSKEY, types.CDS, types.CDNSKEY];
  const chain = aliasChain(zones.zones, name);
  for (const each of chain) {
    for (const suffix of suffixesOf(each)) {
      const node = zones.zones.get(suffix)?.nodes.get(each);
      if (node === undefined) continue;
      for (const type of node.rrsets.keys()) asked.add(type);
      if (node.service !== undefined) for (const type of [types.A, types.AAAA]) asked.add(type);
      if (suffix === each || node.rrsets.has(types.NS)) for (const type of ofApex) asked.add(type);
    }
  }
  return asked;
}

/** The name, and where its CNAMEs lead. */
function aliasChain(zones: AnswerSource['zones']['zones'], name: Name): ReadonlySet<Name> {
  const chain = new Set<Name>();
  for (let next: Name | undefined = name; next !== undefined && !chain.has(next); ) {
    chain.add(next);
    const [target]: readonly Uint8Array[] = closestZone(zones, next)?.nodes.get(next)?.rrsets.get(types.CNAME)?.rdata ?? [];
    next = target === undefined ? undefined : nameOfWire(Buffer.from(target));
  }
  return chain;
}

/** A name below that does not exist, for the referral that is sent to all of them. */
function nameBelow(zone: Zone, name: Name): Name {
  for (let code = 0; ; code += 1) {
    const below = `\x01${String.fromCharCode(code)}${name}` as Name;
    if (!zone.nodes.has(below)) return below;
  }
}

/** A draw that always falls on the spoke that begins there, and notes what it was asked for. */
interface NotedDraw extends Draw {
  kind: CompiledChoice['draw'];
  drawnFor: CompiledChoice['drawnFor'];
}

function drawAt(start: number, total: number): NotedDraw {
  const draw: NotedDraw = {
    kind: 'none',
    drawnFor: undefined,
    sequence(service, family) {
      draw.kind = 'sequence';
      draw.drawnFor = { service, family };
      return start;
    },
    chance() {
      draw.kind = 'chance';
      return (start + 0.5) / total;
    },
  };
  return draw;
}

function choiceFor(name: Name, type: number, source: AnswerSource, responder: Responder, firstCounter: number): CompiledChoice {
  const draw = drawAt(0, 1 + Number.MAX_SAFE_INTEGER);
  const first = spokeFor(name, type, source, responder, draw, 1);
  const { decision } = first;
  if (decision === undefined) return { draw: draw.kind, drawnFor: draw.drawnFor, spokes: [first] };
  const family = familyOf(decision.addresses[0] ?? '');
  const spokes = source.answerOf(decision.service)?.families[family]?.wheel.spokes ?? [];
  const total = spokes.reduce((sum, spoke) => sum + spoke.weight, 0);
  let start = 0;
  const all = spokes.map(({ weight }, index) => {
    const spoke = index === 0 ? { ...first, weight } : spokeFor(name, type, source, responder, drawAt(start, total), weight);
    start += weight;
    return spoke;
  });
  return { draw: draw.kind, drawnFor: { service: decision.service, family }, spokes: all, firstCounter };
}

const client = { address: '::', port: 0, transport: 'tcp' } as const;
const optBytes = encodeOpt({ udpSizeBytes: 0, dnssecOk: true }, 0, 0);

function spokeFor(name: Name, type: number, source: AnswerSource, responder: Responder, draw: Draw, weight: number): CompiledSpoke {
  const { reply: bytes, decision } = asked(responder, question(name, type, Buffer.alloc(0)), draw);
  const plain = replyParts(bytes, false);
  if (source.dnssec === undefined) return { weight, plain, signed: plain, decision };
  const signed = replyParts(asked(responder, question(name, type, optBytes), draw).reply, true);
  return { weight, plain, signed: sameParts(plain, signed) ? plain : signed, decision };
}

function asked(responder: Responder, packet: Buffer, draw: Draw): { readonly reply: Buffer; readonly decision: Decision | undefined } {
  const outcome = responder.respond(packet, client, draw);
  // A question that was put together here is read, and whatever is read is answered.
  if (outcome.reply === null) throw new Error(`no reply to a question of the table's own: ${outcome.reason}`);
  return { reply: outcome.reply, decision: outcome.decision };
}

function question(name: Name, type: number, opt: Buffer): Buffer {
  const packet = Buffer.alloc(headerBytes + name.length + 4 + opt.length);
  packet.writeUInt16BE(1, 4);
  packet.writeUInt16BE(opt.length === 0 ? 0 : 1, 10);
  packet.write(name, headerBytes, 'latin1');
  packet.writeUInt16BE(type, headerBytes + name.length);
  packet.writeUInt16BE(classIn, headerBytes + name.length + 2);
  opt.copy(packet, headerBytes + name.length + 4);
  return packet;
}

/** Whether no draw decides, and both say the same to everybody. */
function saySame(one: CompiledChoice, other: CompiledChoice): boolean {
  if (one.draw !== 'none' || other.draw !== 'none') return false;
  const [[first], [second]] = [one.spokes, other.spokes];
  return first !== undefined && second !== undefined && sameParts(first.plain, second.plain) && sameParts(first.signed, second.signed);
}

function sameParts(one: ReplyParts, other: ReplyParts): boolean {
  return (
    one.flags === other.flags &&
    one.counts.every((count, section) => count === other.counts[section]) &&
    one.soa?.use === other.soa?.use &&
    one.soa?.apex === other.soa?.apex &&
    Buffer.compare(one.soa?.owner ?? one.body, other.soa?.owner ?? other.body) === 0 &&
    Buffer.compare(one.body, other.body) === 0
  );
}
