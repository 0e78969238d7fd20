/**
 * One tree out of a main file and what it includes. Only lists and maps that grow with the number of services may stand
 * in an included file; whatever there is one of belongs in the main file, so that no order of files decides about it.
 */
import { configuration } from '../../events/catalogue/configuration.ts';
import { knownKeys } from './known-keys.ts';
import { formatPlace, type Path, pathText, type Report } from './problem.ts';
import { fileKeys, unknownKeyWords } from './schema-problems.ts';
import { isEmpty, keyPlaceAt, type MapEntry, type MapTree, plainValue, type Tree, treeAt } from './tree.ts';

/** What an included file may hold: lists are joined, maps united. */
const mergeable: readonly { readonly path: readonly string[]; readonly kind: 'list' | 'map' }[] = [
  { path: ['regions'], kind: 'list' },
  { path: ['domains'], kind: 'list' },
  { path: ['overwatch', 'agent_tokens'], kind: 'map' },
  { path: ['overwatch', 'geolocation', 'custom_mappings'], kind: 'list' },
  { path: ['agent', 'backends'], kind: 'list' },
];

/** The main tree with the included ones behind it, in the order in which they were included. */
export function mergeSources(main: MapTree, included: readonly MapTree[], report: Report): MapTree {
  let merged = main;
  for (const tree of included) {
    refuseOtherKeys(tree, [], tree, report);
    for (const { path, kind } of mergeable) {
      const more = treeAt(tree, path);
      if (more === undefined || isEmpty(more)) continue;
      const before = treeAt(merged, path);
      if (more.kind !== kind) {
        const expected = kind === 'list' ? 'expected a list' : 'expected a map of keys';
        report({ ...keyPlaceAt(tree, path), path: pathText(path), message: expected });
      } else if (before === undefined || isEmpty(before))
        merged = withTree(merged, path, { keyPlace: keyPlaceAt(tree, path), value: more });
      else merged = withTree(merged, path, { keyPlace: keyPlaceAt(merged, path), value: join(before, more, path, report) });
    }
  }
  return merged;
}

function refuseOtherKeys(tree: MapTree, path: readonly string[], root: MapTree, report: Report): void {
  for (const [key, { keyPlace, value }] of tree.entries) {
    const here = [...path, key];
    if (mergeable.some((entry) => startsWith(entry.path, here) && entry.path.length === here.length)) continue;
    if (isEmpty(value)) continue;
    if (mergeable.some((entry) => startsWith(entry.path, here))) {
      if (value.kind === 'map') refuseOtherKeys(value, here, root, report);
      else report({ ...keyPlace, path: pathText(here), message: 'expected a map of keys' });
      continue;
    }
    const known = [...knownKeys(configuration, path, plainValue(root)), ...(path.length === 0 ? fileKeys : [])];
    const words = known.includes(key) ? belongsInMain : unknownKeyWords(key, known);
    report({ ...keyPlace, path: pathText(here), ...words });
  }
}

const belongsInMain = {
  message: 'cannot stand in an included file',
  remedy: `move it to the main file; an included one may hold ${mergeable.map(({ path }) => pathText(path)).join(', ')}`,
};

function startsWith(path: Path, beginning: Path): boolean {
  return beginning.every((step, index) => path[index] === step);
}

/** Of two different kinds the first stays, for the schema to complain about. */
function join(before: Tree, more: Tree, path: Path, report: Report): Tree {
  if (before.kind === 'list' && more.kind === 'list') return { ...before, items: [...before.items, ...more.items] };
  if (before.kind !== 'map' || more.kind !== 'map') return before;
  const entries = new Map(before.entries);
  for (const [key, entry] of more.entries) {
    const first = entries.get(key);
    if (first === undefined) entries.set(key, entry);
    else {
      const message = `is written twice; the other is at ${formatPlace(first.keyPlace)}`;
      report({ ...entry.keyPlace, path: pathText([...path, key]), message, remedy: 'keep one' });
    }
  }
  return { ...before, entries };
}

/** The tree with another entry at `path`; maps on the way there that are missing are made. */
function withTree(tree: MapTree, path: readonly string[], entry: MapEntry): MapTree {
  const [step, ...rest] = path;
  if (step === undefined) return tree;
  const existing = tree.entries.get(step);
  if (rest.length === 0) return { ...tree, entries: new Map(tree.entries).set(step, entry) };
  // What is no map on the way is left for the schema to complain about.
  if (existing !== undefined && existing.value.kind !== 'map' && !isEmpty(existing.value)) return tree;
  const inner: MapTree = existing?.value.kind === 'map' ? existing.value : { kind: 'map', place: entry.keyPlace, entries: new Map() };
  const keyPlace = existing?.keyPlace ?? entry.keyPlace;
  return { ...tree, entries: new Map(tree.entries).set(step, { keyPlace, value: withTree(inner, rest, entry) }) };
}
