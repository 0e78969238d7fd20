/** Answers in words, as tables show them. */
import type { ShownAnswer, ShownFamily } from '../projections/timeline.ts';

/** `127.0.0.21 127.0.0.22`, with shares where they differ and the tier where it is not the fit one. */
export function answerWords(answer: ShownAnswer | null): string {
  if (answer === null) return 'not served';
  const families = Object.values(answer).filter((family): family is ShownFamily => family !== undefined);
  // A service of one family is the usual case; only where both exist must they be told apart.
  const words = families.map(familyWords);
  return words.every((word) => word === 'SERVFAIL') ? 'SERVFAIL' : words.join(' | ');
}

function familyWords({ tier, addresses }: ShownFamily): string {
  if (tier === null) return 'SERVFAIL';
  const alike = addresses.every(({ share }) => share === addresses[0]?.share);
  const list = addresses.map(({ address, share }) => (alike ? address : `${address} ${Math.round(share * 100)}%`)).join(' ');
  return tier === 'fit' ? list : `${list} (${tier})`;
}
