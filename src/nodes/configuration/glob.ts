/**
 * Files by pattern: `*` is any part of a name, `?` one character of it, `**` any number of folders. Names that begin
 * with a dot are matched only by a pattern that does (editors leave such files), and `**` follows no symbolic link.
 * Brackets and braces mean themselves.
 */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, parse } from 'node:path';
import { configurationLimits } from './limits.ts';

export function isPattern(text: string): boolean {
  return /[*?]/.test(text);
}

export interface Matches {
  /** Files, sorted, each once. */
  readonly files: readonly string[];
  /** Whether the search was given up at its limit. */
  readonly givenUp: boolean;
}

/** The files that `pattern` names, from `folder` on. What may not be read is not there. */
export function matchFiles(pattern: string, folder: string): Matches {
  const root = isAbsolute(pattern) ? parse(pattern).root : '';
  const segments = pattern
    .slice(root.length)
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.');
  const found = new Set<string>();
  let looked = 0;

  const entriesOf = (path: string): Dirent[] => {
    if (looked > configurationLimits.globEntriesMax) return [];
    const entries = folderEntries(path);
    looked += entries.length + 1;
    return entries;
  };

  const search = (path: string, index: number): void => {
    const segment = segments[index];
    const last = index === segments.length - 1;
    if (segment === undefined) return;
    if (segment === '**') {
      if (!last) search(path, index + 1);
      for (const entry of entriesOf(path)) {
        if (entry.name.startsWith('.')) continue;
        const inner = join(path, entry.name);
        if (entry.isDirectory()) search(inner, index);
        else if (last && isFile(inner)) found.add(inner);
      }
    } else if (isPattern(segment)) {
      for (const { name } of entriesOf(path)) if (matchesName(segment, name)) step(join(path, name), index, last);
    } else step(join(path, segment), index, last);
  };

  const step = (path: string, index: number, last: boolean): void => {
    if (!last) search(path, index + 1);
    else if (isFile(path)) found.add(path);
  };

  search(root === '' ? folder : root, 0);
  return { files: [...found].sort(), givenUp: looked > configurationLimits.globEntriesMax };
}

function folderEntries(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Whether one name fits one segment. Goes back only to the last `*`, so that no pattern takes more than the product of
 * both lengths.
 */
export function matchesName(segment: string, name: string): boolean {
  if (name.startsWith('.') && !segment.startsWith('.')) return false;
  const wanted = [...segment];
  const given = [...name];
  let at = 0;
  let star = -1;
  let resume = 0;
  let index = 0;
  while (index < given.length) {
    if (wanted[at] === '*') {
      star = at;
      resume = index;
      at += 1;
    } else if (wanted[at] === '?' || (wanted[at] !== undefined && wanted[at] === given[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      resume += 1;
      index = resume;
      at = star + 1;
    } else return false;
  }
  while (wanted[at] === '*') at += 1;
  return at === wanted.length;
}
