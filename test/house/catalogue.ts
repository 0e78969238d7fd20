/** Rules about the catalogue of facts: what is once in a log must be readable for ever. */
import type { EventDefinition } from '../../src/events/define-event.ts';
import type { Complaint } from './source.ts';

/** What this looks at of a zod schema; the library keeps it stable for programs that walk schemas. */
interface Schema {
  readonly _zod: { readonly def: Definition };
}
interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly [part: string]: unknown;
}

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null && '_zod' in value;

/** The wrappers around the shape of one field, outermost first: `optional`, `nullable`, `default`, ... */
function wrappers(schema: Schema): readonly string[] {
  const { type, innerType } = schema._zod.def;
  return isSchema(innerType) ? [type, ...wrappers(innerType)] : [];
}

/** The schemas that one is directly made of, with the names of fields where they have one. */
function parts({ shape, ...definition }: Definition): readonly (readonly [name: string, schema: Schema])[] {
  const fields = Object.entries(shape ?? {});
  const others = Object.values(definition).flatMap((value) => (Array.isArray(value) ? value : [value]));
  return [...fields, ...others.filter(isSchema).map((schema) => ['', schema] as const)];
}

/** Fields, as dotted paths, that may be both missing and null: two ways to say one thing. */
function ambiguousFields(schema: Schema, path: string, seen: Set<Schema> = new Set()): readonly string[] {
  if (seen.has(schema)) return [];
  seen.add(schema);
  return parts(schema._zod.def).flatMap(([name, part]) => {
    const place = name === '' ? path : `${path}.${name}`;
    const around = name === '' ? [] : wrappers(part);
    const ambiguous = around.includes('optional') && around.includes('nullable') ? [place] : [];
    return [...ambiguous, ...ambiguousFields(part, place, seen)];
  });
}

function repeated<T>(values: readonly T[]): readonly T[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

export function catalogueIsSound(catalogue: readonly EventDefinition[]): readonly Complaint[] {
  return [
    ...repeated(catalogue.map(({ code }) => code)).map((code) => `code ${code} stands for more than one type`),
    ...repeated(catalogue.map(({ type }) => type)).map((type) => `${type} is in the catalogue more than once`),
    ...catalogue.flatMap(({ type, code, meaning, data, older }) => [
      ...(/^[a-z_]+\.[a-z_]+$/.test(type) ? [] : [`${type}: a type is written subject.participle`]),
      ...(Number.isSafeInteger(code) && code > 0 ? [] : [`${type}: a code is a whole number above 0`]),
      ...(/^[A-Z].*\.$/.test(meaning) ? [] : [`${type}: a meaning is a sentence that ends with a full stop`]),
      ...[...older.map((version) => version.data), data].flatMap((schema) =>
        ambiguousFields(schema as unknown as Schema, type).map(
          (field) => `${field}: may be missing and may be null; one of them is enough`,
        ),
      ),
    ]),
  ];
}

/** Facts that a catalogue file defines and that are not in the list, so that no log could hold them. */
export function definitionsAreListed(catalogue: readonly EventDefinition[], modules: readonly object[]): readonly Complaint[] {
  const defined = modules
    .flatMap((exports) => Object.values(exports))
    .filter((value): value is EventDefinition => typeof value === 'object' && value !== null && 'meaning' in value && 'code' in value);
  return defined
    .filter((definition) => !catalogue.includes(definition))
    .map(({ type }) => `${type} is defined but not listed in src/events/event.ts`);
}
