/** `opengslb overwatch --config FILE`: checks servers and serves DNS until it is told to stop. */
import { Command } from 'commander';
import { readConfiguration } from '../nodes/configuration/read.ts';
import { version } from '../nodes/version.ts';
import { CommandFailure, exitCodes } from './failure.ts';

/** A stop that takes longer is cut short. */
const stopWithinMs = 10_000;

interface OverwatchOptions {
  readonly config: string;
  readonly mode?: string | undefined;
}

export function overwatchCommand(): Command {
  return new Command('overwatch')
    .description('Check servers from outside and serve authoritative DNS with those that are fit.')
    .requiredOption('--config <file>', 'its configuration, in YAML', '/etc/opengslb/config.yaml')
    .addHelpText('after', '\nExample:\n  opengslb overwatch --config config/minimal.yaml\n')
    .action((options: OverwatchOptions) => runOverwatch(options));
}

/** Runs until SIGINT or SIGTERM; a second one ends it at once. */
export async function runOverwatch({ config, mode = 'overwatch' }: OverwatchOptions): Promise<void> {
  if (mode !== 'overwatch') {
    throw new CommandFailure(`there is no mode ${mode}`, exitCodes.usage, 'use --mode overwatch; agents are not part of this version');
  }
  const { configuration, warnings } = readConfiguration({ path: config, mode, environment: process.env });
  // What only a node needs is loaded only by a node: the other commands start in a fraction of the time.
  const [{ createLogger }, { startOverwatch }] = await Promise.all([
    import('../nodes/logger.ts'),
    import('../nodes/overwatch/overwatch.ts'),
  ]);
  const logger = createLogger(configuration.logging);
  for (const warning of warnings) logger.warn(warning);
  const overwatch = await startOverwatch({ path: config, configuration, version, logger, environment: process.env });
  process.on('SIGHUP', () => void overwatch.reload({ actor: { kind: 'system', name: 'SIGHUP' }, force: false }));
  const signal = await nextSignal();
  logger.info({ signal }, 'stopping');
  const cutShort = setTimeout(() => {
    logger.error({ stopWithinMs }, 'the stop took too long and was cut short');
    process.exit(exitCodes.failed);
  }, stopWithinMs);
  process.once('SIGINT', () => process.exit(exitCodes.failed));
  process.once('SIGTERM', () => process.exit(exitCodes.failed));
  await overwatch.stop(signal);
  clearTimeout(cutShort);
  logger.info('stopped');
  process.exit(exitCodes.done);
}

function nextSignal(): Promise<'SIGINT' | 'SIGTERM'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
  });
}
