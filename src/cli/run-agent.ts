/**
 * An agent from its start to its end. Told to stop, it drains first, for as long as resolvers may keep an answer with its
 * backends, and only then stops; told once more, it stops at once, and clients that are still sent here find nobody.
 */
import type { ReadConfiguration } from '../nodes/configuration/read.ts';
import { version } from '../nodes/version.ts';
import { exitCodes } from './failure.ts';
import { nextSignal } from './next-signal.ts';

/** A stop that takes longer is cut short. The drain before it is not part of it. */
const stopWithinMs = 10_000;
/** How long a goodbye may take: in order, and after a second signal. */
const goodbyeMs = 5_000;
const shortGoodbyeMs = 300;

export async function runAgent({ configuration, warnings }: ReadConfiguration, path: string): Promise<void> {
  const [{ createLogger }, { startAgent }] = await Promise.all([import('../nodes/logger.ts'), import('../nodes/agent/agent.ts')]);
  const logger = createLogger(configuration.logging);
  for (const warning of warnings) logger.warn(warning);
  const agent = await startAgent({ path, configuration, version, logger, environment: process.env });
  process.on('SIGHUP', () => void agent.reload());
  void agent.broken.then((error) => {
    logger.fatal({ err: error }, 'the gossip broke down, and nobody hears this agent any more: start it again');
    process.exit(exitCodes.failed);
  });

  const signal = await nextSignal();
  const cutShort = new AbortController();
  void nextSignal().then(() => cutShort.abort());
  logger.info({ signal }, 'stopping');
  const drained = await agent.drain(cutShort.signal);
  if (drained === 'cut-short') logger.warn('the drain was cut short: clients may still be sent here');
  setTimeout(() => {
    logger.error({ stopWithinMs }, 'the stop took too long and was cut short');
    process.exit(exitCodes.failed);
  }, stopWithinMs).unref();
  cutShort.signal.addEventListener('abort', () => process.exit(exitCodes.failed));
  await agent.stop(drained === 'waited' ? goodbyeMs : shortGoodbyeMs);
  logger.info('stopped');
  process.exit(drained === 'waited' ? exitCodes.done : exitCodes.failed);
}
