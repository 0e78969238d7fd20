/**
 * What a message is made of: small checked values, each written as MessagePack has it and read back or found unfit.
 * A record travels by position, so the order of its fields is the order on the wire; a new field goes to the end, in a
 * new version of the protocol. Reading never throws.
 */
import { canonicalAddress, isDomainName } from '../../events/catalogue/scalars.ts';

/** What is read where bytes hold something else than they should. */
export const unfit = Symbol('unfit');

export interface Field<T> {
  write(value: T): unknown;
  read(raw: unknown): T | typeof unfit;
}

export type ValueOf<F> = F extends Field<infer T> ? T : never;

/** A value that is on the wire what it is here. */
function plain<T>(fits: (raw: unknown) => raw is T): Field<T> {
  return { write: (value) => value, read: (raw) => (fits(raw) ? raw : unfit) };
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number): Field<number> {
  return plain((raw): raw is number => typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= least && raw <= most);
}

/** A number from 0 to `most`. */
export function quantity(most: number): Field<number> {
  return plain((raw): raw is number => typeof raw === 'number' && raw >= 0 && raw <= most);
}

export const yesOrNo: Field<boolean> = plain((raw): raw is boolean => typeof raw === 'boolean');

/** Text of at most so many bytes, without control characters, which would only disturb those who read it. */
export function text(leastBytes: number, mostBytes: number): Field<string> {
  return plain((raw): raw is string => {
    if (typeof raw !== 'string' || raw.length > mostBytes || /[\p{Cc}\p{Cs}]/u.test(raw)) return false;
    const length = Buffer.byteLength(raw);
    return length >= leastBytes && length <= mostBytes;
  });
}

/** A service, as the log writes it. */
export const service: Field<string> = plain((raw): raw is string => typeof raw === 'string' && isDomainName(raw));

/** An IP address, as the log writes it. */
export const address: Field<string> = plain(
  (raw): raw is string => typeof raw === 'string' && raw.length <= 45 && canonicalAddress(raw) === raw,
);

/** Bytes, of which the reader gets a copy of its own. */
export function bytes(least: number, most: number = least): Field<Uint8Array> {
  return {
    write: (value) => value,
    read: (raw) => (raw instanceof Uint8Array && raw.length >= least && raw.length <= most ? new Uint8Array(raw) : unfit),
  };
}

export function oneOf<T extends string>(values: readonly T[]): Field<T> {
  return plain((raw): raw is T => (values as readonly unknown[]).includes(raw));
}

export function orNull<T>(field: Field<T>): Field<T | null> {
  return {
    write: (value) => (value === null ? null : field.write(value)),
    read: (raw) => (raw === null ? null : field.read(raw)),
  };
}

export function listOf<T>(field: Field<T>, most: number): Field<readonly T[]> {
  return {
    write: (values) => values.map((value) => field.write(value)),
    read: (raw) => {
      if (!Array.isArray(raw) || raw.length > most) return unfit;
      const values: T[] = [];
      for (const entry of raw as readonly unknown[]) {
        const value = field.read(entry);
        if (value === unfit) return unfit;
        values.push(value);
      }
      return values;
    },
  };
}

type Fields = Readonly<Record<string, Field<unknown>>>;
export type RecordOf<F> = { readonly [K in keyof F]: ValueOf<F[K]> };

export function recordOf<F extends Fields>(fields: F): Field<RecordOf<F>> {
  const entries: readonly (readonly [string, Field<unknown>])[] = Object.entries(fields);
  return {
    write: (value) => entries.map(([key, field]) => field.write((value as Readonly<Record<string, unknown>>)[key])),
    read: (raw) => {
      if (!Array.isArray(raw) || raw.length !== entries.length) return unfit;
      const found: Record<string, unknown> = {};
      for (const [index, [key, field]] of entries.entries()) {
        const value = field.read(raw[index]);
        if (value === unfit) return unfit;
        found[key] = value;
      }
      return found as RecordOf<F>;
    },
  };
}
