/** How a node closes what it opened: in the opposite order, and the rest all the same where one of them fails. */
import type { Logger } from './logger.ts';

export type Closer = () => Promise<unknown> | void;

/** What cannot be closed is told. */
export async function closeAll(closers: readonly Closer[], logger: Logger): Promise<void> {
  for (const close of [...closers].reverse()) {
    try {
      await close();
    } catch (error) {
      logger.error({ err: error }, 'closing failed');
    }
  }
}
