/** What the key ring says in one sentence, `what is wrong; what to do`, in its two parts, as errors have them. */
export function sentenceAndRemedy(said: string): { readonly sentence: string; readonly remedy: string } {
  const [sentence = said, ...remedy] = said.split('; ');
  return { sentence, remedy: remedy.join('; ') };
}
