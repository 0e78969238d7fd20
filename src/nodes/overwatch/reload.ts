/**
 * Taking up a changed configuration without a restart: the file is read and checked whole, and only then the difference
 * is applied, by the same order as at start. A file that is wrong, or that would leave a name without a fit server,
 * changes nothing.
 */
import { isRefusal } from '../../commands/command.ts';
import type { Configuration } from '../../events/catalogue/configuration.ts';
import type { Actor } from '../../events/event.ts';
import { ConfigurationError } from '../configuration/problem.ts';
import { type ReadConfiguration, readConfiguration } from '../configuration/read.ts';
import { waitingForStart } from '../configuration/read-at-start.ts';
import { type RedactedConfiguration, withoutSecrets } from '../configuration/without-secrets.ts';
import { zoneSet } from '../dns/zones.ts';
import type { Engine } from '../engine.ts';
import type { Logger } from '../logger.ts';

/** `position`: of the last fact that it made true; null where nothing had changed. */
export type ReloadOutcome =
  | { readonly applied: true; readonly position: number | null; readonly needRestart: readonly string[] }
  | { readonly applied: false; readonly error: string; readonly remedy: string };

/** Replaced by a reload; read by whoever checks servers. */
export interface SecretsInUse {
  current: RedactedConfiguration['secrets'];
}

/** Applies the file as it is now. `force` goes past the guard. */
export type Reload = (asked: { readonly actor: Actor; readonly force: boolean; readonly key?: string }) => Promise<ReloadOutcome>;

export interface ReloadOptions {
  readonly path: string;
  readonly engine: Engine;
  readonly redactionKey: Uint8Array;
  readonly logger: Logger;
  /** What the node was started with: what stands in `readAtStart` of it counts until the next start. */
  readonly started: Configuration;
  /** What stands behind the digests in the configuration in force. */
  readonly secrets: SecretsInUse;
  /** Told of each attempt. */
  readonly onOutcome?: (outcome: ReloadOutcome) => void;
}

export function createReload(options: ReloadOptions): Reload {
  const { engine, redactionKey, logger, started, secrets } = options;

  const attempt: Reload = async ({ actor, force, key }) => {
    const read = readOrRefuse(options.path);
    if ('applied' in read) return read;
    const { configuration, warnings } = read;
    const zones = zoneSet(configuration, configuration.dns.listen_address);
    if (zones.problems.length > 0) return refused(zones.problems.join('\n'), 'mend dns.zones in the configuration');
    for (const warning of [...warnings, ...zones.warnings]) logger.warn(warning);
    const redacted = withoutSecrets(configuration, redactionKey);
    const before = secrets.current;
    // Both, until it is decided: what is folded is looked up at once.
    secrets.current = new Map([...before, ...redacted.secrets]);
    const command = { kind: 'applyConfiguration', configuration: redacted.configuration, force } as const;
    const outcome = await engine.execute({ actor, command, ...(key !== undefined && { key }) });
    secrets.current = isRefusal(outcome) ? before : redacted.secrets;
    if (isRefusal(outcome)) return refused(outcome.error, outcome.remedy);
    return {
      applied: true,
      position: outcome.events.at(-1)?.position ?? null,
      needRestart: waitingForStart('overwatch', started, configuration),
    };
  };

  return async (asked) => {
    const outcome = await attempt(asked);
    options.onOutcome?.(outcome);
    if (outcome.applied) logger.info({ position: outcome.position, needRestart: outcome.needRestart }, 'configuration reloaded');
    else logger.error({ remedy: outcome.remedy }, `the configuration was not reloaded, nothing has changed: ${outcome.error}`);
    return outcome;
  };
}

function refused(error: string, remedy: string): ReloadOutcome & { readonly applied: false } {
  return { applied: false, error, remedy };
}

function readOrRefuse(path: string): ReadConfiguration | (ReloadOutcome & { readonly applied: false }) {
  try {
    return readConfiguration({ path, mode: 'overwatch', environment: process.env });
  } catch (error) {
    if (error instanceof ConfigurationError) return refused(error.message, 'mend the file and reload again');
    throw error;
  }
}
