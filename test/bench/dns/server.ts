/** A server under measurement: where it listens, and what stops it while others have their turn on its core. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { encode } from 'dns-packet';
import { until } from '../../e2e/overwatch-process.ts';
import { exchange } from './exchange.ts';

export interface BenchServer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  end(): Promise<void>;
}

export const endChild = async (child: ChildProcess) => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  // One that stands still does not hear of its end.
  child.kill('SIGCONT');
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 3_000);
  await gone;
  clearTimeout(patience);
};

/** A program that prints the port that it serves. */
export async function startPrinting(name: string, [file = '', ...args]: readonly string[]): Promise<BenchServer> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const early = once(child, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended early, with ${code}`)));
  const [port] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), early])) as [string];
  early.catch(() => {});
  return { name, port: Number(port), pid: child.pid as number, end: () => endChild(child) };
}

/** A program that was told its port: it serves once it answers for this name. */
export async function startAnswering(
  name: string,
  [file = '', ...args]: readonly string[],
  port: number,
  asked: string,
): Promise<BenchServer> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
  }
  try {
    await until(
      `${name} answers`,
      async () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`${name} ended early: ${said.trim()}`);
        const reply = await exchange(port, encode({ type: 'query', id: 1, questions: [{ type: 'A', name: asked }] }), 200);
        return reply !== undefined && (reply.readUInt8(3) & 15) === 0 ? true : undefined;
      },
      60_000,
    );
  } catch (error) {
    await endChild(child);
    throw error;
  }
  return { name, port, pid: child.pid as number, end: () => endChild(child) };
}
