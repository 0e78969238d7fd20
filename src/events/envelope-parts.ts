/** What an envelope says beside its fact: who asked, and by which command. */
import { z } from 'zod';

/** Who asked for something. */
export const actor = z.strictObject({
  kind: z.enum(['human', 'tool', 'agent', 'system']),
  name: z.string().min(1).max(200),
  /** Where the request came from. */
  address: z.string().max(200).optional(),
});
export type Actor = z.output<typeof actor>;

/** Names a command, so that repeating it has one effect. Remembered for 24 h. */
export const request = z.strictObject({
  key: z.string().min(1).max(200),
  /** Digest of the command's body: the same key with another body is refused. */
  digest: z.string(),
});
export type Request = z.output<typeof request>;
