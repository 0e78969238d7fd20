/** What does not fit in a configuration: where, what, and what would be right. */
import type { Configuration } from '../events/catalogue/configuration.ts';

export type ConfigurationPath = readonly (string | number)[];

export interface ConfigurationProblem {
  readonly path: ConfigurationPath;
  readonly message: string;
  readonly remedy?: string;
  /** A warning is told; an error refuses. */
  readonly severity: 'error' | 'warning';
  /** The other place that has part in it. */
  readonly related?: ConfigurationPath;
}

export type ConfigurationRule = (configuration: Configuration) => Iterable<ConfigurationProblem>;

export function error(path: ConfigurationPath, message: string, remedy: string, related?: ConfigurationPath): ConfigurationProblem {
  return { path, message, remedy, severity: 'error', ...(related !== undefined && { related }) };
}

export function warning(path: ConfigurationPath, message: string, remedy: string, related?: ConfigurationPath): ConfigurationProblem {
  return { path, message, remedy, severity: 'warning', ...(related !== undefined && { related }) };
}
