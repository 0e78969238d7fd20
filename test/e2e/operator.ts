/** An operator at a shell: the built `opengslb`, with a home of its own and nothing of this process's settings. */
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectOutput, type Finished, program } from './overwatch-process.ts';

export interface Operator {
  /** Runs `opengslb` with these words to its end. */
  run(...args: readonly string[]): Promise<Finished>;
  /** The same operator, with these variables in addition. */
  with(variables: Readonly<Record<string, string>>): Operator;
}

/** `home` holds their settings file, `opengslb/cli.yaml`, once there is one. */
export function operatorAt(home: string, variables: Readonly<Record<string, string>> = {}): Operator {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('OPENGSLB_') && !name.startsWith('NODE_'));
  const env = { ...Object.fromEntries(inherited), XDG_CONFIG_HOME: home, ...variables };
  return {
    run: (...args) => collectOutput(spawn(process.execPath, [program, ...args], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })),
    with: (more) => operatorAt(home, { ...variables, ...more }),
  };
}

/** Writes the settings file, which only its owner may read. */
export async function writeSettings(home: string, lines: readonly string[]): Promise<void> {
  await mkdir(join(home, 'opengslb'), { recursive: true });
  await writeFile(join(home, 'opengslb', 'cli.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 });
}
