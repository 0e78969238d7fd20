/**
 * A gossip that is started again when it breaks down: its thread may die, and agents must not be lost to a node that still
 * answers DNS for want of a restart. The first start fails as any does; later ones are tried until one succeeds.
 */
import type { Gossip, GossipOptions } from '../../gossip/gossip.ts';
import type { startGossip } from '../../gossip/start-gossip.ts';
import type { Logger } from '../../logger.ts';
import type { Clock } from '../../world.ts';
import { agentLimits } from './limits.ts';

export interface LastingGossip {
  /** The one that runs, or the one that broke down last. */
  current(): Gossip;
  /** Leaves in order and closes; no other is started. */
  close(): Promise<void>;
}

export interface LastingParts {
  readonly start: typeof startGossip;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'error'>;
  /** Whom it knew is unknown now: the next one tells of members anew. */
  readonly lost: () => void;
}

export async function openLastingGossip(
  options: Omit<GossipOptions, 'hears'> & { readonly hears: Omit<GossipOptions['hears'], 'failed'> },
  { start, clock, logger, lost }: LastingParts,
): Promise<LastingGossip> {
  let callOff = () => {};
  let closed = false;

  const open = () => start({ ...options, hears: { ...options.hears, failed } });
  function failed(error: Error): void {
    logger.error({ err: error }, 'the gossip broke down, and no agent is heard until it is started again; DNS goes on');
    lost();
    openLater();
  }
  function openLater(): void {
    if (!closed) callOff = clock.wakeAt(clock.now() + agentLimits.reopenMs, () => void openAgain());
  }
  async function openAgain(): Promise<void> {
    try {
      const anew = await open();
      // The node stopped meanwhile.
      if (closed) return await anew.close();
      gossip = anew;
      logger.info('the gossip was started again');
    } catch (error) {
      logger.error({ err: error }, 'the gossip cannot be started again yet');
      openLater();
    }
  }

  let gossip = await open();
  return {
    current: () => gossip,
    async close() {
      closed = true;
      callOff();
      // One that broke down has nobody to say goodbye to.
      await gossip.leave(agentLimits.leaveMs).catch(() => {});
      await gossip.close();
    },
  };
}
