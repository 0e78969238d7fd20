/**
 * YAML text to a tree with places. The only file that knows the `yaml` package. It is stricter than YAML where YAML
 * surprises (a key written twice, tags, several documents) and bounded where YAML is not (nesting, aliases). Variables
 * are filled in here, scalar by scalar, so that no value can become syntax.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, Scalar, type YAMLMap } from 'yaml';
import { type Environment, expand } from './environment.ts';
import { configurationLimits } from './limits.ts';
import { type Path, type Place, pathText, printable, quoted, type Report } from './problem.ts';
import { isEmpty, type MapEntry, type MapTree, type ScalarTree, type Tree } from './tree.ts';

export interface YamlSource {
  readonly text: string;
  readonly file: string;
  readonly environment: Environment;
  readonly report: Report;
  /** Without, all that is said of a place is which file it is in: a first look is four times as quick, and takes a tenth of the memory. Default true. */
  readonly withPlaces?: boolean;
}

/** The tree of one file; undefined where its text is no YAML, or no map. What is wrong has been reported then. */
export function yamlTree(source: YamlSource): MapTree | undefined {
  const { file, report } = source;
  const lines = new LineCounter();
  const somewhere: Place = { file, line: 1, column: 1 };
  const placeAt = (offset: number): Place => {
    if (source.withPlaces === false) return somewhere;
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const document = parse(source, lines);
  if (document === undefined) return undefined;
  const faults = [...document.errors, ...document.warnings];
  for (const { code, message, pos } of faults)
    report({ ...placeAt(pos[0]), path: '', ...syntaxWords(code, message, lineOf(source.text, pos[0])) });
  if (faults.length > 0) return undefined;
  const start = placeAt(0);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return { kind: 'map', place: start, entries: new Map() };
  }
  const tree = grower(source, placeAt)(document.contents, []);
  if (tree.kind === 'map') return tree;
  report({ ...tree.place, path: '', message: 'expected a map of keys', remedy: 'begin with a key such as domains:' });
  return undefined;
}

function parse({ text, file, report }: YamlSource, lineCounter: LineCounter): ReturnType<typeof parseDocument> | undefined {
  try {
    // Keys written twice are found below: the parser would compare each key with all before it.
    return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, schema: 'core', logLevel: 'error' });
  } catch (error) {
    // The parser is recursive: what is nested too deeply for it ends here, as does any fault of its own.
    const reason = error instanceof RangeError ? 'it nests too deeply' : String(error);
    report({ file, line: 1, column: 1, path: '', message: `cannot be read as YAML: ${quoted(reason)}` });
    return undefined;
  }
}

const syntaxRemedies: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  MULTIPLE_DOCS: 'keep one document a file, without a --- in the middle',
  TAG_RESOLVE_FAILED: 'leave the tag (!name) out, or quote the text if it should begin with !',
  BAD_INDENT: 'indent it like the other keys of the same map',
  BAD_ALIAS: 'quote a text that begins with * or &',
  BLOCK_AS_IMPLICIT_KEY: 'check the indentation of this line; quote a text that holds a colon and a space',
  MULTILINE_IMPLICIT_KEY: 'check the indentation of this line and the next',
  MISSING_CHAR: 'look for a missing quote, bracket, comma or colon before this place',
  BAD_SCALAR_START: 'put the text in quotes',
};

function syntaxWords(code: string, message: string, line: string): { message: string; remedy?: string } {
  if (code === 'MULTIPLE_DOCS') return { message: 'holds more than one YAML document', remedy: syntaxRemedies.MULTIPLE_DOCS as string };
  const inBrackets = /[[{,].*(?<!")\$\{/.test(line);
  const remedy = inBrackets ? `between [ ] or { }, put \${NAME} in quotes` : syntaxRemedies[code];
  return { message: `is not valid YAML: ${printable(message).slice(0, 200)}`, ...(remedy !== undefined && { remedy }) };
}

function lineOf(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  return text.slice(text.lastIndexOf('\n', offset - 1) + 1, end === -1 ? undefined : end).slice(0, 1000);
}

/** Makes trees of the nodes of one document, in the order in which they stand: an alias means the anchor before it. */
function grower(
  { environment, report, withPlaces = true }: YamlSource,
  placeAt: (offset: number) => Place,
): (node: unknown, path: Path) => Tree {
  const anchors = new Map<string, unknown>();
  let aliasDepth = 0;
  let aliasedValues = 0;
  let bombReported = false;
  /** Where places do not matter, one of each. */
  const scalars = new Map<ScalarTree['value'], ScalarTree>();
  const scalarEntries = new Map<Tree, MapEntry>();

  const literal = (place: Place, value: ScalarTree['value']): ScalarTree => {
    const known = withPlaces ? undefined : scalars.get(value);
    const tree: ScalarTree = known ?? { kind: 'scalar', place, value, literal: true };
    if (!withPlaces) scalars.set(value, tree);
    return tree;
  };
  const entryFor = (keyPlace: Place, value: Tree): MapEntry => {
    if (withPlaces || value.kind !== 'scalar') return { keyPlace, value };
    const entry = scalarEntries.get(value) ?? { keyPlace, value };
    scalarEntries.set(value, entry);
    return entry;
  };
  const offsetOf = (node: unknown): number => (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? 0;
  const nothing = (node: unknown): ScalarTree => ({ kind: 'scalar', place: placeAt(offsetOf(node)), value: null, literal: true });
  const refuse = (node: unknown, path: Path, message: string, remedy: string): ScalarTree => {
    report({ ...placeAt(offsetOf(node)), path: pathText(path), message, remedy });
    return nothing(node);
  };

  function grow(node: unknown, path: Path): Tree {
    if (path.length > configurationLimits.nestingMax) {
      return refuse(node, path.slice(0, 4), `nests deeper than ${configurationLimits.nestingMax} levels`, 'flatten it');
    }
    if (aliasDepth > 0) aliasedValues += 1;
    if (isAlias(node)) return growAlias(node, node.source, path);
    const tree = growPlain(node, path);
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) anchors.set(anchor, node);
    return tree;
  }

  function growAlias(node: unknown, name: string, path: Path): Tree {
    if (aliasedValues > configurationLimits.aliasedValuesMax) {
      if (bombReported) return nothing(node);
      bombReported = true;
      const message = `the aliases of this file repeat more than ${configurationLimits.aliasedValuesMax} values`;
      return refuse(node, path, message, 'write the values out, or split the file');
    }
    if (!anchors.has(name))
      return refuse(node, path, `*${printable(name)} names no anchor before it`, `mark the value that is meant with &NAME`);
    aliasDepth += 1;
    const tree = grow(anchors.get(name), path);
    aliasDepth -= 1;
    return tree;
  }

  function growPlain(node: unknown, path: Path): Tree {
    if (isScalar(node)) return growScalar(node, path);
    const place = placeAt(offsetOf(node));
    if (isSeq(node)) return { kind: 'list', place, items: node.items.map((item, index) => grow(item, [...path, index])) };
    if (isMap(node)) return { kind: 'map', place, entries: growEntries(node, path) };
    return nothing(node);
  }

  function growEntries(map: YAMLMap, path: Path): ReadonlyMap<string, MapEntry> {
    const entries = new Map<string, MapEntry>();
    const merged: Tree[] = [];
    for (const { key, value } of map.items as Pair[]) {
      const name = keyText(key);
      const first = name === undefined ? undefined : entries.get(name);
      if (name === undefined || name === '__proto__') refuse(key, path, 'this cannot be a key', 'expected a word');
      else if (name === '<<' && isScalar(key) && key.type === Scalar.PLAIN) merged.push(grow(value, [...path, name]));
      else if (first !== undefined) {
        refuse(key, [...path, name], 'is written twice in one map', `keep one; the other is in line ${first.keyPlace.line}`);
      } else {
        const keyPlace = placeAt(offsetOf(key));
        const inner = value === null ? nothing(key) : grow(value, [...path, name]);
        entries.set(name, entryFor(keyPlace, inner));
      }
    }
    for (const tree of merged) mergeInto(entries, tree, path);
    return entries;
  }

  /** `<<: *defaults`: the keys of another map, where this one does not say otherwise. */
  function mergeInto(entries: Map<string, MapEntry>, tree: Tree, path: Path): void {
    if (tree.kind === 'list') for (const item of tree.items) mergeInto(entries, item, path);
    else if (tree.kind === 'map') {
      for (const [name, entry] of tree.entries) if (!entries.has(name)) entries.set(name, entry);
    } else if (!isEmpty(tree)) {
      report({ ...tree.place, path: pathText([...path, '<<']), message: 'expected a map, or a list of maps', remedy: 'write <<: *anchor' });
    }
  }

  function growScalar(node: Scalar, path: Path): ScalarTree {
    const place = placeAt(offsetOf(node));
    const { value } = node;
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) return literal(place, value);
    const written = typeof value === 'string' ? value : (node.source ?? '');
    const { text, expanded, whole, fromEnvironment, problems } = expand(written, environment);
    for (const problem of problems) report({ ...place, path: pathText(path), ...problem });
    if (!expanded) return literal(place, written);
    const filled = whole && node.type === Scalar.PLAIN ? plainScalar(text) : text;
    return { kind: 'scalar', place, value: filled, reference: written, literal: !fromEnvironment };
  }

  return grow;
}

function keyText(key: unknown): string | undefined {
  if (!isScalar(key) || key.value === null) return undefined;
  return typeof key.value === 'string' ? key.value : key.source;
}

/** YAML's core schema (YAML 1.2 section 10.3.2), as far as a variable needs it; what fits no row is text. */
const plainScalars: readonly (readonly [pattern: RegExp, value: (text: string) => ScalarTree['value']])[] = [
  [/^(?:~|null|Null|NULL)?$/, () => null],
  [/^(?:true|True|TRUE|false|False|FALSE)$/, (text) => text.toLowerCase() === 'true'],
  [/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/, Number],
];

function plainScalar(text: string): ScalarTree['value'] {
  const row = plainScalars.find(([pattern]) => pattern.test(text));
  return row === undefined ? text : row[1](text);
}
