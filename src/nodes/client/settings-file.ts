/**
 * The client's settings file, `cli.yaml`: named contexts, each one or many nodes and the token for them. It is read as a
 * configuration is, so what is wrong is told with file and line. No value of it is ever part of a message, because the
 * value that stands in the wrong place may be the token.
 */
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { z } from 'zod';
import { duration } from '../../events/catalogue/scalars.ts';
import type { Environment } from '../configuration/environment.ts';
import { type Problem, problemList, type Report } from '../configuration/problem.ts';
import { parseTree } from '../configuration/schema-problems.ts';
import { readSourceFile, type SourceFile } from '../configuration/source-file.ts';
import { type MapTree, placeAt, plainValue, treeAt } from '../configuration/tree.ts';
import { yamlTree } from '../configuration/yaml-tree.ts';
import { endpointExpected, parseEndpoint } from './endpoint.ts';
import { clientLimits } from './limits.ts';
import { isToken, tokenExpected } from './token.ts';

const context = z
  .strictObject({
    /** Every node that a change goes to. */
    endpoints: z
      .array(z.string().refine((text) => parseEndpoint(text) !== undefined, endpointExpected))
      .min(1)
      .max(clientLimits.endpointsMax),
    /** What the nodes know whoever asks by. Better a variable, `${NAME:-}`, or `token_file`. Empty: none. */
    token: z
      .string()
      .refine((text) => text === '' || isToken(text), tokenExpected)
      .optional(),
    /** A file that holds the token and nothing else; from this file's folder on. */
    token_file: z.string().min(1).optional(),
    /** How long a node has to answer. Default 10s. */
    timeout: duration(clientLimits.timeoutMsMin).optional(),
  })
  .refine(({ token, token_file: file }) => token === undefined || file === undefined, {
    path: ['token_file'],
    message: 'expected either token or token_file, not both',
  });

const settings = z
  .strictObject({
    /** The context that is meant where none is named. */
    context: z.string().optional(),
    contexts: z.record(z.string().regex(/^[\w.-]{1,64}$/, 'expected a name of letters, digits, dots and dashes'), context).default({}),
  })
  .refine(({ context: current, contexts }) => current === undefined || Object.hasOwn(contexts, current), {
    path: ['context'],
    message: 'names a context that is not under contexts',
  });

export interface ContextSettings {
  readonly endpoints: readonly string[];
  readonly token?: string;
  /** An absolute path. */
  readonly tokenFile?: string;
  readonly timeout?: string;
}

export interface SettingsFile {
  readonly path: string;
  /** The context that is meant where none is named. */
  readonly current?: string;
  readonly contexts: ReadonlyMap<string, ContextSettings>;
  /** Its text and the line on which `context:` stands, for whoever changes it. */
  readonly text: string;
  readonly currentLine?: number;
}

/** `$XDG_CONFIG_HOME/opengslb/cli.yaml`. What is not absolute there counts as not set, as the XDG rules say. */
export function settingsPath(environment: Environment): string {
  const configured = environment.XDG_CONFIG_HOME ?? '';
  const folder = isAbsolute(configured) ? configured : join(environment.HOME || homedir(), '.config');
  return join(folder, 'opengslb', 'cli.yaml');
}

/** Throws a `ConfigurationError`. A file that is not there holds no contexts. */
export function readSettingsFile(path: string, environment: Environment): SettingsFile {
  const problems = problemList();
  let missing = false;
  const source = readSourceFile(path, (message, remedy, line = 1) => {
    missing ||= message === 'there is no such file';
    problems.report({ file: path, line, column: 1, path: '', message, remedy });
  });
  if (missing) return { path, contexts: new Map(), text: '' };
  if (source === undefined) return problems.fail();
  return parseSettings({ path, source, environment });
}

/** The same for a text, whether or not it stands in the file yet. */
export function parseSettings({ path, source, environment }: { path: string; source: SourceFile; environment: Environment }): SettingsFile {
  const problems = problemList();
  const report: Report = ({ value: _, ...problem }: Problem) => problems.report(problem);
  const tree = yamlTree({ text: source.text, file: path, environment, report });
  if (tree === undefined) return problems.fail();
  problems.failIfAny();
  const parsed = parseTree(settings, tree, plainValue(tree));
  if ('problems' in parsed) {
    parsed.problems.forEach(report);
    return problems.fail();
  }
  const { context: current, contexts } = parsed.value;
  if (source.worldReadable) for (const name of Object.keys(contexts)) refuseOpenToken(tree, name, path, report);
  problems.failIfAny();
  const entry = tree.entries.get('context');
  return {
    path,
    text: source.text,
    contexts: new Map(Object.entries(contexts).map(([name, written]) => [name, shaped(written, dirname(path), environment)])),
    ...(current !== undefined && { current }),
    ...(entry !== undefined && { currentLine: entry.keyPlace.line }),
  };
}

/** A token that came from a variable is not in the file, so whoever reads the file does not have it. */
function refuseOpenToken(tree: MapTree, name: string, file: string, report: Report): void {
  const path = ['contexts', name, 'token'];
  const token = treeAt(tree, path);
  if (token?.kind !== 'scalar' || !token.literal) return;
  const message = 'is a token in a file that every user of this machine may read';
  report({ ...placeAt(tree, path), path: path.join('.'), message, remedy: `chmod 600 ${file}, or put it into a token_file` });
}

function shaped(written: z.output<typeof context>, folder: string, environment: Environment): ContextSettings {
  const { endpoints, token, token_file: tokenFile, timeout } = written;
  return {
    endpoints: endpoints.map((text) => parseEndpoint(text) as string),
    ...(token && { token }),
    ...(tokenFile !== undefined && { tokenFile: resolve(folder, tokenFile.replace(/^~(?=\/)/, environment.HOME || homedir())) }),
    ...(timeout !== undefined && { timeout }),
  };
}

/** The one token that a file holds. */
export function readTokenFile(path: string): string {
  const place = { file: path, line: 1, column: 1, path: '' };
  const problems = problemList();
  const source = readSourceFile(path, (message, remedy) => problems.report({ ...place, message, remedy }));
  problems.failIfAny();
  const token = source?.text.trim() ?? '';
  if (source?.worldReadable)
    problems.report({ ...place, message: 'holds a token and may be read by every user', remedy: `chmod 600 ${path}` });
  if (!isToken(token)) problems.report({ ...place, message: 'holds no token', remedy: tokenExpected });
  problems.failIfAny();
  return token;
}
