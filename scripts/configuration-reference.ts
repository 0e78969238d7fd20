/**
 * Writes docs/configuration.md from the schema that checks a configuration: what can be set, how, and what it does.
 *
 *     node --import tsx scripts/configuration-reference.ts
 *
 * Types, defaults and ranges are asked of the schema itself; sentences are its comments; `configuration-notes.ts` has
 * what neither can say. A setting with a number and no note stops it.
 */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { configuration, healthCheck } from '../src/events/catalogue/configuration.ts';
import { laterSettings, ownSettings, tuningNotes } from './configuration-notes.ts';
import { type SourceField, schemaComments } from './schema-comments.ts';

const source = new URL('../src/events/catalogue/configuration.ts', import.meta.url);
export const target = new URL('../docs/configuration.md', import.meta.url);
const template = new URL('./configuration-introduction.md', import.meta.url);

export interface Setting {
  readonly path: string;
  readonly type: string;
  /** What stands where it is left out; undefined: nothing, so that it has to be there or means what its sentence says. */
  readonly byDefault: string | undefined;
  readonly isNeeded: boolean;
  readonly range: string;
  /** Of which kinds of record it is a part, where there are several kinds; `type` is a part of all. */
  readonly kinds: readonly string[];
  /** Whether it can be raised and lowered. */
  readonly isAmount: boolean;
  readonly sentence: string;
}

/** What this reads of zod's own description of a schema. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly defaultValue?: unknown;
  readonly in?: z.core.$ZodType;
  readonly out?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
}

const definitionOf = (schema: z.core.$ZodType) => schema._zod.def as unknown as Definition;

interface Unwrapped {
  readonly schema: z.core.$ZodType;
  readonly byDefault: unknown;
  readonly isNeeded: boolean;
}

/** Takes off what says only whether it may be left out. */
function unwrap(schema: z.core.$ZodType): Unwrapped {
  let [current, byDefault, isNeeded]: [z.core.$ZodType, unknown, boolean] = [schema, undefined, true];
  for (;;) {
    const { type, innerType, defaultValue, in: input, out } = definitionOf(current);
    if (type === 'default' || type === 'prefault') byDefault ??= defaultValue;
    if (type === 'default' || type === 'prefault' || type === 'optional') isNeeded = false;
    const next =
      innerType ??
      (type === 'pipe' ? (definitionOf(input as z.core.$ZodType).type === 'transform' ? out : pipeEnd(input, out)) : undefined);
    if (next === undefined) return { schema: current, byDefault, isNeeded };
    current = next;
  }
}

/** A text that is changed and then held against a list: the list says more. */
function pipeEnd(input: z.core.$ZodType | undefined, out: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  return out !== undefined && definitionOf(out).type === 'enum' ? out : input;
}

const shapeWords: Readonly<Record<string, string>> = {
  duration: 'duration',
  bleedDuration: 'duration',
  listenAddress: 'address and port',
  domainName: 'DNS name',
  address: 'IP address',
  port: 'port',
  path: 'path',
  token: 'secret text',
  cidr: 'network',
  byteSize: 'bytes',
  statusRange: 'status or range',
  hostTarget: 'DNS name',
  hostTargetOrNone: 'DNS name or `.`',
};

/** Every setting below a schema, in the order of the schema. A field of several record types stands once. */
export function settingsOf(root: z.core.$ZodType, comments: ReadonlyMap<string, SourceField>): readonly Setting[] {
  const settings = new Map<string, Setting>();

  function visit(schema: z.core.$ZodType, path: string): void {
    const { schema: inner } = unwrap(schema);
    const kind = kindOf(inner);
    if (inner === unwrap(healthCheck).schema && path !== '') return;
    const { shape, element, valueType, options } = definitionOf(inner);
    if (element !== undefined) visit(element, `${path}[]`);
    if (valueType !== undefined) visit(valueType, `${path}.*`);
    for (const option of options ?? []) visit(option, path);
    for (const [name, field] of Object.entries(shape ?? {})) {
      const place = path === '' ? name : `${path}.${name}`;
      const known = settings.get(place);
      const found = settingAt(place, field, comments.get(place));
      settings.set(place, {
        ...found,
        ...known,
        type: joined(known?.type ?? found.type, found.type),
        kinds: [...(known?.kinds ?? []), ...kind],
      });
      visit(field, place);
    }
  }

  visit(root, '');
  return [...settings.values()];
}

/** `MX`, of the shape whose `type` can only be that. */
function kindOf(schema: z.core.$ZodType): readonly string[] {
  const type = definitionOf(schema).shape?.type;
  const { type: kind, values = [] } = type === undefined ? { type: '' } : definitionOf(type);
  return kind === 'literal' ? values.map(String) : [];
}

const joined = (a: string, b: string) => [...new Set([...a.split(', '), ...b.split(', ')])].join(', ');

function settingAt(path: string, field: z.core.$ZodType, { comment = '', shape }: Partial<SourceField> = {}): Setting {
  const { schema, byDefault, isNeeded } = unwrap(field);
  const isList = definitionOf(schema).type === 'array';
  const word = shape === undefined ? undefined : shapeWords[shape];
  const isDuration = word === 'duration';
  const range = isDuration ? leastOf(schema, '0s') : word === 'bytes' ? leastOf(schema, 1) : rangeWords(limitsOf(schema));
  const type = word === undefined ? typeWords(schema) : isList ? `list of ${plural(word)}` : word;
  const plain = !isPlain(byDefault) ? undefined : typeof byDefault === 'string' && byDefault !== '' ? byDefault : JSON.stringify(byDefault);
  return {
    path,
    type,
    byDefault: plain ?? /\bDefault:? (.+?)\.(?: |$)/.exec(comment)?.[1],
    isNeeded,
    kinds: [],
    range,
    isAmount: isDuration || word === 'bytes' || (!isLabel(path) && /number/.test(type) && !isList),
    sentence: comment,
  };
}

/** Numbers that name something, of which neither is more than the other. */
const isLabel = (path: string) => /\.(?:port|key_tag|algorithm|digest_type)$/.test(path);
const isPlain = (value: unknown) => value !== undefined && !(typeof value === 'object' && value !== null && !Array.isArray(value));
const plurals: Readonly<Record<string, string>> = { 'address and port': 'addresses and ports', 'status or range': 'statuses or ranges' };
const plural = (word: string) => plurals[word] ?? (word.endsWith('s') ? `${word}es` : `${word}s`);

function limitsOf(schema: z.core.$ZodType): Limits {
  const { options } = definitionOf(schema);
  const number = definitionOf(schema).type === 'number' ? schema : options?.find((option) => definitionOf(option).type === 'number');
  if (number === undefined) return {};
  const { minValue, maxValue } = number as z.ZodNumber;
  const finite = (limit: number | null) => (limit !== null && Math.abs(limit) < Number.MAX_SAFE_INTEGER ? limit : undefined);
  const isOpen = checksOf(number).some(({ check, inclusive }) => check === 'greater_than' && inclusive === false);
  return { minimum: finite(minValue), maximum: finite(maxValue), isOpen };
}

interface Check {
  readonly check: string;
  readonly inclusive?: boolean;
}
const checksOf = (schema: z.core.$ZodType) =>
  ((schema._zod.def as { checks?: { _zod: { def: Check } }[] }).checks ?? []).map(({ _zod }) => _zod.def);

function rangeWords({ minimum, maximum, isOpen = false }: Limits): string {
  const from = minimum === undefined ? '' : `${isOpen ? 'above' : 'from'} ${minimum}`;
  return [from, maximum === undefined ? '' : `${minimum === undefined ? 'up ' : ''}to ${maximum}`].filter((part) => part !== '').join(' ');
}

interface Limits {
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  /** Whether the minimum itself is too little. */
  readonly isOpen?: boolean;
}

/** Durations and sizes say their least in what they complain of. */
function leastOf(schema: z.core.$ZodType, tooLittle: unknown): string {
  const outcome = (schema as z.ZodType).safeParse(tooLittle);
  const least = /at least (\S+)/.exec(outcome.error?.issues[0]?.message ?? '')?.[1];
  return `from ${least ?? tooLittle}`;
}

function typeWords(schema: z.core.$ZodType): string {
  const { type, entries, options, element, values } = definitionOf(schema);
  switch (type) {
    case 'enum':
      return Object.values(entries ?? {})
        .map((value) => `\`${value}\``)
        .join(', ');
    case 'literal':
      return (values ?? []).map((value) => `\`${value}\``).join(', ');
    case 'boolean':
      return '`true`, `false`';
    case 'number':
      return (schema as z.ZodNumber).isInt ? 'whole number' : 'number';
    case 'array':
      return element === undefined ? 'list' : listWords(unwrap(element).schema);
    case 'record':
      return 'map';
    case 'object':
      return 'section';
    case 'union':
      return [...new Set((options ?? []).map((option) => typeWords(unwrap(option).schema)))].join(', ');
    default:
      return 'text';
  }
}

function listWords(element: z.core.$ZodType): string {
  const word = typeWords(element);
  return word === 'section' || word.includes('section') ? 'list of sections' : word === 'text' ? 'list of texts' : `list of ${word}`;
}

/** The longest note whose key the path ends with. */
export function noteKeyOf(path: string): string | undefined {
  return Object.keys(tuningNotes)
    .filter((key) => path === key || path.endsWith(`.${key}`))
    .sort((a, b) => b.length - a.length)[0];
}

const startsWithOneOf = (path: string, beginnings: readonly string[]) =>
  beginnings.some(
    (beginning) =>
      path === beginning || path.startsWith(beginning.endsWith('.') ? beginning : `${beginning}.`) || path.startsWith(`${beginning}[`),
  );

function row(setting: Setting): string {
  const { path, type, byDefault, isNeeded, range, isAmount, sentence, kinds } = setting;
  const key = noteKeyOf(path);
  const note = key === undefined ? undefined : tuningNotes[key];
  if (isAmount && note === undefined)
    throw new Error(`${path} can be raised and lowered: say in scripts/configuration-notes.ts what that does`);
  const unit = note?.unit === undefined ? '' : ` (${note.unit})`;
  const effect =
    isAmount && note !== undefined ? `${sentence === '' ? '' : '<br>'}*Higher:* ${note.raising}. *Lower:* ${note.lowering}.` : '';
  const origin = startsWithOneOf(path, ownSettings) ? 'ours' : 'original';
  const later = startsWithOneOf(path, laterSettings) ? ', later' : '';
  const missing = isNeeded ? '**needed**' : byDefault === undefined ? '' : byDefault.includes('`') ? byDefault : `\`${byDefault}\``;
  const only = kinds.length > 0 && kinds.length < recordKinds ? `Of ${kinds.join(', ')}. ` : '';
  const cells = [`\`${path}\``, `${type}${unit}`, missing, range, `${only}${sentence}${effect}`, origin + later];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** A field that as many kinds of record have as there are is a part of each of them. */
const recordKinds = 9;

const heading = '| setting | type | left out | range | what it is | source |\n|---|---|---|---|---|---|';

/** The document, whole. */
export function configurationReference(): string {
  const comments = schemaComments(source);
  const all = settingsOf(configuration, comments);
  const checkComments = new Map([...comments].map(([path, field]) => [path.replace(/^regions\[\]\.health_check\./, ''), field]));
  const check = settingsOf(healthCheck, checkComments).map((setting) => ({ ...setting, path: `health_check.${setting.path}` }));
  const sections = [...new Set(all.map(({ path }) => /^[a-z_]+/.exec(path)?.[0] ?? ''))];
  const texts = sections.map((name) => {
    const rows = all.filter(({ path }) => /^[a-z_]+/.exec(path)?.[0] === name);
    return `## ${name}\n\n${heading}\n${rows.map(row).join('\n')}\n`;
  });
  const checkText = `## health_check\n\nThe same wherever it stands. What is left out is filled from the server's region, then from \`overwatch.validation\`.\n\n${heading}\n${check.map(row).join('\n')}\n`;
  return `${readFileSync(template, 'utf8').trimEnd()}\n\n${[...texts, checkText].join('\n')}`;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(target, configurationReference());
}
