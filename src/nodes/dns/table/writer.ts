/**
 * The one writer of the shared table. It is a table of answers like the reference one, which it holds and asks; besides,
 * it keeps ready what readers will say: when an answer changes it puts the replies of the names concerned together anew
 * and publishes each with one atomic store. An older publication never replaces a newer one (I6).
 */
import assert from 'node:assert/strict';
import type { ServiceAnswer } from '../../../projections/answers.ts';
import { type Family, families } from '../../../projections/routing/family.ts';
import type { Wheel } from '../../../projections/routing/wheel.ts';
import type { AnswerSource } from '../answer-source.ts';
import type { Name } from '../names.ts';
import type { Decision } from '../reply.ts';
import type { AnswerTable } from '../table.ts';
import { type Zone, type ZoneSet, zoneSteering } from '../zone.ts';
import { type Contents, createContents, type TableSize } from './contents.ts';
import { createControl, epochOf, isPast, leave, nextEpoch, type Publication, setPublication } from './control.ts';
import { createSpokeCounters, type Decisions } from './counters.ts';
import type { TableBuffers } from './reader.ts';
import { isSameAnswer } from './same-answer.ts';
import { atOnce, inSlices, type Pace } from './slices.ts';
import { settled } from './waiting-zones.ts';
import { type ZonesToCome, zonesToCome } from './zones-to-come.ts';

export interface TableWriter extends AnswerTable {
  /** As of `position` in the log as well, where it is known. It may not go back. */
  publish(answers: Iterable<ServiceAnswer>, at: number, position?: number): void;
  replaceZones(zones: AnswerTable['zones'], at: number, position?: number): void;
  /**
   * The same, in slices of a few milliseconds, while the zones of before are answered as ever; few names are replaced at
   * once. What is published meanwhile goes to both. Resolves when these zones, or newer ones in their place, are answered;
   * or to `given up`, where the table ends before.
   */
  replaceZonesAside(zones: AnswerTable['zones'], at: number, position?: number): Promise<'answered' | 'given up'>;
  /** Puts together anew what stands at these names and whatever leans on them, because their signatures changed. */
  refresh(names: Iterable<Name>): void;
  /** Every name in the table. */
  names(): Iterable<Name>;
  /** For readers on any thread. */
  readonly control: SharedArrayBuffer;
  readonly workers: number;
  buffers(): TableBuffers;
  readonly publication: Publication;
  /** Marks a reader that died, so that nobody waits for it. */
  forget(worker: number): void;
  /** Every service that the table had a name for, and its number: what readers count under. */
  serviceNumbers(): ReadonlyMap<string, number>;
  /** Tells how often each choice of addresses was answered with since the last time. */
  collectDecisions(tell: (decision: Decision, count: number) => void): void;
  size(): TableSize;
  /** Gives up what is being laid out. */
  stop(): void;
}

export interface WriterOptions {
  /** How many readers there may be, the main thread's among them. */
  readonly workers: number;
  /** Called before a generation is put in force: whoever passes the buffers on to readers does it here. */
  readonly onBuffers?: (buffers: TableBuffers) => void;
  /** How zones are replaced aside. Default: a few milliseconds at a time. */
  readonly pace?: Pace;
}

/** Zones on their way into the table, as of a moment. */
interface Coming extends ZonesToCome {
  readonly at: number;
  readonly position: number;
  /** Ends the slices. */
  callOff: () => void;
}

export function createTableWriter(source: AnswerTable, { workers, onBuffers = () => {}, pace = inSlices }: WriterOptions): TableWriter {
  const control = createControl(workers);
  /** Kept for ever, so that a number never stands for another service. */
  const serviceNumbers = new Map<string, number>();
  const numberOf = (service: string): number => {
    const number = serviceNumbers.get(service) ?? serviceNumbers.size;
    if (number === serviceNumbers.size) serviceNumbers.set(service, number);
    return number;
  };
  const placeNumbers = new Map<string, number>();
  const placeNumberOf = (text: string): number => {
    const number = placeNumbers.get(text) ?? placeNumbers.size;
    placeNumbers.set(text, number);
    return number;
  };
  let countersGrew = false;
  let services: string[] = [];
  const counters = createSpokeCounters({
    ...{ readers: workers, expected: expectedSpokes(source), numberOf },
    serviceOf(number) {
      if (services.length !== serviceNumbers.size) services = [...serviceNumbers.keys()];
      return services[number] ?? assert.fail(`no service has the number ${number}`);
    },
    decisionsOf: (service) => decisionsIn(latest().answerOf(service)),
    onGrown() {
      countersGrew = true;
      return epochOf(control);
    },
  });
  const parts = { control, counters, numberOf, placeNumberOf, onBuffers };
  let contents = createContents(settled(source), parts);
  /** What is being laid out to take the place of `contents`. */
  let coming: Coming | undefined;
  /** Who is told when what is being laid out is answered. */
  const waiting: ((end: 'answered' | 'given up') => void)[] = [];
  let publication: Publication = { number: 0, position: 0, at: 0 };
  /** What is answered, or will be as soon as it is laid out. */
  const latest = (): AnswerSource => coming?.view ?? source;
  const everywhere = (): Contents[] => (coming === undefined ? [contents] : [contents, coming.contents]);

  const checkOrder = (position: number): void => {
    assert.ok(position >= publication.position, `I6: a publication of position ${position} came after one of ${publication.position}`);
  };
  /** Ends a publication: from here on it has a number, and what it replaced begins to wait. */
  const published = (at: number, position: number): void => {
    if (countersGrew) contents.putInForce();
    countersGrew = false;
    publication = { number: publication.number + 1, position, at };
    setPublication(control, publication);
    nextEpoch(control);
    contents.reclaim();
    counters.reclaim((epoch) => isPast(control, epoch));
  };
  /** `before`: the answer that the service had. */
  const renewCounters = (service: string, before: ServiceAnswer | undefined): void => {
    counters.renew(service, decisionsIn(before), epochOf(control));
  };
  /** The zone whose serial has risen with it; undefined where none has. */
  const publishOne = (answer: ServiceAnswer, at: number): Zone | undefined => {
    const { service } = answer;
    const steering = zoneSteering(source.zones, service);
    const place = steering ?? (coming && zoneSteering(coming.view.zones, service));
    if (place === undefined) return undefined;
    const before = latest().answerOf(service);
    const serial = steering && source.serialOf(steering.zone);
    if (steering === undefined) coming?.kept.set(service, answer);
    else source.publish([answer], at);
    // The serial may rise where nothing is said otherwise: it also counts why.
    const risen = steering === undefined || source.serialOf(steering.zone) === serial ? undefined : steering.zone;
    if (before !== undefined && isSameAnswer(before, answer)) return risen;
    renewCounters(service, before);
    const hadServers = (family: Family) => before === undefined || before.families[family] !== undefined;
    const isAsBefore = families.every((family) => hadServers(family) === (answer.families[family] !== undefined));
    for (const each of everywhere()) {
      each.renew([place.name]);
      if (!isAsBefore) each.renewDenials(place.name);
    }
    return risen;
  };

  /** Begins to lay these zones out; what was being laid out before is given up. */
  const begin = (zones: ZoneSet, at: number, position: number): Coming => {
    checkOrder(position);
    coming?.callOff();
    coming = { ...zonesToCome(zones, source, coming?.kept ?? new Map(), parts), at, position, callOff: () => {} };
    return coming;
  };
  /** Everything is laid out: from here on it is what is answered. */
  const finish = (laid: Coming): void => {
    const at = Math.max(laid.at, publication.at);
    const gone = laid.gone.map((service) => ({ service, answer: source.answerOf(service) }));
    source.replaceZones(laid.view.zones, at);
    source.publish(laid.kept.values(), at);
    laid.kept.clear();
    coming = undefined;
    contents = laid.contents;
    for (const { service, answer } of gone) renewCounters(service, answer);
    for (const zone of contents.zones) contents.renewSoa(zone);
    contents.putInForce();
    countersGrew = false;
    published(at, Math.max(laid.position, publication.position));
    for (const tell of waiting.splice(0)) tell('answered');
  };

  const replaceAtOnce = (zones: ZoneSet, at: number, position: number): void => {
    const all = begin(zones, at, position);
    atOnce(all.steps);
    finish(all);
  };

  for (const service of servicesIn(source)) renewCounters(service, undefined);
  atOnce(contents.layOut());
  for (const zone of contents.zones) contents.renewSoa(zone);
  contents.putInForce();
  countersGrew = false;
  published(0, 0);
  return {
    get zones() {
      return latest().zones;
    },
    get dnssec() {
      return latest().dnssec;
    },
    get publication() {
      return publication;
    },
    answerOf: (service) => latest().answerOf(service),
    serialOf: (zone) => source.serialOf(zone),
    publish(answers, at, position = publication.position) {
      checkOrder(position);
      const risen = new Set<Zone | undefined>();
      for (const answer of answers) risen.add(publishOne(answer, at));
      for (const zone of risen) if (zone !== undefined) contents.renewSoa(zone);
      published(at, position);
    },
    replaceZones(zones, at, position = publication.position) {
      replaceAtOnce(zones, at, position);
    },
    async replaceZonesAside(zones, at, position = publication.position) {
      const all = begin(zones, at, position);
      return new Promise((resolve) => {
        waiting.push(resolve);
        all.callOff = pace(all.steps, () => finish(all));
      });
    },
    refresh(names) {
      const asked = [...names];
      for (const each of everywhere()) {
        for (const name of each.renew(asked)) {
          each.renewDenials(name);
          const zone = source.zones.zones.get(name);
          if (zone !== undefined && each === contents) each.renewSoa(zone);
        }
      }
      published(publication.at, publication.position);
    },
    names: () => contents.names(),
    control: control.buffer,
    workers,
    buffers: () => contents.buffers(),
    forget: (worker) => leave(control, worker),
    serviceNumbers: () => serviceNumbers,
    collectDecisions: (tell) => counters.collect(tell),
    size: () => contents.size(),
    stop() {
      coming?.callOff();
      coming = undefined;
      for (const tell of waiting.splice(0)) tell('given up');
    },
  };
}

/** The services that have an answer. */
function servicesIn({ zones, answerOf }: AnswerSource): ReadonlySet<string> {
  const services = new Set<string>();
  for (const { nodes } of zones.zones.values()) {
    for (const { service } of nodes.values()) if (service !== undefined && answerOf(service) !== undefined) services.add(service);
  }
  return services;
}

function expectedSpokes(source: AnswerTable): number {
  let spokes = 0;
  for (const service of servicesIn(source)) for (const [, ofFamily] of decisionsIn(source.answerOf(service))) spokes += ofFamily.length;
  return 2 * spokes;
}

function decisionsIn(answer: ServiceAnswer | undefined): Decisions {
  return new Map(families.flatMap((family) => decisionsOf(answer, family)));
}

function decisionsOf(answer: ServiceAnswer | undefined, family: Family): [Family, Decision[]][] {
  const ofFamily = answer?.families[family];
  if (answer === undefined || ofFamily === undefined) return [];
  const { service, algorithm } = answer;
  if (algorithm !== 'geolocation' && ofFamily.places === undefined)
    return [[family, ofFamily.wheel.spokes.map(({ addresses }) => ({ service, algorithm, addresses }))]];
  // In the order in which the table has them: the wheel for everybody, then those of the places.
  const chosenFor = (place: string | null, { spokes }: Wheel) => spokes.map(({ addresses }) => ({ service, algorithm, addresses, place }));
  const { wheel, places = [] } = ofFamily;
  return [[family, [...chosenFor(null, wheel), ...places.flatMap(({ region, wheel: near }) => chosenFor(region, near))]]];
}
