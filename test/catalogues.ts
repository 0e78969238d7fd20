/**
 * A catalogue as two programs have it, one older than the other: `lamp.switched` has one version in the first and three
 * in the second, and the second knows a type more. For proving that what was written stays readable.
 */
import { z } from 'zod';
import { defineEvent, type OlderVersion } from '../src/events/define-event.ts';
import type { Fact } from '../src/events/event.ts';

const first = z.strictObject({ lamp: z.string(), on: z.boolean(), note: z.string().optional() });
const second = z.strictObject({ lamp: z.string(), percent: z.int() });
const third = z.strictObject({ room: z.string().nullable(), lamp: z.string(), percent: z.int() });

const meaning = 'Somebody changed how bright a lamp is.';
const lamp = { type: 'lamp.switched', code: 900, meaning } as const;

export const olderCatalogue = [defineEvent({ ...lamp, data: first })];

const older: readonly OlderVersion[] = [
  { data: first, upcast: ({ lamp, on }: z.output<typeof first>) => ({ lamp, percent: on ? 100 : 0 }) },
  { data: second, upcast: (data: z.output<typeof second>) => ({ room: null, ...data }) },
];

export const newerCatalogue = [
  defineEvent({ ...lamp, data: third, older }),
  defineEvent({ type: 'lamp.broken', code: 901, meaning: 'A lamp gives no light.', data: z.strictObject({ lamp: z.string() }) }),
];

/** A fact of a catalogue that is not the program's own. */
export function madeUpFact(type: string, data: unknown): Fact {
  return { type, data } as unknown as Fact;
}
