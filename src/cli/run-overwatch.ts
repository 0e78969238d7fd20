/** An overwatch from its start to its end: it runs until SIGINT or SIGTERM; a second one ends it at once. */
import type { ReadConfiguration } from '../nodes/configuration/read.ts';
import type { Logger } from '../nodes/logger.ts';
import type { Overwatch } from '../nodes/overwatch/overwatch.ts';
import { version } from '../nodes/version.ts';
import { exitCodes } from './failure.ts';
import { nextSignal } from './next-signal.ts';

/** A stop that takes longer is cut short. */
const stopWithinMs = 10_000;

export async function runOverwatch(read: ReadConfiguration, path: string): Promise<void> {
  return untilStopped(await start(read, path));
}

interface Started {
  readonly overwatch: Overwatch;
  readonly logger: Logger;
  readonly settleMemory: () => Promise<void>;
}

/** Nothing of what was read is held any longer than this takes. */
async function start({ configuration, warnings }: ReadConfiguration, path: string): Promise<Started> {
  // What only a node needs is loaded only by a node: the other commands start in a fraction of the time.
  const [{ createLogger }, { startOverwatch }, { settleMemory }] = await Promise.all([
    import('../nodes/logger.ts'),
    import('../nodes/overwatch/overwatch.ts'),
    import('../nodes/settled-memory.ts'),
  ]);
  const logger = createLogger(configuration.logging);
  for (const warning of warnings) logger.warn(warning);
  const overwatch = await startOverwatch({ path, configuration, version, logger, environment: process.env });
  return { overwatch, logger, settleMemory };
}

async function untilStopped({ overwatch, logger, settleMemory }: Started): Promise<void> {
  process.on('SIGHUP', () => void overwatch.reload({ actor: { kind: 'system', name: 'SIGHUP' }, force: false }));
  const signalled = nextSignal();
  // Not before: until here the start itself still holds what it was given.
  void overwatch.atRest().then(settleMemory);
  const signal = await signalled;
  logger.info({ signal }, 'stopping');
  const cutShort = setTimeout(() => {
    logger.error({ stopWithinMs }, 'the stop took too long and was cut short');
    process.exit(exitCodes.failed);
  }, stopWithinMs);
  void nextSignal().then(() => process.exit(exitCodes.failed));
  await overwatch.stop(signal);
  clearTimeout(cutShort);
  logger.info('stopped');
  process.exit(exitCodes.done);
}
