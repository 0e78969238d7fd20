/**
 * What happened to the answers, as a story: for each service when its answer changed, from what to what, because of
 * which event or deadline, and how long it had no fit server. Fed with every change while the state is as it left it.
 */
import type { Event } from '../events/event.ts';
import { answerOf, answerText, hasFitServer, type ServiceAnswer, type Tier } from './answers.ts';
import { servicesOf } from './configuration.ts';
import type { Deadline } from './deadlines.ts';
import { entryOf } from './endpoint.ts';
import { type Family, families } from './routing/family.ts';
import { deadlineSentence, eventSentence } from './sentences.ts';
import type { State } from './state.ts';

/** What a client could be told: the addresses, each with the share of the answers that hold it, of 1. */
export interface ShownFamily {
  readonly tier: Tier | null;
  readonly addresses: readonly { readonly address: string; readonly share: number }[];
}

/** By family; a family that the service does not have is left out. */
export type ShownAnswer = Readonly<Partial<Record<Family, ShownFamily>>>;

/** One change of one answer. What changed at one moment is one change, told by its first cause. */
export interface TimelineEntry {
  readonly at: number;
  readonly service: string;
  /** null: the service was not served. */
  readonly from: ShownAnswer | null;
  readonly to: ShownAnswer | null;
  readonly because: {
    /** The event's type, or the deadline's kind. */
    readonly kind: string;
    /** The event's position; null for a deadline. */
    readonly position: number | null;
    readonly sentence: string;
  };
}

interface ServiceStory {
  /** The answer as it is now, as text and as shown. */
  text: string;
  shown: ShownAnswer | null;
  /** As it was before the present moment. */
  before: { readonly at: number; readonly text: string; readonly shown: ShownAnswer | null };
  /** Its newest entry, if it is of the present moment. */
  entry: TimelineEntry | undefined;
  changes: number;
  /** Since when it has had no fit server; null: it has one, or is not served. */
  withoutFitSince: number | null;
  withoutFitMs: number;
  /** The part of it before it first had one; null: it never had. */
  beforeFirstFitMs: number | null;
  /** How often it was left without a fit server after it had one. */
  outages: number;
  /** Whether the present time without a fit server came after it had one. */
  isOutage: boolean;
  hadFit: boolean;
}

export interface Timeline {
  readonly stories: Map<string, ServiceStory>;
  /** In the order in which they happened. */
  readonly entries: Set<TimelineEntry>;
}

/** What the timeline tells of one service at a moment. */
export interface ServiceSummary {
  readonly service: string;
  readonly changes: number;
  readonly outages: number;
  /** How long it was served without a fit server, in all, and before it had its first. */
  readonly withoutFitMs: number;
  readonly beforeFirstFitMs: number;
  readonly answer: ShownAnswer | null;
}

export function emptyTimeline(): Timeline {
  return { stories: new Map(), entries: new Set() };
}

/** Begins in the middle of things: what is answered now is where every story starts, and no change. */
export function beginTimeline(timeline: Timeline, state: State): void {
  for (const service of servicesOf(state.configuration)) {
    const answer = answerOf(state, service);
    if (answer === undefined) continue;
    const story = entryOf(timeline.stories, service, newStory);
    noteFitness(story, answer, state.at);
    story.text = answerText(answer);
    story.shown = shown(answer);
    story.before = { at: state.at, text: story.text, shown: story.shown };
  }
}

/** Takes a change in; mostly it does nothing to the answers, or only to their tiers, which clients do not see. */
export function recordChange(
  timeline: Timeline,
  state: State,
  services: readonly string[],
  cause: { readonly event: Event } | { readonly deadline: Deadline },
): void {
  for (const service of services) {
    const answer = answerOf(state, service);
    const story = entryOf(timeline.stories, service, newStory);
    noteFitness(story, answer, state.at);
    const text = answer === undefined ? '' : answerText(answer);
    tell(timeline, story, state.at, service, text, answer, cause);
  }
}

function tell(
  timeline: Timeline,
  story: ServiceStory,
  at: number,
  service: string,
  text: string,
  answer: ServiceAnswer | undefined,
  cause: { readonly event: Event } | { readonly deadline: Deadline },
): void {
  if (story.before.at !== at) {
    story.before = { at, text: story.text, shown: story.shown };
    story.entry = undefined;
  }
  const earlier = story.entry;
  if (earlier !== undefined) timeline.entries.delete(earlier);
  story.text = text;
  story.shown = answer === undefined ? null : shown(answer);
  const isNews = text !== story.before.text;
  story.changes += Number(isNews) - Number(earlier !== undefined);
  story.entry = isNews
    ? { at, service, from: story.before.shown, to: story.shown, because: earlier?.because ?? becauseOf(cause) }
    : undefined;
  if (story.entry !== undefined) timeline.entries.add(story.entry);
}

/** What became of each service by `at`, in the order of their names. */
export function summarize(timeline: Timeline, at: number): readonly ServiceSummary[] {
  const summaries = [...timeline.stories].map(([service, story]) => ({
    service,
    changes: story.changes,
    outages: story.outages,
    ...withoutFit(story, at),
    answer: story.shown,
  }));
  return summaries.sort((a, b) => (a.service < b.service ? -1 : 1));
}

function withoutFit(story: ServiceStory, at: number): Pick<ServiceSummary, 'withoutFitMs' | 'beforeFirstFitMs'> {
  const withoutFitMs = story.withoutFitMs + (story.withoutFitSince === null ? 0 : at - story.withoutFitSince);
  return { withoutFitMs, beforeFirstFitMs: story.beforeFirstFitMs ?? withoutFitMs };
}

function newStory(): ServiceStory {
  return {
    text: '',
    shown: null,
    before: { at: -1, text: '', shown: null },
    entry: undefined,
    changes: 0,
    withoutFitSince: null,
    withoutFitMs: 0,
    beforeFirstFitMs: null,
    outages: 0,
    isOutage: false,
    hadFit: false,
  };
}

function noteFitness(story: ServiceStory, answer: ServiceAnswer | undefined, at: number): void {
  const lacks = answer !== undefined && !hasFitServer(answer);
  if (lacks && story.withoutFitSince === null) {
    story.withoutFitSince = at;
    story.isOutage = story.hadFit;
    if (story.isOutage) story.outages += 1;
  } else if (!lacks && story.withoutFitSince !== null) {
    // Another took over at the same moment: nobody was ever without.
    if (story.isOutage && at === story.withoutFitSince) story.outages -= 1;
    story.withoutFitMs += at - story.withoutFitSince;
    story.withoutFitSince = null;
  }
  story.hadFit = answer !== undefined && !lacks;
  if (story.hadFit) story.beforeFirstFitMs ??= story.withoutFitMs;
}

function becauseOf(cause: { readonly event: Event } | { readonly deadline: Deadline }): TimelineEntry['because'] {
  if ('event' in cause) return { kind: cause.event.type, position: cause.event.position, sentence: eventSentence(cause.event) };
  return { kind: cause.deadline.kind, position: null, sentence: deadlineSentence(cause.deadline) };
}

export function shown(answer: ServiceAnswer): ShownAnswer {
  const shownFamilies: Partial<Record<Family, ShownFamily>> = {};
  for (const family of families) {
    const of = answer.families[family];
    if (of === undefined) continue;
    const total = of.wheel.spokes.reduce((sum, spoke) => sum + spoke.weight, 0);
    const weights = new Map<string, number>();
    for (const spoke of of.wheel.spokes) {
      for (const address of spoke.addresses) weights.set(address, (weights.get(address) ?? 0) + spoke.weight);
    }
    const addresses = [...weights].map(([address, weight]) => ({ address, share: weight / total }));
    shownFamilies[family] = { tier: of.tier ?? null, addresses };
  }
  return shownFamilies;
}
