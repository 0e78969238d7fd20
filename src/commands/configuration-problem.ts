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

interface Keyed {
  readonly key: string;
  readonly path: ConfigurationPath;
}

/** Each entry whose key another one before it has. */
export function* repeated(entries: Iterable<Keyed>): Iterable<{ readonly entry: Keyed; readonly first: Keyed }> {
  const seen = new Map<string, Keyed>();
  for (const entry of entries) {
    const first = seen.get(entry.key);
    if (first === undefined) seen.set(entry.key, entry);
    else yield { entry, first };
  }
}
