/** The end of an exhaustive switch: a new member of a union is a compile error here, and a broken invariant at run time. */
export function assertNever(value: never): never {
  throw new Error(`not a known case: ${JSON.stringify(value)}`);
}
