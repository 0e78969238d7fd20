/** How a file looks from outside: its name, its size, the comment that it opens with, what it exports. */
import { basename } from 'node:path/posix';
import ts from 'typescript';
import { type Complaint, lineOf, type Rule, walk } from './source.ts';

const mostLines = 400;

/** Files that may be longer, each with the reason. */
const longFiles: Readonly<Record<string, string>> = {
  'src/events/catalogue/configuration.ts': 'the schema of one file that people write, read from top to bottom with it',
};

/** Names that say nothing about what is inside. */
const emptyWords = /^(managers?|helpers?|utils?|utilities|utility|commons?|misc|index)$/;

export const filesAreNamedAfterWhatTheyHold: Rule = (sources) =>
  sources.flatMap(({ path }) => {
    const parts = path.replace(/\.ts$/, '').split('/').slice(1);
    const empty = parts.flatMap((part) => part.split('-')).find((word) => emptyWords.test(word));
    const crooked = parts.find((part) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(part));
    return [
      ...(empty === undefined ? [] : [`${path}:1: "${empty}" says nothing about what is inside`]),
      ...(crooked === undefined ? [] : [`${path}:1: "${crooked}" is not kebab-case`]),
    ];
  });

export const filesOpenWithAComment: Rule = (sources) =>
  sources
    .filter(({ text }) => !/^(#!.*\n)?(\/\/ |\/\*\*(\n \*)? )[\w`"'(]/.test(text))
    .map(({ path }) => `${path}:1: opens without a comment that says what it is`);

export const filesAreShort: Rule = (sources) =>
  sources.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split('\n').length;
    if (lines <= mostLines || Object.hasOwn(longFiles, path)) return [];
    return [
      `${path}:${mostLines + 1}: ${lines} lines are more than ${mostLines}; split it, or list it in test/house/shape.ts with the reason`,
    ];
  });

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === ts.SyntaxKind.DefaultKeyword);
}

export const exportsHaveNames: Rule = (sources) =>
  sources.flatMap((source) => {
    const complaints: Complaint[] = [];
    walk(source.tree, (node) => {
      if (isDefaultExport(node))
        complaints.push(`${source.path}:${lineOf(source, node)}: a default export has no name of its own; export it by name`);
    });
    return complaints;
  });

/** A longer file that is listed must still be there and be long, or the list lies. */
export function staleExceptions(
  lengths: ReadonlyMap<string, number>,
  listed: readonly string[] = Object.keys(longFiles),
): readonly Complaint[] {
  return listed
    .filter((path) => (lengths.get(path) ?? 0) <= mostLines)
    .map((path) => `${path}:1: ${basename(path)} is listed as long, and is not`);
}
