/**
 * What DNS was asked, what it said, how long that took, and whom clients were sent to. All of it is counted where queries
 * are answered, in memory that is read here when somebody asks. Clients choose the names that they ask for, so only
 * configured names become labels.
 */
import type { Configuration } from '../../events/catalogue/configuration.ts';
import { serversOf } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import type { DnsNumbers } from '../dns/numbers.ts';
import { durationBuckets } from '../dns/workers/reader-counts.ts';
import type { Exposition, Sample } from './exposition.ts';
import { createTally } from './tally.ts';

export interface DnsMetrics {
  /** Takes the names that are labels from now on. */
  configure(configuration: Configuration): void;
  /** Drops the counts of servers that are gone. */
  forget(state: State): void;
}

/** The label of every name that is not configured. */
const otherNames = 'other';

export function dnsMetrics(exposition: Exposition, dns: DnsNumbers): DnsMetrics {
  const decisions = createTally();
  const byPlace = createTally();
  const fallbacks = createTally();
  let domains: ReadonlySet<string> = new Set();

  exposition.counter({ name: 'dns_queries_total', help: 'Queries that were answered.', labels: ['domain', 'type', 'status'] }, () =>
    dns.queries().flatMap(({ service = otherNames, type, rcode, count }): Sample[] => {
      const isLabel = service === otherNames || domains.has(service);
      return isLabel ? [[count, service, type, rcode]] : [];
    }),
  );
  exposition.counter({ name: 'dns_refused_total', help: 'Queries that were answered with REFUSED.' }, () => {
    const refused = dns.queries().filter(({ rcode }) => rcode === 'REFUSED');
    return [[refused.reduce((sum, { count }) => sum + count, 0)]];
  });
  exposition.counter(
    { name: 'dns_dropped_total', help: 'Packets and connections that got no answer.', labels: ['transport', 'reason'] },
    () => dns.dropped().map(({ count, transport, reason }) => [count, transport, reason]),
  );
  exposition.counter({ name: 'dns_failures_total', help: 'Queries on which answering itself failed.' }, () => [[dns.failed()]]);
  exposition.counter({ name: 'dns_socket_errors_total', help: 'Errors of the DNS sockets.' }, () => [[dns.socketFailed()]]);
  exposition.counter(
    {
      name: 'routing_decisions_total',
      help: 'How often an address was in an answer that was chosen.',
      labels: ['domain', 'algorithm', 'server'],
    },
    () => {
      collectDecisions();
      return decisions.samples();
    },
  );
  exposition.counter(
    {
      name: 'routing_geo_decisions_total',
      help: 'Answers that were chosen for a client because of the region that it is in.',
      labels: ['domain', 'region'],
    },
    () => {
      collectDecisions();
      return byPlace.samples();
    },
  );
  exposition.counter(
    {
      name: 'routing_geo_fallback_total',
      help: 'Answers for everybody that were chosen where clients are told apart: their region has none of its own, or is not known.',
      labels: ['domain'],
    },
    () => {
      collectDecisions();
      return fallbacks.samples();
    },
  );
  exposition.countedHistogram(
    {
      name: 'dns_query_duration_seconds',
      help: 'From a query to its reply, without the sockets; each by the mean of its batch.',
      labels: ['status'],
      buckets: durationBuckets,
    },
    () => dns.durations().map(({ rcode, replies, seconds }) => ({ labels: [rcode], counts: replies, sum: seconds })),
  );
  threadMetrics(exposition, dns);

  function collectDecisions(): void {
    dns.collectDecisions(({ service, algorithm, addresses, place }, count) => {
      for (const address of addresses) decisions.addMany(count, service, algorithm, address);
      if (place === null) fallbacks.addMany(count, service);
      else if (place !== undefined) byPlace.addMany(count, service, place);
    });
  }

  return {
    configure(configuration) {
      domains = new Set(configuration.domains.map(({ name }) => name));
    },
    forget({ registry, configuration }) {
      collectDecisions();
      const addresses = new Map(
        Array.from(registry.keys(), (service) => [service, new Set(Array.from(serversOf(registry, service), ({ address }) => address))]),
      );
      const regions = new Set(configuration?.configuration.regions.map(({ name }) => name));
      byPlace.keepWhere(([domain = '', region = '']) => domains.has(domain) && regions.has(region));
      fallbacks.keepWhere(([domain = '']) => domains.has(domain));
      decisions.keepWhere(([domain = '', , server = '']) => domains.has(domain) && addresses.get(domain)?.has(server) === true);
    },
  };
}

/** The threads that answer UDP, and the table that they answer from. */
function threadMetrics(exposition: Exposition, dns: DnsNumbers): void {
  const byThread = (numbers: readonly number[]): Sample[] => numbers.map((number, thread) => [number, String(thread)]);
  exposition.gauge({ name: 'dns_threads', help: 'Threads that answer UDP at this moment.', labels: ['kind'] }, () => {
    const { kind, serving } = dns.threads();
    return kind === undefined ? [] : [[serving, kind]];
  });
  exposition.counter({ name: 'dns_thread_deaths_total', help: 'Threads that died and were replaced.' }, () => [[dns.threads().deaths]]);
  exposition.counter({ name: 'dns_thread_received_total', help: 'Datagrams that came to a thread.', labels: ['thread'] }, () =>
    byThread(dns.threads().received),
  );
  exposition.counter({ name: 'dns_thread_batches_total', help: 'Batches in which they came.', labels: ['thread'] }, () =>
    byThread(dns.threads().batches),
  );
  exposition.counter({ name: 'dns_query_log_dropped_total', help: 'Sampled queries that were not logged: too many waited.' }, () => [
    [dns.threads().samplesDropped],
  ]);
  exposition.gauge({ name: 'dns_table_names', help: 'Names in the table.' }, () => [[dns.table().names]]);
  exposition.gauge({ name: 'dns_table_bytes', help: 'Memory of the table.' }, () => [[dns.table().bytes]]);
  exposition.gauge({ name: 'dns_table_publication', help: 'The number of the last publication.' }, () => [[dns.table().publication]]);
}
