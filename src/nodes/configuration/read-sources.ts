/**
 * A main file and all that it includes, directly or not, as one tree. A pattern is relative to the folder of the file
 * that holds it; files come in the order of the list, those of one pattern sorted, each file once. A file that includes
 * itself, by whatever way round, is an error; two files that include a third are not.
 */
import { dirname } from 'node:path';
import type { Environment } from './environment.ts';
import { isPattern, matchFiles } from './glob.ts';
import { jsonTree } from './json-tree.ts';
import { configurationLimits } from './limits.ts';
import { mergeSources } from './merge-sources.ts';
import { type Place, pathText, printable, quoted, type Report } from './problem.ts';
import { mustBePrivate, secretPlaces } from './secret-places.ts';
import { type Complain, fileIdentity, readSourceFile } from './source-file.ts';
import { isEmpty, type MapTree, plainValue, type Tree, treeAt } from './tree.ts';
import { type YamlSource, yamlTree } from './yaml-tree.ts';

export interface Sources {
  /** Undefined where a file could not be read: then there is no use in looking further. */
  readonly tree: MapTree | undefined;
  /** Every file that was read, the main one first. */
  readonly files: readonly string[];
}

export interface SourcesOptions {
  readonly path: string;
  readonly environment: Environment;
  readonly report: Report;
  readonly warn: Report;
  /** Without, all that is said of a place is which file it is in. Default true. */
  readonly withPlaces?: boolean;
}

export function readSources({ path, environment, report, warn, withPlaces = true }: SourcesOptions): Sources {
  const files: string[] = [];
  const trees: MapTree[] = [];
  const seen = new Set<string>();
  let bytes = 0;
  let complete = true;

  /** `above`: the files that lead to this one, outermost first. `from`: where it is included. */
  const load = (file: string, above: readonly string[], from: Origin): void => {
    const identity = fileIdentity(file);
    if (seen.has(identity) && !above.includes(identity)) return;
    const objection = objectionTo(identity, above, seen);
    if (objection !== undefined) {
      report({ ...from, message: `${printable(file)} ${objection[0]}`, remedy: objection[1] });
      return;
    }
    seen.add(identity);
    files.push(file);
    const tree = read(file);
    if (tree === undefined) {
      complete = false;
      return;
    }
    trees.push(withoutIncludes(tree));
    for (const { pattern, origin } of includesOf(tree, report)) {
      for (const inner of matches(pattern, dirname(file), origin)) load(inner, [...above, identity], origin);
    }
  };

  const read = (file: string): MapTree | undefined => {
    const complain: Complain = (message, remedy, line = 1) => report({ file, line, column: 1, path: '', message, remedy });
    const source = readSourceFile(file, complain);
    if (source === undefined) return undefined;
    bytes += source.bytes;
    if (bytes > configurationLimits.totalBytesMax) {
      complain(`brings the configuration over ${configurationLimits.totalBytesMax / 1024 / 1024} MiB`, 'include less');
      return undefined;
    }
    const tree = treeOf({ text: source.text, file, environment, report, withPlaces });
    if (tree !== undefined && source.worldReadable) refuseOpenSecrets(tree, file, report);
    return tree;
  };

  const matches = (pattern: string, folder: string, from: Origin): readonly string[] => {
    const { files: found, givenUp } = matchFiles(pattern, folder);
    const at = { ...from, value: quoted(pattern) };
    if (givenUp) {
      const message = `this pattern looks at more than ${configurationLimits.globEntriesMax} files`;
      report({ ...at, message, remedy: 'name a folder that holds only configuration' });
    } else if (found.length === 0) {
      const note = isPattern(pattern) ? warn : report;
      note({ ...at, message: 'there is no such file', remedy: 'it is looked for from the folder of this file on' });
    }
    return found;
  };

  load(path, [], { file: path, line: 1, column: 1, path: '' });
  const [main, ...included] = trees;
  return { tree: main !== undefined && complete ? mergeSources(main, included, report) : undefined, files };
}

function treeOf(source: YamlSource): MapTree | undefined {
  return (source.withPlaces ? undefined : jsonTree(source)) ?? yamlTree(source);
}

/** What speaks against reading a file: that it is on the way to itself, or one of the limits. */
function objectionTo(
  identity: string,
  above: readonly string[],
  seen: ReadonlySet<string>,
): readonly [message: string, remedy: string] | undefined {
  const { includeDepthMax, filesMax } = configurationLimits;
  if (above.includes(identity)) {
    const way = [...above.slice(above.indexOf(identity)), identity].map(printable).join(' > ');
    return [`includes itself: ${way}`, 'take one of them out; a pattern should not match the file that holds it'];
  }
  if (above.length > includeDepthMax) return [`is included more than ${includeDepthMax} levels deep`, 'include it from a file further up'];
  if (seen.size > filesMax) return [`is one file more than the ${filesMax} that may be included`, 'join files'];
  return undefined;
}

function withoutIncludes(tree: MapTree): MapTree {
  return { ...tree, entries: new Map([...tree.entries].filter(([key]) => key !== 'includes')) };
}

/** Where a file is named. */
type Origin = Place & { readonly path: string };

interface Include {
  readonly pattern: string;
  readonly origin: Origin;
}

function includesOf(tree: MapTree, report: Report): readonly Include[] {
  const entry = tree.entries.get('includes');
  if (entry === undefined || isEmpty(entry.value)) return [];
  if (entry.value.kind !== 'list') {
    const message = 'expected a list of file names or patterns';
    report({ ...entry.keyPlace, path: 'includes', message, remedy: 'write each after a dash' });
    return [];
  }
  return entry.value.items.flatMap((item, index) => includeOf(item, `includes[${index}]`, report));
}

function includeOf(item: Tree, path: string, report: Report): readonly Include[] {
  const origin = { ...item.place, path };
  if (item.kind === 'scalar' && typeof item.value === 'string' && item.value !== '') return [{ pattern: item.value, origin }];
  report({ ...origin, message: 'expected a file name or a pattern such as regions/*.yaml' });
  return [];
}

/** A file that everybody may read must hold no secret; taking it from a variable is as good as closing the file. */
function refuseOpenSecrets(tree: MapTree, file: string, report: Report): void {
  for (const path of secretPlaces(plainValue(tree))) {
    const secret = treeAt(tree, path);
    if (!mustBePrivate(path)) continue;
    // Of what is plain nobody knows, so another look is needed.
    const place = secret?.place ?? tree.place;
    if (secret !== undefined && (secret.kind !== 'scalar' || !secret.literal)) continue;
    const message = 'is a secret in a file that every user of this machine may read';
    report({
      ...place,
      path: pathText(path),
      message,
      remedy: `chmod o-r ${printable(file)}, or take it from a variable, as in \${NAME}`,
    });
  }
}
