/** What DNS answers for a name, as one line that is the same for the same answer. */
import type { Families } from './node-api.ts';

/** `127.0.0.21 127.0.0.22`, with shares where they differ and the tier where it is not the fit one. */
export function answerText(families: Families | null): string {
  if (families === null) return 'not served';
  const texts = Object.keys(families)
    .sort()
    .map((name) => familyText(families[name] as Families[string]));
  if (texts.length === 0) return 'no addresses';
  return texts.every((text) => text === 'SERVFAIL') ? 'SERVFAIL' : texts.join(' | ');
}

function familyText({ tier, spokes }: Families[string]): string {
  if (tier === null) return 'SERVFAIL';
  const shares = new Map<string, number>();
  for (const { addresses, share } of spokes) {
    for (const address of addresses) shares.set(address, (shares.get(address) ?? 0) + share);
  }
  const percents = [...shares].map(([address, share]) => [address, Math.round(100 * share)] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  const alike = percents.every(([, percent]) => Math.abs(percent - (percents[0]?.[1] ?? 0)) <= 1);
  const list = percents.map(([address, percent]) => (alike ? address : `${address} ${percent}%`)).join(' ');
  return tier === 'fit' ? list : `${list} (${tier})`;
}
