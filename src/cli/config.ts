/** `opengslb config validate FILE`: everything that is wrong with a configuration, before a node is started with it. */
import type { Command } from 'commander';
import { ConfigurationError, type Problem } from '../nodes/configuration/problem.ts';
import { type ReadConfiguration, readConfiguration } from '../nodes/configuration/read.ts';
import { exitCodes } from './failure.ts';
import { commandWith, printJson, warn } from './node-flags.ts';
import { style } from './style.ts';

export function configCommand(): Command {
  const example = 'opengslb config validate config/minimal.yaml';
  return commandWith('config', 'Look at a configuration.', example).addCommand(
    commandWith('validate', 'Say whether a node would start with a configuration, and all that is wrong with it.', example)
      .argument('<file>', 'the configuration, in YAML')
      .option('--json', 'as JSON, each problem with its file, line, column and path')
      .action(validate),
  );
}

function validate(path: string, { json }: { readonly json?: true }): void {
  const found = read(path);
  if (json) printJson(asJson(found));
  if (found instanceof ConfigurationError) {
    if (!json) throw found;
    process.exitCode = exitCodes.failed;
    return;
  }
  if (json) return;
  found.warnings.forEach(warn);
  const files = found.files.length === 1 ? '' : ` (${found.files.length} files)`;
  const { domains, mode, agent } = found.configuration;
  const [count, what] = mode === 'agent' ? [agent?.backends.length ?? 0, 'backend'] : [domains.length, 'service'];
  process.stdout.write(`${style.good('valid')}: ${path}${files}, ${mode} with ${count} ${what}${count === 1 ? '' : 's'}\n`);
}

function read(path: string): ReadConfiguration | ConfigurationError {
  try {
    return readConfiguration({ path, environment: process.env });
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}

/** Both forms have the same keys, so that a script needs not look which one it got. */
interface Verdict {
  readonly valid: boolean;
  readonly problems: readonly Problem[];
  readonly problems_not_listed: number;
  readonly warnings: readonly string[];
  readonly files: readonly string[];
}

function asJson(found: ReadConfiguration | ConfigurationError): Verdict {
  if (found instanceof ConfigurationError) {
    const files = [...new Set(found.problems.map(({ file }) => file))];
    return { valid: false, problems: found.problems, problems_not_listed: found.unkept, warnings: [], files };
  }
  return { valid: true, problems: [], problems_not_listed: 0, warnings: found.warnings, files: found.files };
}
