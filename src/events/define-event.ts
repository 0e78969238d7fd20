/**
 * One entry of the catalogue: the name of a kind of fact, the sentence that says when it is true, and the shape of its
 * data at every version that was ever written. The newest version is what the program works with; older ones are
 * upcast when they are read, and their stored bytes stay as they are.
 */
import type { z } from 'zod';

export type DataSchema = z.ZodObject;

/** A shape that was written in the past, and how to say the same fact in the next version's words. */
export interface OlderVersion {
  readonly data: DataSchema;
  /** Pure and total: data of this version in, data of the next version out. */
  readonly upcast: (data: never) => unknown;
}

export interface EventDefinition<T extends string = string, S extends DataSchema = DataSchema> {
  /** `subject.participle`. */
  readonly type: T;
  /** The number that stands for the type in the log. Never reused, never changed. */
  readonly code: number;
  /** When this fact is true, in one sentence. */
  readonly meaning: string;
  /** The shape of `data` at the newest version. The order of its fields is the order in the log. */
  readonly data: S;
  /** Older shapes, oldest first: index 0 is version 1. */
  readonly older: readonly OlderVersion[];
  /** The newest version: one more than there are older ones. */
  readonly v: number;
  /** Fields that are long lists of one shape: in the log each element stands by position, like the fact itself. At every version alike. */
  readonly rows: Readonly<Record<string, DataSchema>>;
}

export function defineEvent<const T extends string, S extends DataSchema>(entry: {
  readonly type: T;
  readonly code: number;
  readonly meaning: string;
  readonly data: S;
  readonly older?: readonly OlderVersion[];
  readonly rows?: Readonly<Record<string, DataSchema>>;
}): EventDefinition<T, S> {
  const older = entry.older ?? [];
  return { ...entry, older, rows: entry.rows ?? {}, v: older.length + 1 };
}
