/**
 * What the schema found wrong, for people: the place in the file, what is wrong there, and what would be right. Unknown
 * keys are answered with the key that was meant; of a union, only the form that was meant is talked about.
 */
import type { z } from 'zod';
import { knownKeys } from './known-keys.ts';
import { nearest } from './nearest.ts';
import { type Path, type Problem, pathText, quoted } from './problem.ts';
import { mayHoldSecret } from './secret-places.ts';
import { isEmpty, keyPlaceAt, type MapTree, placeAt, type Tree, treeAt } from './tree.ts';

type Issue = z.core.$ZodIssue;

/** Keys of the file itself rather than of the configuration. */
export const fileKeys: readonly string[] = ['includes'];

/** Parses what a tree says. Problems come instead of a value, never beside one. */
export function parseTree<S extends z.ZodType>(
  schema: S,
  tree: MapTree,
  plain: unknown,
): { readonly value: z.output<S> } | { readonly problems: readonly Problem[] } {
  const parsed = schema.safeParse(plain, { error: wordsFor });
  if (parsed.success) return { value: parsed.data };
  const issues = parsed.error.issues.flatMap((issue) => flatten(issue, []));
  return { problems: issues.flatMap((issue) => problemsOf(issue, { schema, tree, plain })) };
}

/** An issue with its whole path, and nothing hidden inside. */
function flatten(issue: Issue, base: Path): readonly Issue[] {
  const path = [...base, ...issue.path] as PropertyKey[];
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.filter(
      (form) => form.length > 0 && form.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
    );
    if (meant.length === 1) return (meant[0] ?? []).flatMap((inner) => flatten(inner, path as Path));
  }
  return [{ ...issue, path }];
}

interface Written {
  readonly schema: z.ZodType;
  readonly tree: MapTree;
  readonly plain: unknown;
}

function problemsOf(issue: Issue, written: Written): readonly Problem[] {
  const path = issue.path as Path;
  const { tree } = written;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, written));
  if (issue.code === 'invalid_union' && 'discriminator' in issue) return [problemAt(issue, path, tree), ...unknownBeside(path, written)];
  if (issue.code === 'invalid_key') {
    const message = issue.issues[0]?.message ?? 'is no key that can stand here';
    return [{ ...keyPlaceAt(tree, path), path: pathText(path), message: `the key does not fit: ${message}` }];
  }
  return [problemAt(issue, path, tree)];
}

function problemAt(issue: Issue, path: Path, tree: MapTree): Problem {
  const at = { ...placeAt(tree, path), path: pathText(path) };
  const found = treeAt(tree, path);
  if (found === undefined) return { ...at, message: 'is missing', remedy: issue.message };
  if (isEmpty(found) && typeof path.at(-1) === 'string') return { ...at, message: 'has no value', remedy: issue.message };
  const remedy = remedyFor(issue, found);
  return { ...at, ...shown(found, path), message: issue.message, ...(remedy !== undefined && { remedy }) };
}

/** Where no form was chosen, the schema has not looked at the other keys: the choice itself may be the one misspelled. */
function unknownBeside(path: Path, written: Written): readonly Problem[] {
  const parent = path.slice(0, -1);
  const found = treeAt(written.tree, parent);
  const known = knownKeys(written.schema, parent, written.plain);
  const keys = found?.kind === 'map' ? [...found.entries.keys()] : [];
  return keys.filter((key) => !known.includes(key)).map((key) => unknownKey(parent, key, written));
}

function unknownKey(path: Path, key: string, { schema, tree, plain }: Written): Problem {
  const known = [...knownKeys(schema, path, plain), ...(path.length === 0 ? fileKeys : [])];
  return { ...keyPlaceAt(tree, [...path, key]), path: pathText([...path, key]), ...unknownKeyWords(key, known) };
}

export function unknownKeyWords(key: string, known: readonly string[]): { readonly message: string; readonly remedy: string } {
  const meant = nearest(key, known);
  const remedy = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`;
  return { message: 'is no known key', remedy };
}

/** What stands there, unless that may be a secret; of a variable its name. */
function shown(found: Tree, path: Path): { readonly value?: string } {
  if (found.kind !== 'scalar') return { value: found.kind === 'list' ? 'a list' : 'a map' };
  return mayHoldSecret(path) ? {} : { value: quoted(found.reference ?? found.value) };
}

function remedyFor(issue: Issue, found: Tree): string | undefined {
  if (issue.code === 'invalid_type' && found.kind === 'scalar' && found.value !== null) {
    if (issue.expected === 'string' && issue.message === typeNames.string) return 'put it in quotes';
    if (isNumeric(issue.expected) && typeof found.value === 'string' && /^-?\d+$/.test(found.value)) return 'write it without quotes';
    if (issue.expected === 'array') return 'write it as a list, each element after a dash';
  }
  const choices = issue.code === 'invalid_value' ? issue.values.map(String) : issue.code === 'invalid_union' ? unionChoices(issue) : [];
  const meant = found.kind === 'scalar' && typeof found.value === 'string' ? nearest(found.value, choices) : undefined;
  return meant === undefined ? undefined : `did you mean ${meant}?`;
}

function isNumeric(expected: string): boolean {
  return expected === 'number' || expected === 'int';
}

/** Words for what the schema itself says nothing about. */
const wordsFor: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? `expected ${issue.expected}`;
    case 'invalid_value':
      return choiceWords(issue.values.map(String));
    case 'invalid_union':
      return choiceWords(unionChoices(issue));
    case 'too_small':
      return sizeWords(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return sizeWords(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'invalid_format':
      return `expected a text in the form ${issue.format}`;
    default:
      return 'does not fit here';
  }
};

const typeNames: Readonly<Record<string, string>> = {
  string: 'expected a text',
  number: 'expected a number',
  int: 'expected a whole number',
  boolean: 'expected true or false',
  array: 'expected a list',
  object: 'expected a map of keys',
  record: 'expected a map of keys',
};

function unionChoices(issue: object): readonly string[] {
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
  return options.map(String);
}

function choiceWords(choices: readonly string[]): string {
  if (choices.length === 0) return 'fits none of the forms that may stand here';
  return choices.length === 1 ? `expected ${choices[0]}` : `expected one of ${choices.join(', ')}`;
}

function sizeWords(origin: string, bound: string, size: number | bigint): string {
  if (origin === 'string') return bound === 'at least' && size === 1 ? 'must not be empty' : `expected ${bound} ${size} characters`;
  return origin === 'array' ? `expected a list of ${bound} ${size}` : `expected ${bound} ${size}`;
}
