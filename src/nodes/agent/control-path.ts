/**
 * Where the agent of a configuration listens for commands. For the command line the file is only looked into, not
 * checked: whoever drains a host has seldom the agent's secrets in the environment, and must not need them.
 */
import { join } from 'node:path';
import type { Environment } from '../configuration/environment.ts';
import { ConfigurationError, type Problem } from '../configuration/problem.ts';
import { readSources } from '../configuration/read-sources.ts';
import { plainValue, treeAt } from '../configuration/tree.ts';

/** As the schema has them; the CLI reads no schema. */
export const defaultStateFolder = '/var/lib/opengslb/agent';

export interface ControlPathSettings {
  readonly control_socket?: string | undefined;
  readonly state_dir: string;
}

export function controlPath({ control_socket: socket, state_dir: folder }: ControlPathSettings): string {
  return socket ?? join(folder, 'agent.sock');
}

/** Throws a `ConfigurationError` where the file, or one of the two settings, cannot be read. */
export function controlPathIn(path: string, environment: Environment): string {
  const problems: Problem[] = [];
  const { tree } = readSources({ path, environment, report: (problem) => problems.push(problem), warn: () => {} });
  const inTheWay = problems.filter((problem) => ['agent.control_socket', 'agent.state_dir'].includes(problem.path));
  if (tree === undefined || inTheWay.length > 0) throw new ConfigurationError(tree === undefined ? problems : inTheWay);
  const setting = (name: string): string | undefined => {
    const found = treeAt(tree, ['agent', name]);
    const value = found === undefined ? null : plainValue(found);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  return controlPath({ control_socket: setting('control_socket'), state_dir: setting('state_dir') ?? defaultStateFolder });
}
