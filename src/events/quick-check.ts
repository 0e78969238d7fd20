/**
 * A quick yes. Most lines of an export are as canonical as they were written, and zod takes longer to say so than
 * folding takes. From a schema this makes a test that says yes only to a value that the schema takes and gives back
 * unchanged; whatever it says no to, and every schema that it cannot read, zod decides. It never decides against a value.
 */
import type { z } from 'zod';
import { address, canonicalAddress, domainName, isDomainName } from './catalogue/scalars.ts';

export type QuickCheck = (value: unknown) => boolean;

/** Schemas that change their input: yes to what they would leave as it is. */
const canonical: ReadonlyMap<unknown, QuickCheck> = new Map<unknown, QuickCheck>([
  [address, (value) => typeof value === 'string' && canonicalAddress(value) === value],
  [domainName, (value) => typeof value === 'string' && isDomainName(value)],
]);

/** What zod keeps of a schema, as far as it is read here. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>;
  readonly catchall?: z.core.$ZodType;
  readonly innerType?: z.core.$ZodType;
  readonly element?: z.core.$ZodType;
  readonly entries?: Readonly<Record<string, string | number>>;
  readonly values?: readonly unknown[];
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDefinition } }[];
  readonly check?: string;
  readonly format?: string;
}

interface CheckDefinition {
  readonly check: string;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
}

/** Undefined where the schema says more than can be read here. */
export function quickCheck(schema: z.core.$ZodType): QuickCheck | undefined {
  const known = canonical.get(schema);
  if (known !== undefined) return known;
  const definition = schema._zod.def as unknown as Definition;
  switch (definition.type) {
    case 'object':
      return objectCheck(definition);
    case 'nullable':
      return within(definition, (inner) => (value) => value === null || inner(value));
    case 'optional':
      return within(definition, (inner) => (value) => value === undefined || inner(value));
    case 'array':
      return arrayCheck(definition);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'enum':
      return oneOf(new Set(Object.values(definition.entries ?? {})));
    case 'literal':
      return oneOf(new Set(definition.values));
    case 'number':
      return withChecks(definition, (value) => typeof value === 'number' && Number.isFinite(value), numberCheck);
    case 'string':
      return definition.format === undefined ? withChecks(definition, (value) => typeof value === 'string', lengthCheck) : undefined;
    default:
      return undefined;
  }
}

function within({ innerType }: Definition, wrap: (inner: QuickCheck) => QuickCheck): QuickCheck | undefined {
  const inner = innerType && quickCheck(innerType);
  return inner && wrap(inner);
}

function oneOf(values: ReadonlySet<unknown>): QuickCheck {
  return (value) => values.has(value);
}

/** Strict objects alone: those that pass unknown keys over, or on, change what they take. */
function objectCheck({ shape = {}, catchall }: Definition): QuickCheck | undefined {
  if ((catchall?._zod.def as unknown as Definition | undefined)?.type !== 'never') return undefined;
  const fields: (readonly [string, QuickCheck])[] = [];
  for (const [key, schema] of Object.entries(shape)) {
    const check = quickCheck(schema);
    if (check === undefined) return undefined;
    fields.push([key, check]);
  }
  return (value) => {
    if (typeof value !== 'object' || value === null) return false;
    for (const key in value) if (!Object.hasOwn(shape, key)) return false;
    for (const [key, check] of fields) if (!check((value as Record<string, unknown>)[key])) return false;
    return true;
  };
}

function arrayCheck(definition: Definition): QuickCheck | undefined {
  const check = definition.element && quickCheck(definition.element);
  return check && withChecks(definition, (value) => Array.isArray(value) && value.every(check), lengthCheck);
}

type Reader<V> = (definition: CheckDefinition) => ((value: V) => boolean) | undefined;

function withChecks<V>(definition: Definition, base: QuickCheck, read: Reader<V>): QuickCheck | undefined {
  const own = definition.check === undefined ? [] : [definition as unknown as CheckDefinition];
  const checks: ((value: V) => boolean)[] = [];
  for (const found of [...own, ...(definition.checks ?? []).map((check) => check._zod.def)]) {
    const check = read(found);
    if (check === undefined) return undefined;
    checks.push(check);
  }
  return (value) => {
    if (!base(value)) return false;
    for (const check of checks) if (!check(value as V)) return false;
    return true;
  };
}

const numberCheck: Reader<number> = ({ check, value: bound = Number.NaN, inclusive, format }) => {
  if (check === 'number_format' && format === 'safeint') return Number.isSafeInteger;
  if (check === 'greater_than') return inclusive ? (value) => value >= bound : (value) => value > bound;
  if (check === 'less_than') return inclusive ? (value) => value <= bound : (value) => value < bound;
  return undefined;
};

const lengthCheck: Reader<string | readonly unknown[]> = ({ check, minimum = 0, maximum = 0 }) => {
  if (check === 'min_length') return (value) => value.length >= minimum;
  if (check === 'max_length') return (value) => value.length <= maximum;
  return undefined;
};
