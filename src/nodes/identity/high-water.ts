/**
 * The order of what one agent says: by boot, and within a boot by sequence. The mark is the highest that was let in and
 * only ever rises, so nothing is let in twice and nothing after what followed it. It refuses to forgive a mark that is
 * too high: a boot number rises even where its file was lost.
 */
export interface Mark {
  /** Number of the agent's start; rises from one to the next. */
  readonly boot: number;
  /** Number of the message within the boot. */
  readonly sequence: number;
}

/**
 *     mark          what comes is of      its sequence        it is
 *     none          any boot              any                 newer
 *     is there      a lower boot          any                 too-old-boot
 *     is there      a higher boot         any                 newer
 *     is there      the same boot         higher              newer
 *     is there      the same boot         the same or lower   replayed
 */
export function comparedWith(mark: Mark | undefined, { boot, sequence }: Mark): 'newer' | 'too-old-boot' | 'replayed' {
  if (mark === undefined) return 'newer';
  if (boot < mark.boot) return 'too-old-boot';
  if (boot > mark.boot) return 'newer';
  return sequence > mark.sequence ? 'newer' : 'replayed';
}

/** The higher of both. */
export function raised(mark: Mark | undefined, to: Mark): Mark {
  return mark === undefined || comparedWith(mark, to) === 'newer' ? { boot: to.boot, sequence: to.sequence } : mark;
}
