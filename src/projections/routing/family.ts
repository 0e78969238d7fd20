/** The address families, by the record type that carries them. */
export const families = ['A', 'AAAA'] as const;
export type Family = (typeof families)[number];

export function familyOf(address: string): Family {
  return address.includes(':') ? 'AAAA' : 'A';
}
