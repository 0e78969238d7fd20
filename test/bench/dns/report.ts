/** The table at the end, and the goals beside what was measured. A goal that could not be measured is open, and says why. */
import { type Case, cases, type ServerName } from './cases.ts';
import { type Latency, mostLoaded } from './latency.ts';
import { median, type Place, type Results } from './results.ts';

export interface Measurements {
  readonly results: Results;
  readonly latency: Latency | undefined;
  /** Resident, of the overwatch with 100,000 names. */
  readonly rssMiB: number | undefined;
  /** Why a case, or a server in all of them, was left out. */
  readonly leftOut: ReadonlyMap<string, string>;
}

const column = (value: number | undefined, digits: number, width: number) => (value?.toFixed(digits) ?? '').padStart(width);

function row(one: Case, server: ServerName, results: Results): string | undefined {
  const rounds = results.of(one.id, server);
  if (rounds.length === 0) return undefined;
  const here: Place = [one.id, server];
  const ownOnly = server === 'overwatch' && one.baseline !== undefined;
  const bytes = rounds[0]?.bytesEach;
  return [
    server.padEnd(11),
    column(median(rounds.map(({ usEach }) => usEach)), 2, 8),
    column(median(rounds.map(({ perSecond }) => perSecond)), 0, 10),
    column(100 * (median(rounds.map(({ busy }) => busy)) ?? 0), 0, 6),
    column(bytes, 0, 7),
    column(server === 'floor' ? undefined : results.ratio(here, [one.id, 'floor']), 3, 10),
    column(server === 'overwatch' ? undefined : results.ratio(here, [one.id, 'overwatch']), 3, 9),
    ownOnly ? `${column(results.ratio(here, [one.baseline, 'overwatch']), 3, 8)} of ${one.baseline}` : '',
  ].join('');
}

export function tableText({ results, leftOut }: Measurements): string {
  const head = `  ${'case'.padEnd(21)}${'server'.padEnd(11)}  µs CPU   replies/s  busy%  bytes  of floor  of ours  to another case`;
  const lines = cases.flatMap((one) => {
    const reason = leftOut.get(one.id);
    if (reason !== undefined) return [`  ${one.id.padEnd(21)}left out: ${reason}`];
    return one.servers.flatMap((server) => {
      const text = row(one, server, results);
      return text === undefined ? [] : [`  ${one.id.padEnd(21)}${text}`.trimEnd()];
    });
  });
  return [head, ...lines].join('\n');
}

interface Goal {
  readonly what: string;
  readonly most: number;
  readonly value: (measured: Measurements) => number | undefined;
  /** The case without which it is open. */
  readonly from: string;
}

const ours = (id: string): Place => [id, 'overwatch'];
const ratioOf =
  (one: Place, other: Place): Goal['value'] =>
  ({ results }) =>
    results.ratio(one, other);

const plain = ours('plain-10');
const goals: readonly Goal[] = [
  { what: 'plain, of the floor', most: 1.15, from: 'plain-10', value: ratioOf(plain, ['plain-10', 'floor']) },
  { what: 'plain, of NSD', most: 1, from: 'nsd', value: ratioOf(plain, ['plain-10', 'nsd']) },
  { what: 'plain, of Knot', most: 1, from: 'knotd', value: ratioOf(plain, ['plain-10', 'knotd']) },
  {
    ...{ what: 'above the floor, µs (our own share, calls included)', most: 0.6, from: 'plain-10' },
    value: ({ results }) => results.difference(plain, ['plain-10', 'floor']),
  },
  { what: 'signed, of plain', most: 1.25, from: 'signed', value: ratioOf(ours('signed'), ours('plain-1000')) },
  {
    ...{ what: 'no such name, signed, of plain', most: 1.6, from: 'no-such-name-signed' },
    value: ratioOf(ours('no-such-name-signed'), ours('plain-1000')),
  },
  { what: '100,000 names by Zipf, of 10 names', most: 1.1, from: 'zipf-100000', value: ratioOf(ours('zipf-100000'), plain) },
  { what: '100,000 names uniformly, of 10 names', most: 1.25, from: 'uniform-100000', value: ratioOf(ours('uniform-100000'), plain) },
  { what: 'two workers, of one', most: 1.15, from: 'two-workers', value: ratioOf(ours('two-workers'), ours('sixteen-clients')) },
  {
    what: 'from an event to the changed answer, p99 in ms',
    most: 2,
    from: 'latency',
    value: ({ latency }) => latency && mostLoaded(latency).claims.p99Ms,
  },
  { what: '100,000 names with 3 servers each: MiB resident', most: 400, from: 'uniform-100000', value: ({ rssMiB }) => rssMiB },
];

export function goalsText(measured: Measurements): string {
  const lines = goals.map((goal) => {
    const value = goal.value(measured);
    const verdict = value === undefined ? 'open' : value <= goal.most ? 'met' : 'not met';
    const why = value === undefined ? (measured.leftOut.get(goal.from) ?? 'not measured this time') : '';
    return `  ${verdict.padEnd(9)}${goal.what.padEnd(54)} goal ${String(goal.most).padStart(5)}  ${column(value, value !== undefined && value >= 10 ? 0 : 3, 7)}${why}`.trimEnd();
  });
  return lines.join('\n');
}
