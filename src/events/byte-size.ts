/** Numbers of bytes as people write them: a whole number, or text such as `512MiB`. */

const unitBytes: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

export const byteSizePattern = /^(\d+(?:\.\d+)?)(B|KiB|MiB|GiB|TiB)$/;

/** Bytes, rounded to a whole number. Text must match `byteSizePattern`; borders check that. */
export function bytesOf(size: number | string): number {
  if (typeof size === 'number') return size;
  const [, amount, unit] = byteSizePattern.exec(size) as unknown as [string, string, string];
  return Math.round(Number(amount) * (unitBytes[unit] as number));
}
