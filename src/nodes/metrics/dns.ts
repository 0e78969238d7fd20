/**
 * What DNS was asked, what it said, how long that took, and whom clients were sent to. Every query is measured, from
 * its bytes to the reply's: two looks at a monotonic clock and three counts, 1.3 microseconds beside the twenty that
 * the answer takes. Clients choose the names that they ask for, so only configured names become labels.
 */
import type { Configuration } from '../../events/catalogue/configuration.ts';
import type { State } from '../../projections/state.ts';
import type { Respond } from '../dns/answering.ts';
import { type Rcode, typeLabel } from '../dns/codes.ts';
import type { DnsTally } from '../dns/counts.ts';
import { type Name, nameOf } from '../dns/names.ts';
import type { Exposition } from './exposition.ts';
import { createTally } from './tally.ts';

export interface DnsMetrics {
  /** The same answers, measured. */
  measured(respond: Respond): Respond;
  /** Takes the names that are labels from now on. */
  configure(configuration: Configuration): void;
  /** Drops the counts of names that are labels no more, and of servers that are gone. */
  forget(state: State): void;
}

/** The label of every name that is not configured. */
const otherNames = 'other';
const secondsPerMs = 1e-3;

/** `read` is the server's own count of what it did not answer. */
export function dnsMetrics(exposition: Exposition, read: () => DnsTally): DnsMetrics {
  const queries = createTally();
  const decisions = createTally();
  let domains: ReadonlyMap<Name, string> = new Map();

  exposition.counter(
    { name: 'dns_queries_total', help: 'Queries that were answered.', labels: ['domain', 'type', 'status'] },
    queries.samples,
  );
  exposition.counter({ name: 'dns_refused_total', help: 'Queries that were answered with REFUSED.' }, () => {
    const refused = queries.samples().filter(([, , , status]) => status === 'REFUSED');
    return [[refused.reduce((sum, [count]) => sum + count, 0)]];
  });
  exposition.counter(
    { name: 'dns_dropped_total', help: 'Packets and connections that got no answer.', labels: ['transport', 'reason'] },
    () => read().dropped.map(({ count, transport, reason }) => [count, transport, reason]),
  );
  exposition.counter({ name: 'dns_failures_total', help: 'Queries on which the responder itself failed.' }, () => [[read().failed]]);
  exposition.counter({ name: 'dns_socket_errors_total', help: 'Errors of the DNS sockets.' }, () => [[read().socketFailed]]);
  exposition.counter(
    {
      name: 'routing_decisions_total',
      help: 'How often an address was in an answer that was chosen.',
      labels: ['domain', 'algorithm', 'server'],
    },
    decisions.samples,
  );
  const durations = exposition.histogram({
    name: 'dns_query_duration_seconds',
    help: 'From a query to its reply, without the sockets.',
    labels: ['status'],
    buckets: [0.00001, 0.000025, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1],
  });
  const durationOf = new Map<Rcode, (seconds: number) => void>();

  function count(name: Name | undefined, type: number | undefined, status: Rcode, startedAt: number): void {
    let duration = durationOf.get(status);
    if (duration === undefined) durationOf.set(status, (duration = durations.under(status)));
    duration((performance.now() - startedAt) * secondsPerMs);
    const domain = name === undefined ? undefined : domains.get(name);
    queries.add(domain ?? otherNames, typeLabel(type), status);
  }

  return {
    measured: (respond) => (packet, client) => {
      const startedAt = performance.now();
      try {
        const outcome = respond(packet, client);
        if (outcome.reply === null) return outcome;
        count(outcome.name, outcome.type, outcome.rcode, startedAt);
        const { decision } = outcome;
        if (decision !== undefined) {
          for (const address of decision.addresses) decisions.add(decision.service, decision.algorithm, address);
        }
        return outcome;
      } catch (error) {
        // Whoever called answers with SERVFAIL.
        count(undefined, undefined, 'SERVFAIL', startedAt);
        throw error;
      }
    },
    configure(configuration) {
      domains = new Map(configuration.domains.map(({ name }) => [nameOf(name) as Name, name]));
    },
    forget({ registry }) {
      const names = new Set([otherNames, ...domains.values()]);
      queries.keepWhere(([domain = '']) => names.has(domain));
      const addresses = new Map(
        [...registry].map(([service, servers]) => [service, new Set([...servers.values()].map(({ address }) => address))]),
      );
      decisions.keepWhere(([domain = '', , server = '']) => names.has(domain) && addresses.get(domain)?.has(server) === true);
    },
  };
}
