/**
 * Which nodes are meant, by which token they know us, and how long they have. What stands on the command line goes
 * before the environment, and that before the file:
 *
 *     nodes     --api | --context   OPENGSLB_API | OPENGSLB_CONTEXT   the file's `context`, or its only one   this machine
 *     token     --token             OPENGSLB_TOKEN                    the context's
 *     timeout   --timeout           OPENGSLB_TIMEOUT                  the context's                           10s
 *
 * A context's token goes to that context's nodes alone: with nodes named by URL, the file is not even opened.
 */
import { durationMs, durationPattern, durationText } from '../../events/duration.ts';
import type { Environment } from '../configuration/environment.ts';
import { nearest } from '../configuration/nearest.ts';
import { endpointExpected, parseEndpoint } from './endpoint.ts';
import { clientLimits } from './limits.ts';
import { SettingsError } from './settings-error.ts';
import { type ContextSettings, readSettingsFile, readTokenFile, type SettingsFile, settingsPath } from './settings-file.ts';
import { isToken, tokenExpected } from './token.ts';

/** As the command line gives them. */
export interface ClientFlags {
  readonly api?: readonly string[];
  readonly token?: string;
  readonly timeout?: string;
  readonly context?: string;
}

export interface ClientSettings {
  readonly endpoints: readonly string[];
  readonly token?: string;
  readonly timeoutMs: number;
  /** Who named the nodes, for messages: `--api`, `the context production`. */
  readonly namedBy: string;
}

interface Nodes {
  readonly endpoints: readonly string[];
  readonly namedBy: string;
  readonly context?: ContextSettings;
}

/** Throws a `SettingsError`, or a `ConfigurationError` about a file. */
export function clientSettings(flags: ClientFlags, environment: Environment): ClientSettings {
  const { context, endpoints, namedBy } = chosenNodes(flags, environment);
  const token = chosenToken(flags, environment, context);
  const timeoutMs = chosenTimeout(flags, environment, context);
  return { endpoints, namedBy, timeoutMs, ...(token !== undefined && { token }) };
}

/** The nodes of the first place that names any. */
function chosenNodes(flags: ClientFlags, environment: Environment): Nodes {
  const byFlag = named({ api: flags.api, apiName: '--api', context: flags.context, contextName: '--context' }, environment);
  if (byFlag !== undefined) return byFlag;
  const { OPENGSLB_API: api, OPENGSLB_CONTEXT: context } = environment;
  const written = api?.split(/[\s,]+/).filter((text) => text !== '');
  const variables = { api: written, apiName: 'OPENGSLB_API', context, contextName: 'OPENGSLB_CONTEXT' };
  return named(variables, environment) ?? ofFile(readSettingsFile(settingsPath(environment), environment)) ?? thisMachine;
}

const thisMachine: Nodes = { endpoints: ['http://127.0.0.1:8080'], namedBy: 'default, because nothing names another node' };

interface Naming {
  readonly api: readonly string[] | undefined;
  readonly apiName: string;
  readonly context: string | undefined;
  readonly contextName: string;
}

function named({ api = [], apiName, context = '', contextName }: Naming, environment: Environment): Nodes | undefined {
  if (api.length > 0 && context !== '') {
    throw new SettingsError(`${apiName} and ${contextName} both say which nodes are meant`, 'give only one of them');
  }
  if (context !== '') return inContext(readSettingsFile(settingsPath(environment), environment), context, contextName);
  if (api.length === 0) return undefined;
  if (api.length > clientLimits.endpointsMax) {
    throw new SettingsError(`${apiName} names more than ${clientLimits.endpointsMax} nodes`, 'name fewer');
  }
  const endpoints = api.map((text) => {
    const endpoint = parseEndpoint(text);
    if (endpoint === undefined) throw new SettingsError(`${apiName}: this is no URL of a node`, endpointExpected);
    return endpoint;
  });
  return { endpoints: [...new Set(endpoints)], namedBy: apiName };
}

function inContext(file: SettingsFile, name: string, namedBy: string): Nodes {
  const context = file.contexts.get(name);
  if (context !== undefined) return { endpoints: [...new Set(context.endpoints)], namedBy: `the context ${name}`, context };
  const meant = nearest(name, [...file.contexts.keys()]);
  const known = file.contexts.size === 0 ? 'it holds none' : `it holds ${[...file.contexts.keys()].join(', ')}`;
  const remedy = meant === undefined ? known : `did you mean ${meant}?`;
  throw new SettingsError(`${namedBy}: there is no context ${JSON.stringify(name.slice(0, 64))} in ${file.path}`, remedy);
}

function ofFile(file: SettingsFile): Nodes | undefined {
  const name = file.current ?? (file.contexts.size === 1 ? [...file.contexts.keys()][0] : undefined);
  if (name !== undefined) return inContext(file, name, 'context');
  if (file.contexts.size === 0) return undefined;
  throw new SettingsError(
    `${file.path} holds ${file.contexts.size} contexts and says of none that it is meant`,
    `choose one with "opengslb context use NAME" or --context: ${[...file.contexts.keys()].join(', ')}`,
  );
}

function chosenToken(flags: ClientFlags, environment: Environment, context: ContextSettings | undefined): string | undefined {
  const given = flags.token ?? (environment.OPENGSLB_TOKEN || undefined);
  if (given !== undefined) {
    if (isToken(given)) return given;
    throw new SettingsError(`${flags.token === undefined ? 'OPENGSLB_TOKEN' : '--token'} holds no token`, tokenExpected);
  }
  return context?.tokenFile === undefined ? context?.token : readTokenFile(context.tokenFile);
}

function chosenTimeout(flags: ClientFlags, environment: Environment, context: ContextSettings | undefined): number {
  const text = flags.timeout ?? (environment.OPENGSLB_TIMEOUT || context?.timeout);
  if (text === undefined) return clientLimits.timeoutMsDefault;
  // A bare number counts seconds, as it does in the original's client.
  const written = /^\d{1,6}$/.test(text) ? `${text}s` : text;
  const ms = durationPattern.test(written) ? durationMs(written) : Number.NaN;
  if (ms >= clientLimits.timeoutMsMin && ms <= clientLimits.timeoutMsMax) return ms;
  const where = flags.timeout !== undefined ? '--timeout' : environment.OPENGSLB_TIMEOUT ? 'OPENGSLB_TIMEOUT' : 'timeout of the context';
  const range = `from ${durationText(clientLimits.timeoutMsMin)} to ${durationText(clientLimits.timeoutMsMax)}`;
  throw new SettingsError(`${where}: this is no time that a node can have`, `expected a duration such as 5s, ${range}`);
}
