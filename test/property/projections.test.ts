/** The laws of the folds: the same facts mean the same, however they are folded (I3), stored, or split by the passing of time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Event } from '../../src/events/event.ts';
import { openMemoryLog } from '../../src/events/memory-log.ts';
import { eventToLine, readLine } from '../../src/events/ndjson.ts';
import { answerOf, answersDigest, answerText } from '../../src/projections/answers.ts';
import { earliestDeadline } from '../../src/projections/deadlines.ts';
import { digest } from '../../src/projections/digest.ts';
import { advance, evolve } from '../../src/projections/evolve.ts';
import { preview } from '../../src/projections/preview.ts';
import { initialState, type State } from '../../src/projections/state.ts';
import { at, events as numbered, turnedRound } from '../given.ts';
import { tries } from '../tries.ts';
import { type Scenario, scenario, services, whatIf } from './projections-scenario.ts';

function fold(events: Iterable<Event>, state: State = initialState()): State {
  for (const event of events) evolve(state, event);
  return state;
}

function holds<T>(arbitrary: fc.Arbitrary<T>, law: (value: T) => void | Promise<void>): Promise<void> {
  return fc.assert(
    fc.asyncProperty(arbitrary, async (value) => void (await law(value))),
    tries(100),
  );
}

/** Where to cut a list, as parts of its length; doubles of fast-check are mostly next to nothing. */
const part = fc.nat(1_000).map((of) => of / 1_000);
const cuts = fc.array(part, { maxLength: 5 });

const textOf = (state: State, service: string) => {
  const answer = answerOf(state, service);
  return answer && answerText(answer);
};

describe('folding', () => {
  it('at once is folding in parts, each from a copy of what the one before left', () =>
    holds(fc.tuple(scenario, cuts), ([{ events }, cuts]) => {
      const places = cuts.map((cut) => Math.floor(cut * events.length)).sort((a, b) => a - b);
      const parts = [0, ...places].map((from, index) => events.slice(from, places[index] ?? events.length));
      const inParts = parts.reduce((state, part) => fold(part, structuredClone(state)), initialState());
      assert.equal(digest(inParts), digest(fold(events)));
    }));

  it('is folding what a log gave back', () =>
    holds(scenario, async (scenario) => {
      assert.equal(digest(fold(await throughLog(scenario))), digest(fold(scenario.events)));
    }));

  it('is folding what was written as lines', () =>
    holds(scenario, ({ events }) => {
      assert.equal(digest(fold(events.map(throughLine))), digest(fold(events)));
    }));

  it('is the same however often time was let pass in between', () =>
    holds(fc.tuple(scenario, fc.infiniteStream(part)), ([{ events }, draws]) => {
      const inSteps = initialState();
      for (const event of events) {
        for (const draw of [...draws.take(3)].sort()) advance(inSteps, inSteps.at + Math.floor(draw * (event.at - inSteps.at)));
        evolve(inSteps, event);
        advance(inSteps, event.at);
      }
      const end = inSteps.at + 100;
      const atOnce = fold(events);
      assert.equal(digest(inSteps), digest(atOnce), 'at the last event');
      for (let moment = inSteps.at; moment <= end; moment += 7) advance(inSteps, moment);
      advance(inSteps, end);
      advance(atOnce, end);
      assert.equal(digest(inSteps), digest(atOnce), 'a while later');
    }));

  it('leaves no deadline that is due', () =>
    holds(scenario, ({ events }) => {
      const state = initialState();
      for (const event of events) {
        evolve(state, event);
        assert.ok((earliestDeadline(state.deadlines)?.at ?? Number.POSITIVE_INFINITY) > state.at);
      }
    }));

  it('names every service whose answer it changed, and so does the passing of time', () =>
    holds(scenario, ({ events }) => {
      const state = initialState();
      const step = (work: () => readonly string[]) => {
        const before = services.map((service) => textOf(state, service));
        const named = work();
        for (const [index, service] of services.entries()) {
          if (textOf(state, service) !== before[index]) assert.ok(named.includes(service), `${service} changed unnamed`);
        }
      };
      for (const event of events) {
        step(() => advance(state, event.at));
        step(() => evolve(state, event));
      }
      step(() => advance(state, state.at + 86_400_000));
    }));
});

describe('answers', () => {
  it('do not depend on the order in which maps were filled', () =>
    holds(scenario, ({ events }) => {
      const state = fold(events);
      const { deadlines, configuration, ...folds } = state;
      const turned: State = { ...turnedRound(folds), deadlines, configuration };
      assert.equal(digest(turned), digest(state));
      for (const service of services) assert.deepEqual(answerOf(turned, service), answerOf(state, service));
      assert.equal(answersDigest(turned), answersDigest(state));
    }));

  it('are what a preview said that they would be, and a preview changes nothing', () =>
    holds(fc.tuple(scenario, whatIf), ([{ events }, happening]) => {
      const state = fold(events);
      const facts = happening(state.at);
      const before = digest(state);
      const changes = new Map(preview(state, facts).map((change) => [change.service, change]));
      assert.equal(digest(state), before);
      const answersBefore = services.map((service) => answerOf(state, service));
      for (const event of numbered(at(state.at, ...facts))) evolve(state, { ...event, position: state.position + 1 });
      for (const [index, service] of services.entries()) {
        const change = changes.get(service) ?? { before: answersBefore[index], after: answersBefore[index] };
        assert.deepEqual(change.before, answersBefore[index]);
        assert.deepEqual(change.after, answerOf(state, service));
      }
    }));
});

/** The events as a log in memory gives them back: encoded, chained, decoded. */
async function throughLog({ moments }: Scenario): Promise<Event[]> {
  const log = openMemoryLog({ node: 'test' });
  for (const { at, facts } of moments) {
    if (facts.length > 0) await log.append(facts, at, { sync: true });
  }
  const events: Event[] = [];
  for await (const batch of log.read()) events.push(...batch.events);
  return events;
}

function throughLine(event: Event): Event {
  const line = readLine(eventToLine(event));
  assert.ok('event' in line, JSON.stringify(line));
  return line.event;
}
