/**
 * One child process of the demo: started with a leash, so that it never outlives the demo, and ended by its own pid,
 * never by a name. What it prints on standard error is kept, a little of it, for the sentence that says why it failed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How long a child may take to stop in order before it is killed. */
const stopWithinMs = 5_000;
/** Characters that are kept of what a child prints; the newest. */
const outputMax = 1 << 20;
const complaintMax = 4_096;

export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** Undefined as long as it runs. */
  readonly end: ChildEnd | undefined;
  readonly ended: Promise<ChildEnd>;
  /** What it printed on standard output. */
  output(): string;
  /** The last that it printed on standard error. */
  complaint(): string;
  /** Resolves with the first message that it sends; undefined: it ended before. */
  readonly said: Promise<unknown>;
  /** SIGKILL: what a crash looks like from outside. */
  kill(): Promise<ChildEnd>;
  /** SIGTERM, and SIGKILL where that does not help in time. */
  stop(withinMs?: number): Promise<ChildEnd>;
}

export interface ChildOptions {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What is put before its command line for it to run elsewhere, such as in a network of its own. Default: nothing. */
  readonly within?: readonly string[];
}

/** A file of this folder, in the language in which this one runs: TypeScript from the sources, JavaScript once built. */
export function siblingFile(name: string): string {
  return fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));
}

/** `program` is a script and its arguments, for the Node that runs this. */
export function startChild(program: readonly string[], options: ChildOptions): Child {
  const [file = '', ...words] = [...(options.within ?? []), process.execPath, ...loaders(), '--import', leash(), ...program];
  const child = spawn(file, words, {
    cwd: options.folder,
    env: { ...options.environment },
    // A group of its own: Ctrl-C reaches the demo alone, which ends its children in their order.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = newestOf(child.stdout, outputMax);
  const complaint = newestOf(child.stderr, complaintMax);
  let end: ChildEnd | undefined;
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once('error', () => resolve((end = { code: null, signal: null })));
    child.once('close', (code, signal) => resolve((end = { code, signal })));
  });
  const said = new Promise<unknown>((resolve) => {
    child.once('message', resolve);
    void ended.then(() => resolve(undefined));
  });
  return {
    pid: child.pid ?? 0,
    get end() {
      return end;
    },
    ended,
    said,
    output,
    complaint,
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
    async stop(withinMs = stopWithinMs) {
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), withinMs);
      const how = await ended;
      clearTimeout(killer);
      return how;
    },
  };
}

/** A module that loads the leash, in the main thread alone: threads of a child inherit what it was told to load first. */
function leash(): string {
  const file = new URL(`./leash${extname(import.meta.url)}`, import.meta.url).href;
  const module = `import { isMainThread } from 'node:worker_threads'; if (isMainThread) await import(${JSON.stringify(file)});`;
  return `data:text/javascript,${encodeURIComponent(module)}`;
}

/** What this Node was told to load first. Names of packages are made whole, because the child runs in another folder. */
function loaders(): string[] {
  const isPackage = (name: string) => !name.includes(':') && !name.startsWith('/') && !name.startsWith('.');
  return process.execArgv.map((argument, index, all) =>
    all[index - 1] === '--import' && isPackage(argument) ? import.meta.resolve(argument) : argument,
  );
}

function newestOf(stream: ChildProcess['stdout'], charactersMax: number): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (piece: string) => {
    text = (text + piece).slice(-charactersMax);
  });
  return () => text;
}
