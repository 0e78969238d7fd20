/** `opengslb context`: the named groups of nodes in the client's settings file, and which of them is meant. */
import type { Command } from 'commander';
import { clientSettings } from '../nodes/client/settings.ts';
import { type ContextSettings, readSettingsFile, type SettingsFile, settingsPath } from '../nodes/client/settings-file.ts';
import { useContext } from '../nodes/client/use-context.ts';
import { commandWith, type NodeFlags, printJson, withNodeFlags } from './node-flags.ts';
import { columns, style } from './style.ts';

interface JsonFlag {
  readonly json?: true;
}

export function contextCommand(): Command {
  return commandWith('context', 'Choose which nodes commands speak to.', 'opengslb context list', 'opengslb context use production')
    .addCommand(
      commandWith('list', 'List the contexts of the settings file.', 'opengslb context list')
        .option('--json', 'as JSON')
        .action(({ json }: JsonFlag) => list(readSettingsFile(settingsPath(process.env), process.env), json)),
    )
    .addCommand(
      withNodeFlags(
        commandWith('show', 'Say which nodes commands speak to as things are, and what says so.', 'opengslb context show'),
      ).action(show),
    )
    .addCommand(
      commandWith('use', 'Make a context the one that is meant where none is named.', 'opengslb context use production')
        .argument('<name>', 'a context of the settings file')
        .action((name: string) => {
          useContext(settingsPath(process.env), name, process.env);
          process.stdout.write(`commands now speak to the nodes of ${name}\n`);
        }),
    );
}

function list(file: SettingsFile, json: true | undefined): void {
  const shown = [...file.contexts].map(([name, context]) => ({
    ...{ name, current: name === file.current, endpoints: context.endpoints, token: tokenWords(context) },
    timeout: context.timeout ?? null,
  }));
  if (json) {
    printJson({ file: file.path, contexts: shown });
    return;
  }
  if (shown.length === 0) {
    process.stdout.write(`no contexts: there are none in ${file.path}\n`);
    return;
  }
  const rows = shown.map(({ name, current, endpoints, token }) => [current ? style.good('*') : '', name, endpoints.join(' '), token]);
  process.stdout.write(`${columns(['', 'context', 'nodes', 'token'], rows)}\n`);
}

/** Where it comes from, never what it is. */
function tokenWords({ token, tokenFile }: ContextSettings): string {
  return tokenFile ?? (token === undefined ? 'none' : 'in the settings');
}

function show(flags: NodeFlags): void {
  const { endpoints, namedBy, timeoutMs, token } = clientSettings(flags, process.env);
  if (flags.json) {
    printJson({ named_by: namedBy, endpoints, token: token !== undefined, timeout_ms: timeoutMs });
    return;
  }
  const known = token === undefined ? 'without a token' : 'with a token';
  process.stdout.write(`${endpoints.join('\n')}\n${style.dim(`by ${namedBy}; ${known}; each has ${timeoutMs / 1000} s to answer`)}\n`);
}
