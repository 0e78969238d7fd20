/**
 * Makes a context the one that is meant. One line of the settings file changes and nothing else: what people wrote
 * around it, comments too, stays theirs. The new text is read before it replaces the old one, in one step.
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Environment } from '../configuration/environment.ts';
import { SettingsError } from './settings-error.ts';
import { parseSettings, readSettingsFile } from './settings-file.ts';

/** Throws a `SettingsError` where there is no such context, or where the file cannot be changed by a line. */
export function useContext(path: string, name: string, environment: Environment): void {
  const file = readSettingsFile(path, environment);
  if (!file.contexts.has(name)) {
    const known = file.contexts.size === 0 ? 'write contexts into it first' : `it holds ${[...file.contexts.keys()].join(', ')}`;
    throw new SettingsError(`there is no context ${JSON.stringify(name.slice(0, 64))} in ${path}`, known);
  }
  // Plain where that is the same name to YAML, else in quotes: `true` and `1` are no texts there.
  const texts = [name, JSON.stringify(name)].map((written) => withCurrent(file.text, file.currentLine, written));
  const text = texts.find((candidate) => says(candidate, name, path, environment));
  if (text === undefined) {
    throw new SettingsError(`${path} cannot be changed by one line`, `write "context: ${name}" into it on a line of its own`);
  }
  replaceFile(path, text);
}

function withCurrent(text: string, line: number | undefined, name: string): string {
  const lines = text.split('\n');
  const written = `context: ${name}`;
  if (line === undefined) return `${written}\n${text}`;
  const comment = /\s+#.*$/.exec(lines[line - 1] ?? '')?.[0] ?? '';
  return lines.with(line - 1, `${written}${comment}`).join('\n');
}

function says(text: string, name: string, path: string, environment: Environment): boolean {
  try {
    const source = { text, bytes: Buffer.byteLength(text), worldReadable: false };
    return parseSettings({ path, source, environment }).current === name;
  } catch {
    return false;
  }
}

/** Whoever reads meanwhile sees the old file or the new one. A link stays a link. */
function replaceFile(path: string, text: string): void {
  const target = realpathSync(path);
  const beside = `${target}.${randomUUID()}`;
  try {
    writeFileSync(beside, text, { mode: 0o600, flag: 'wx' });
    chmodSync(beside, statSync(target).mode & 0o777);
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}
