/** Which keys the schema knows at a place, so that an unknown one can be answered with the one that was meant. */
import { z } from 'zod';
import type { Path } from './problem.ts';

type Schema = z.core.$ZodType;

/** The keys of the map at `path`; of a union, those of the form that `value`, the configuration as written, chose. */
export function knownKeys(schema: Schema, path: Path, value: unknown): readonly string[] {
  let schemas = formsOf(schema, value);
  let inner = value;
  for (const step of path) {
    inner = typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined;
    schemas = schemas.flatMap((outer) => {
      const next = schemaAt(outer, step);
      return next === undefined ? [] : formsOf(next, inner);
    });
  }
  return [...new Set(schemas.flatMap((form) => (form instanceof z.ZodObject ? Object.keys(form.shape) : [])))];
}

function schemaAt(schema: Schema, step: string | number): Schema | undefined {
  if (schema instanceof z.ZodObject) return Object.hasOwn(schema.shape, step) ? schema.shape[step] : undefined;
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return undefined;
}

/** The forms behind defaults, transforms and unions. */
function formsOf(schema: Schema, value: unknown): readonly Schema[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return formsOf(schema.def.innerType, value);
  }
  if (schema instanceof z.ZodPipe) return formsOf(schema.def.in, value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const chosen = schema.options.filter((option) => isChosen(option, schema.def.discriminator, value));
    return (chosen.length > 0 ? chosen : schema.options).flatMap((option) => formsOf(option, value));
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => formsOf(option, value));
  return [schema];
}

function isChosen(option: Schema, discriminator: string, value: unknown): boolean {
  const literal = option instanceof z.ZodObject ? option.shape[discriminator] : undefined;
  const written = typeof value === 'object' && value !== null ? Reflect.get(value, discriminator) : undefined;
  return literal instanceof z.ZodLiteral && literal.values.has(written);
}
