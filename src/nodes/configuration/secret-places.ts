/**
 * Where secrets stand in one given configuration: the catalogue's `secretPaths` with their `*` filled in. For what is
 * stored or shown every health check header counts as a secret; for the question who may read the file only those do
 * whose name says so, because `User-Agent` in a file that everybody may read harms nobody.
 */
import { secretPaths } from '../../events/catalogue/secret-paths.ts';
import type { Path } from './problem.ts';

/** Every path at which this configuration holds a secret. */
export function secretPlaces(configuration: unknown): readonly Path[] {
  return secretPaths.flatMap((pattern) => fill(pattern, configuration, []));
}

function fill(pattern: readonly string[], value: unknown, path: Path): readonly Path[] {
  const [step, ...rest] = pattern;
  if (step === undefined) return typeof value === 'string' ? [path] : [];
  if (typeof value !== 'object' || value === null) return [];
  const keys = step === '*' ? Object.keys(value) : Object.hasOwn(value, step) ? [step] : [];
  return keys.flatMap((key) => fill(rest, Reflect.get(value, key), [...path, Array.isArray(value) ? Number(key) : key]));
}

/** Whether a value at this path may hold a secret, or be one that was written a level too high or too low. */
export function mayHoldSecret(path: Path): boolean {
  return secretPaths.some((pattern) => pattern.every((step, index) => index >= path.length || step === '*' || step === path[index]));
}

const secretHeader = /auth|cookie|token|secret|passw|credential|api[-_]?key|session|signature/i;

/** Whether a secret in the file itself, at this path, must be kept from the machine's other users. */
export function mustBePrivate(path: Path): boolean {
  return path.at(-2) !== 'headers' || secretHeader.test(String(path.at(-1)));
}
