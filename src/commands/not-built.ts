/**
 * Settings that the schema knows and no code obeys yet. They are refused: a failover that ignores `failback: manual`
 * would be a surprise at the worst moment. A row goes when its feature comes.
 */
import type { Configuration, Domain } from '../events/catalogue/configuration.ts';
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
];

export function* notBuiltProblems({ domains }: Configuration): Iterable<ConfigurationProblem> {
  for (const [index, domain] of domains.entries()) {
    for (const { field, asked, remedy } of domainRows) {
      if (asked(domain)) yield notBuilt(['domains', index, field], String(domain[field]), remedy);
    }
  }
}

function notBuilt(path: ConfigurationProblem['path'], value: string, remedy: string): ConfigurationProblem {
  return error(path, `${value} is not built yet`, remedy);
}
