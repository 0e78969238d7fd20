/**
 * From files to a configuration that can be worked by, or to everything that is wrong with them. Three looks, each at
 * what passed the one before: can the files be read, does every value fit the schema, do the values fit each other.
 */
import { configurationProblems } from '../../commands/configuration-problems.ts';
import { type Configuration, configuration as configurationSchema, redactedSecret } from '../../events/catalogue/configuration.ts';
import type { Environment } from './environment.ts';
import { formatPlace, formatProblem, type Problem, pathText, problemList } from './problem.ts';
import { readSources } from './read-sources.ts';
import { parseTree } from './schema-problems.ts';
import { secretPlaces } from './secret-places.ts';
import { type MapTree, placeAt, plainValue } from './tree.ts';

export interface ReadConfigurationOptions {
  readonly path: string;
  /** Goes before the file's `mode`. */
  readonly mode?: Configuration['mode'];
  /** For `${NAME}`. */
  readonly environment: Environment;
  /** Whether values that do not fit each other are problems. Default: they are; a node never starts without. */
  readonly mustFit?: boolean;
}

export interface ReadConfiguration {
  /** Defaults filled in, secrets in plain text: see `withoutSecrets`. */
  readonly configuration: Configuration;
  /** Every file that it came from, the main one first. */
  readonly files: readonly string[];
  /** What is allowed but is probably not meant, each one line with its place. */
  readonly warnings: readonly string[];
}

/**
 * Throws a `ConfigurationError` that holds all that is wrong. Where nothing is, nobody asks where: places take most of the time
 * and the memory of reading, so the first look does without.
 */
export function readConfiguration(options: ReadConfigurationOptions): ReadConfiguration {
  return readWithoutPlaces(options) ?? readWithPlaces(options);
}

/** Undefined where there is anything to say. */
function readWithoutPlaces({ path, mode, environment }: ReadConfigurationOptions): ReadConfiguration | undefined {
  let isSilent = true;
  const report = () => {
    isSilent = false;
  };
  const { tree, files } = readSources({ path, environment, report, warn: report, withPlaces: false });
  if (tree === undefined || !isSilent) return undefined;
  const written = plainValue(tree) as object;
  const parsed = parseTree(configurationSchema, tree, mode === undefined ? written : { ...written, mode });
  if ('problems' in parsed) return undefined;
  refuseDigests(tree, written, report);
  if (!isSilent || configurationProblems(parsed.value).length > 0) return undefined;
  return { configuration: parsed.value, files, warnings: [] };
}

function readWithPlaces({ path, mode, environment, mustFit = true }: ReadConfigurationOptions): ReadConfiguration {
  const problems = problemList();
  const warnings: string[] = [];
  const warn = (problem: Problem) => warnings.push(formatProblem(problem));
  const { tree, files } = readSources({ path, environment, report: problems.report, warn, withPlaces: true });
  if (tree === undefined) return problems.fail();

  const written = plainValue(tree) as object;
  const parsed = parseTree(configurationSchema, tree, mode === undefined ? written : { ...written, mode });
  if ('problems' in parsed) {
    // What could not be filled in or read has been said already, and would only be said again.
    const said = problems.places();
    for (const problem of parsed.problems) if (!said.has(formatPlace(problem))) problems.report(problem);
    return problems.fail();
  }
  refuseDigests(tree, written, problems.report);
  for (const { problem, severity } of crossProblems(parsed.value, tree)) {
    if (severity === 'error' && mustFit) problems.report(problem);
    else warn(problem);
  }
  problems.failIfAny();
  return { configuration: parsed.value, files, warnings };
}

function crossProblems(configuration: Configuration, tree: MapTree): readonly { problem: Problem; severity: 'error' | 'warning' }[] {
  return configurationProblems(configuration).map(({ path, message, remedy, severity, related }) => {
    const other = related === undefined ? '' : `; the other is at ${formatPlace(placeAt(tree, related))}`;
    const problem = { ...placeAt(tree, path), path: pathText(path), message: `${message}${other}` };
    return { problem: remedy === undefined ? problem : { ...problem, remedy }, severity };
  });
}

/** Copied from an export or from the API: what stands there then is not the secret, and nothing would ever match it. */
function refuseDigests(tree: MapTree, plain: object, report: (problem: Problem) => void): void {
  for (const path of secretPlaces(plain)) {
    const text = path.reduce<unknown>((value, step) => Reflect.get(value as object, step), plain);
    if (!redactedSecret.test(String(text))) continue;
    const remedy = 'write the secret itself, or take it from a variable';
    report({
      ...placeAt(tree, path),
      path: pathText(path),
      message: 'is the digest of a secret, as exports show it, not the secret',
      remedy,
    });
  }
}
