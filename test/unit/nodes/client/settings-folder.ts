/** A folder of the client's settings that goes when the test ends, and the environment that leads to it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Environment } from '../../../../src/nodes/configuration/environment.ts';

export interface SettingsFolder {
  /** `cli.yaml`, which need not be there. */
  readonly path: string;
  readonly environment: Environment;
  /** Writes a file beside `cli.yaml`, or that one. */
  write(text: string, options?: { readonly name?: string; readonly mode?: number }): string;
}

export function settingsFolder(test: TestContext, variables: Environment = {}): SettingsFolder {
  const folder = mkdtempSync(join(tmpdir(), 'opengslb-settings-'));
  test.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'opengslb', 'cli.yaml');
  mkdirSync(dirname(path));
  return {
    path,
    environment: { XDG_CONFIG_HOME: folder, HOME: folder, ...variables },
    write(text, { name = 'cli.yaml', mode = 0o600 } = {}) {
      const file = join(dirname(path), name);
      writeFileSync(file, text);
      chmodSync(file, mode);
      return file;
    },
  };
}
