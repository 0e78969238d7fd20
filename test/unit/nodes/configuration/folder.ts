/** Real files for tests of reading: a new folder for each test, removed when it ends. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { ConfigurationError, type Problem } from '../../../../src/nodes/configuration/problem.ts';
import { type ReadConfiguration, readConfiguration } from '../../../../src/nodes/configuration/read.ts';

/** The smallest configuration without problems; tests change one thing about it. */
export const valid = `
regions:
  - name: eu
    servers:
      - { service: app.example.com, address: 192.0.2.1 }
domains:
  - { name: app.example.com, regions: [eu] }
`;

export function newFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'opengslb-configuration-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files that only this user may read; returns their folder. */
export function folderWith(test: TestContext, files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = newFolder(test);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
    chmodSync(join(folder, name), 0o600);
  }
  return folder;
}

type Options = Partial<Omit<Parameters<typeof readConfiguration>[0], 'path'>>;

/** Reads `main.yaml` of a folder. */
export function readIn(folder: string, options: Options = {}): ReadConfiguration {
  return readConfiguration({ path: join(folder, 'main.yaml'), environment: {}, ...options });
}

/** Reads one text as a file. */
export function readText(test: TestContext, text: string, options: Options = {}): ReadConfiguration {
  return readIn(folderWith(test, { 'main.yaml': text }), options);
}

/** What a read that must fail complains about. */
export function problemsOf(read: () => unknown): readonly Problem[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  throw new Error('it was read without a problem');
}

/** As `line:column path: message; remedy`, without the folder, which is another one each time. */
export function complaints(read: () => unknown): readonly string[] {
  return problemsOf(read).map(({ file, line, column, path, message, remedy }) => {
    const words = `${line}:${column} ${path}: ${message}${remedy === undefined ? '' : `; ${remedy}`}`;
    return words.replaceAll(`${dirname(file)}/`, '');
  });
}

export function complaintsOf(test: TestContext, text: string, options: Options = {}): readonly string[] {
  const folder = folderWith(test, { 'main.yaml': text });
  return complaints(() => readIn(folder, options)).map((line) => line.replaceAll(`${folder}/`, ''));
}
