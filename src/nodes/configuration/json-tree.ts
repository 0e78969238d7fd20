/**
 * A file that is written exactly as JSON is written by a program, which is YAML as well, and which generated configurations
 * of many names often are: it is read a hundred times as fast. Anything that the reader of YAML might see otherwise (a
 * variable, a key that stands twice, a value left out) makes it his.
 */
import { configurationLimits } from './limits.ts';
import type { Place } from './problem.ts';
import type { MapTree, Tree } from './tree.ts';
import type { YamlSource } from './yaml-tree.ts';

/** The tree, without places; undefined: it is for the reader of YAML to say what it is. */
export function jsonTree({ text, file }: Pick<YamlSource, 'text' | 'file'>): MapTree | undefined {
  const written = text.trim();
  if (!written.startsWith('{') || /\$\{|null|__proto__/.test(written)) return undefined;
  const value = parsed(written);
  if (typeof value !== 'object' || value === null || !isShallow(value, 0)) return undefined;
  return mapTree(value, { file, line: 1, column: 1 });
}

/** Undefined where the text is not the only way of writing it: then a key may stand twice. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth >= configurationLimits.nestingMax) return false;
  for (const inner of Object.values(value)) if (!isShallow(inner, depth + 1)) return false;
  return true;
}

/** Lists are lists, because those of several files are joined, and maps are maps; what stands in a list is plain where it is either. */
function mapTree(value: object, place: Place): MapTree {
  const entries = Object.entries(value).map(([key, inner]) => [key, { keyPlace: place, value: treeOf(inner, place) }] as const);
  return { kind: 'map', place, entries: new Map(entries) };
}

function treeOf(value: unknown, place: Place): Tree {
  if (Array.isArray(value)) return { kind: 'list', place, items: value.map((item) => itemOf(item, place)) };
  if (typeof value === 'object' && value !== null) return mapTree(value, place);
  return { kind: 'scalar', place, value: value as string | number | boolean, literal: true };
}

function itemOf(value: unknown, place: Place): Tree {
  return typeof value === 'object' && value !== null ? { kind: 'plain', place, value } : treeOf(value, place);
}
