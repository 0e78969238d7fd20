/**
 * A configuration as it was written: plain values, each with the place where it stands. Files are merged as trees, so
 * whatever is found wrong later can still be traced to a file and a line. Knows nothing of YAML or of the schema.
 */
import type { Path, Place } from './problem.ts';

export interface ScalarTree {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly value: string | number | boolean | null;
  /** The text before variables were filled in, where there were any: the value of a variable is never shown. */
  readonly reference?: string;
  /** Whether all that could be secret about it stands in the file, rather than in a variable. */
  readonly literal: boolean;
}

export interface ListTree {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly Tree[];
}

export interface MapEntry {
  readonly keyPlace: Place;
  readonly value: Tree;
}

export interface MapTree {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** What is in it is as it was written, and of no place: for a first look, which only asks whether anything is wrong. */
export interface PlainTree {
  readonly kind: 'plain';
  readonly place: Place;
  readonly value: unknown;
}

export type Tree = ScalarTree | ListTree | MapTree | PlainTree;

/** The value alone. A key without a value counts as not written, so that a section may be commented out line by line. */
export function plainValue(tree: Tree): unknown {
  if (tree.kind === 'scalar' || tree.kind === 'plain') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainValue);
  const written = [...tree.entries].filter(([, { value }]) => !isEmpty(value));
  return Object.fromEntries(written.map(([key, { value }]) => [key, plainValue(value)]));
}

export function isEmpty(tree: Tree): boolean {
  return tree.kind === 'scalar' && tree.value === null;
}

/** What stands at a path, if anything does. */
export function treeAt(tree: Tree, path: Path): Tree | undefined {
  return path.reduce<Tree | undefined>((inner, step) => inner && child(inner, step), tree);
}

function child(tree: Tree, step: string | number): Tree | undefined {
  if (tree.kind === 'map') return tree.entries.get(String(step))?.value;
  if (tree.kind === 'list') return tree.items[Number(step)];
  return undefined;
}

/**
 * Where to look for what is wrong at a path: a scalar's own place, else the key that opens the list or map. Of a path
 * that is not there (a missing key, a default), the innermost part that is.
 */
export function placeAt(tree: Tree, path: Path): Place {
  let place = tree.place;
  let current: Tree = tree;
  for (const step of path) {
    const next = child(current, step);
    if (next === undefined) break;
    const key = current.kind === 'map' ? current.entries.get(String(step))?.keyPlace : undefined;
    place = next.kind === 'scalar' && !isEmpty(next) ? next.place : (key ?? next.place);
    current = next;
  }
  return place;
}

/** Where the key at the end of a path stands. */
export function keyPlaceAt(tree: Tree, path: Path): Place {
  const parent = treeAt(tree, path.slice(0, -1));
  const entry = parent?.kind === 'map' ? parent.entries.get(String(path.at(-1))) : undefined;
  return entry?.keyPlace ?? placeAt(tree, path);
}
