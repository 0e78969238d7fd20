/**
 * Keeps what answers owe to the past: who was fit last, who holds a failover service, and when the answer will change by
 * itself. For a service whose domain asks for none of it, the present moment says everything.
 */
import type { Domain } from '../events/catalogue/configuration.ts';
import { durationMs } from '../events/duration.ts';
import { answerOf, type Candidate, type ServiceAnswer } from './answers.ts';
import { lastResortOf } from './configuration.ts';
import { setDeadline } from './deadlines.ts';
import { type Family, families } from './routing/family.ts';
import { nextStepAt, rampMsOf } from './slow-start.ts';
import type { Standing } from './standing.ts';
import type { State } from './state.ts';

/** Brings the standing of a service up to the moment that the state stands at. To be called after whatever may have changed its answer. */
export function updateStanding(state: State, service: string): void {
  const domain = state.configuration?.domains.get(service);
  const answer = domain !== undefined && needsStanding(state, domain) ? answerOf(state, service) : undefined;
  if (domain === undefined || answer === undefined) {
    if (state.standings.delete(service)) setDeadline(state.deadlines, 'answer-due', service, null);
    return;
  }
  const before = state.standings.get(service);
  const held = { A: hold('A', answer, domain, before, state.at), AAAA: hold('AAAA', answer, domain, before, state.at) };
  const dueAt = earliest([
    ...families.map((family) => held[family].dueAt),
    ...answer.candidates.map((candidate) => rampDue(domain, candidate, state.at)),
  ]);
  state.standings.set(service, {
    lastFit: { A: lastFit('A', answer, before), AAAA: lastFit('AAAA', answer, before) },
    holder: { A: held.A.holder, AAAA: held.AAAA.holder },
    dueAt,
  });
  setDeadline(state.deadlines, 'answer-due', service, dueAt);
}

function needsStanding(state: State, domain: Domain): boolean {
  const { configuration } = state.configuration as NonNullable<State['configuration']>;
  return lastResortOf(configuration, domain) === 'last_healthy' || stays(domain) || rampMsOf(domain) > 0;
}

function stays({ routing_algorithm: algorithm, failback }: Domain): boolean {
  return algorithm === 'failover' && failback !== 'auto';
}

function lastFit(family: Family, { candidates }: ServiceAnswer, before: Standing | undefined): readonly string[] {
  const fit = candidates.filter((candidate) => candidate.family === family && candidate.tier === 'fit');
  return fit.length > 0 ? fit.map(({ address }) => address) : (before?.lastFit[family] ?? []);
}

interface Hold {
  readonly holder: string | null;
  readonly dueAt: number | null;
}

/**
 * Who holds a failover service. `better` are the candidates that answer and stand before the holder in order.
 *
 *     holder answers   better                  failback   holder then
 *     no               -                       any        the first that answers, or none
 *     yes              none                    any        stays
 *     yes              some                    auto       the first
 *     yes              some                    manual     stays, until it fails, drains or is overridden
 *     yes              some, long enough       delay      the first of those
 *     yes              some, not long enough   delay      stays; due when the earliest of them is
 */
function hold(family: Family, { candidates }: ServiceAnswer, domain: Domain, before: Standing | undefined, at: number): Hold {
  if (!stays(domain)) return { holder: null, dueAt: null };
  // In the order of the configuration: the candidates, unlike the wheel, are not led by the holder.
  const answering = candidates.filter((candidate) => candidate.family === family && candidate.answers);
  const place = answering.findIndex(({ address }) => address === before?.holder[family]);
  if (place <= 0) return { holder: answering[0]?.address ?? null, dueAt: null };
  const holder = (answering[place] as Candidate).address;
  if (domain.failback === 'manual') return { holder, dueAt: null };
  const delayMs = durationMs(domain.failback_delay);
  const better = answering.slice(0, place);
  const next = better.find(({ since }) => since + delayMs <= at);
  if (next === undefined) return { holder, dueAt: earliest(better.map(({ since }) => since + delayMs)) };
  const others = answering.slice(0, answering.indexOf(next));
  return { holder: next.address, dueAt: earliest(others.map(({ since }) => since + delayMs)) };
}

function rampDue(domain: Domain, { tier, since }: Candidate, at: number): number | null {
  return tier === 'fit' ? nextStepAt(rampMsOf(domain), since, at) : null;
}

function earliest(moments: readonly (number | null)[]): number | null {
  return moments.reduce((least, moment) => (moment !== null && (least === null || moment < least) ? moment : least), null);
}
