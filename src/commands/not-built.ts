/**
 * Settings that the schema knows and no code obeys yet. They are refused: a failover that ignores `failback: manual`
 * would be a surprise at the worst moment. A row goes when its feature comes.
 */
import type { Configuration, Domain } from '../events/catalogue/configuration.ts';
import { durationMs } from '../events/duration.ts';
import { algorithms } from '../projections/routing/algorithms.ts';
import { type ConfigurationProblem, error } from './configuration-problem.ts';

interface Row {
  readonly field: keyof Domain;
  readonly asked: (domain: Domain) => boolean;
  readonly remedy: string;
}

const domainRows: readonly Row[] = [
  {
    field: 'routing_algorithm',
    asked: ({ routing_algorithm: algorithm }) => algorithms[algorithm] === undefined,
    remedy: `use one of ${Object.keys(algorithms).join(', ')}`,
  },
  { field: 'failback', asked: ({ failback }) => failback !== 'auto', remedy: 'use auto, or leave it out' },
  { field: 'slow_start', asked: ({ slow_start: ramp }) => durationMs(ramp) > 0, remedy: 'use 0s, or leave it out' },
  {
    field: 'when_all_unhealthy',
    asked: ({ when_all_unhealthy: lastResort }) => lastResort === 'last_healthy',
    remedy: 'use servfail or all',
  },
];

export function* notBuiltProblems({ domains, dns }: Configuration): Iterable<ConfigurationProblem> {
  for (const [index, domain] of domains.entries()) {
    for (const { field, asked, remedy } of domainRows) {
      if (asked(domain)) yield notBuilt(['domains', index, field], String(domain[field]), remedy);
    }
  }
  if (dns.return_last_healthy)
    yield notBuilt(['dns', 'return_last_healthy'], 'true', 'use false, and when_all_unhealthy: all where that helps');
}

function notBuilt(path: ConfigurationProblem['path'], value: string, remedy: string): ConfigurationProblem {
  return error(path, `${value} is not built yet`, remedy);
}
