/**
 * Taking up a changed configuration without a restart: the file is read and checked whole, and a file that is wrong
 * changes nothing. What an agent is and where it listens counts from the next start on; what it watches, at once.
 */
import type { Configuration } from '../../events/catalogue/configuration.ts';
import type { Environment } from '../configuration/environment.ts';
import { ConfigurationError } from '../configuration/problem.ts';
import { readConfiguration } from '../configuration/read.ts';
import { waitingForStart } from '../configuration/read-at-start.ts';
import type { Logger } from '../logger.ts';

export interface AgentReloadOptions {
  readonly path: string;
  readonly environment: Environment;
  /** What the agent was started with. */
  readonly started: Configuration;
  readonly logger: Logger;
  /** Resolves when the agent works by it. */
  readonly take: (configuration: Configuration) => Promise<void>;
}

/** Reads the file as it is now; whether it was taken up. Reloads follow one another. */
export function createAgentReload({ path, environment, started, logger, take }: AgentReloadOptions): () => Promise<boolean> {
  const reload = async (): Promise<boolean> => {
    try {
      const { configuration, warnings } = readConfiguration({ path, mode: 'agent', environment });
      for (const warning of warnings) logger.warn(warning);
      await take(configuration);
      logger.info({ needRestart: waitingForStart('agent', started, configuration) }, 'configuration reloaded');
      return true;
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      logger.error(
        { remedy: 'mend the file and reload again' },
        `the configuration was not reloaded, nothing has changed: ${error.message}`,
      );
      return false;
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(reload);
    last = next.catch(() => {});
    return next;
  };
}
