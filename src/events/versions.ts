/**
 * The catalogue, opened up for look-ups: every version of every event that was ever written, with the order of its
 * fields, what an absent field means, and how to say it in the newest version's words. A catalogue that could not be
 * read back unambiguously is refused when it is opened, not when the first event is lost.
 */
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { DataSchema, EventDefinition } from './define-event.ts';

/** What nil in a field's place stands for: the field is absent, it is null, or nothing (then nil is an error). */
export type NilMeaning = 'absent' | 'null' | 'error';

/** The fields of a fact, or of an element of a list in it, as they stand in the log. */
export interface Layout {
  /** In the order in which they stand in the log. */
  readonly fields: readonly string[];
  /** One entry a field. */
  readonly nil: readonly NilMeaning[];
}

export interface EventVersion extends Layout {
  readonly type: string;
  readonly code: number;
  readonly v: number;
  /** The version that `upcast` leads to. */
  readonly newest: number;
  readonly data: DataSchema;
  /** One entry a field: how each element of its list stands by position; undefined: its value stands as it is. */
  readonly rows: readonly (Layout | undefined)[];
  readonly upcast: (data: unknown) => unknown;
}

/** All versions of one type, oldest first: index 0 is version 1. */
type Lineage = readonly EventVersion[];

export interface Versions {
  readonly byCode: ReadonlyMap<number, Lineage>;
  readonly byType: ReadonlyMap<string, Lineage>;
}

export function openCatalogue(definitions: readonly EventDefinition[]): Versions {
  const byCode = new Map<number, Lineage>();
  const byType = new Map<string, Lineage>();
  for (const definition of definitions) {
    const { code, type } = definition;
    assert(Number.isInteger(code) && code > 0, `${type}: a code is a whole number from 1 on, not ${code}`);
    assert(!byCode.has(code), `code ${code} stands for both ${byCode.get(code)?.[0]?.type} and ${type}`);
    assert(!byType.has(type), `${type} is defined twice`);
    const lineage = lineageOf(definition);
    byCode.set(code, lineage);
    byType.set(type, lineage);
  }
  return { byCode, byType };
}

function lineageOf(definition: EventDefinition): Lineage {
  const { type, code, older, rows, v: newest } = definition;
  const schemas = [...older.map((version) => version.data), definition.data];
  return schemas.map((data, index) => {
    const steps = older.slice(index).map((version) => version.upcast as (data: unknown) => unknown);
    const name = `${type} v${index + 1}`;
    const layout = layoutOf(name, data);
    return {
      type,
      code,
      v: index + 1,
      newest,
      data,
      ...layout,
      rows: layout.fields.map((field) => rows[field] && layoutOf(`${name} ${field}`, rows[field])),
      upcast: (old) => steps.reduce((older, step) => step(older), old),
    };
  });
}

function layoutOf(where: string, schema: DataSchema): Layout {
  const fields = Object.keys(schema.shape);
  return { fields, nil: fields.map((field) => nilMeaning(where, field, schema)) };
}

function nilMeaning(where: string, field: string, schema: DataSchema): NilMeaning {
  const takes = (value: unknown) => z.safeParse(schema.shape[field] as z.ZodType, value).success;
  const optional = takes(undefined);
  const nullable = takes(null);
  assert(!(optional && nullable), `${where}: field ${field} is optional and nullable, but the log has one nil for both`);
  return optional ? 'absent' : nullable ? 'null' : 'error';
}
