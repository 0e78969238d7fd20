/**
 * Signals of trouble to come. They flip nothing: they move the weight of all that an agent speaks for, a tenth at a
 * time, down over `bleed_duration` while any signal is bad, and up again over as long when none is.
 *
 *     signal was   value now                              is
 *     good         below `threshold`, or not measured     good
 *     good         at `threshold` or above                bad
 *     bad          above `leave`                          bad
 *     bad          at `leave` or below, or not measured   good
 *
 *     any signal bad   agent stale   the weight
 *     yes              no            sinks, by the fastest of the bad signals; at 0 it counts as draining
 *     yes              yes           rises: what a silent agent measured is void, and silence is never a drain
 *     no               any           rises, as fast as it sank
 *
 * The first tenth goes a step after the turn, so one bad measurement alone moves nothing.
 */
import type { PredictivePolicy, Signals } from '../events/catalogue/heartbeats.ts';
import { type Deadlines, setDeadline } from './deadlines.ts';

const tenthsInAll = 10;
const signalNames = ['cpu', 'memory', 'errorRate'] as const;
export type SignalName = (typeof signalNames)[number];

export interface Bleed {
  /** Tenths of the weight that are left. */
  readonly tenths: number;
  /** The signals that are bad. */
  readonly bad: readonly SignalName[];
  readonly sinks: boolean;
  /** From one tenth to the next; 0: all at once. */
  readonly stepMs: number;
  /** null: no step is to come. */
  readonly nextAt: number | null;
  /** Since when it sinks or rises, and the event that says so. */
  readonly since: number;
  readonly position: number;
}

/** agent -> bleed. One whose weights are whole and whose signals are good has no entry. */
export type Bleeds = Map<string, Bleed>;

export interface Measurement {
  readonly signals: Signals | undefined;
  readonly policy: PredictivePolicy | undefined;
  readonly stale: boolean;
  readonly at: number;
  /** null: nothing was said; time passed, or the node started. */
  readonly position: number | null;
}

/** Whether the weight changed at once. */
export function evolveBleed(bleeds: Bleeds, deadlines: Deadlines, agent: string, measurement: Measurement): boolean {
  const { signals, policy, stale, at } = measurement;
  const known = bleeds.get(agent);
  const bad = badSignals(known?.bad ?? [], signals, policy);
  if (known === undefined && bad.length === 0) return false;
  const sinks = bad.length > 0 && !stale;
  const stepMs = bad.length > 0 && policy !== undefined ? stepMsOf(bad, policy) : (known?.stepMs ?? 0);
  const turns = known === undefined || known.sinks !== sinks;
  const before = known?.tenths ?? tenthsInAll;
  const tenths = stepMs === 0 ? (sinks ? 0 : tenthsInAll) : before;
  const isAtEnd = tenths === (sinks ? 0 : tenthsInAll);
  keep(bleeds, deadlines, agent, {
    ...{ tenths, bad, sinks, stepMs },
    nextAt: isAtEnd ? null : turns ? at + stepMs : (known.nextAt ?? at + stepMs),
    since: turns ? at : known.since,
    position: turns ? (measurement.position ?? known?.position ?? 0) : known.position,
  });
  return tenths !== before;
}

/** The deadline `bleed-step` fired. */
export function stepBleed(bleeds: Bleeds, deadlines: Deadlines, agent: string, at: number): void {
  const bleed = bleeds.get(agent);
  if (bleed === undefined) return;
  const tenths = Math.min(tenthsInAll, Math.max(0, bleed.tenths + (bleed.sinks ? -1 : 1)));
  const isAtEnd = tenths === (bleed.sinks ? 0 : tenthsInAll);
  keep(bleeds, deadlines, agent, { ...bleed, tenths, nextAt: isAtEnd ? null : at + Math.max(1, bleed.stepMs) });
}

export function forgetBleed(bleeds: Bleeds, deadlines: Deadlines, agent: string): void {
  bleeds.delete(agent);
  setDeadline(deadlines, 'bleed-step', agent, null);
}

function keep(bleeds: Bleeds, deadlines: Deadlines, agent: string, bleed: Bleed): void {
  if (bleed.tenths === tenthsInAll && bleed.bad.length === 0) bleeds.delete(agent);
  else bleeds.set(agent, bleed);
  setDeadline(deadlines, 'bleed-step', agent, bleed.nextAt);
}

/** The first truth table above; without new signals all stays, and without a policy none is bad. */
function badSignals(
  before: readonly SignalName[],
  signals: Signals | undefined,
  policy: PredictivePolicy | undefined,
): readonly SignalName[] {
  if (policy === undefined) return [];
  if (signals === undefined) return before;
  return signalNames.filter((name) => {
    const value = signals[name];
    if (value === null) return false;
    return before.includes(name) ? value > policy[name].leave : value >= policy[name].threshold;
  });
}

function stepMsOf(bad: readonly SignalName[], policy: PredictivePolicy): number {
  return Math.ceil(Math.min(...bad.map((name) => policy[name].bleedMs)) / tenthsInAll);
}

/** What is left of a weight; at least 1 while any of it is. */
export function bledWeight(weight: number, tenths: number): number {
  return tenths === 0 || weight === 0 ? 0 : Math.max(1, Math.floor((weight * tenths) / tenthsInAll));
}

export function tenthsOf(bleeds: Bleeds, agent: string | undefined): number {
  return (agent === undefined ? undefined : bleeds.get(agent)?.tenths) ?? tenthsInAll;
}

const signalWords: Readonly<Record<SignalName, string>> = { cpu: 'cpu', memory: 'memory', errorRate: 'error rate' };

/** What moves the weight, in words. */
export function bleedSentence({ tenths, bad, sinks }: Bleed): string {
  const what = bad.length === 0 ? 'signals of trouble are gone' : `trouble with ${bad.map((name) => signalWords[name]).join(' and ')}`;
  return `${tenths} tenths of its weight, ${sinks ? 'sinking' : 'rising'}: ${what}`;
}
