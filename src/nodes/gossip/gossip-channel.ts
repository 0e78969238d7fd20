/**
 * The way to a running member, which is the same whether it runs in a thread of its own or in this one. A thread that ends
 * without having been asked to is told as `broken`; nothing that was posted to it is answered then.
 */
import { Worker } from 'node:worker_threads';
import type { Command, MemberSettings, Notice, Started } from './gossip-commands.ts';
import { GossipError } from './gossip-error.ts';
import { startMember } from './gossip-member.ts';
import { threadFile } from './thread-file.ts';
import { errorOf, type Greeting } from './thread-greeting.ts';

export interface GossipChannel {
  readonly started: Started;
  post(command: Command): void;
  /** After it was closed: the thread is gone then. */
  end(): Promise<void>;
}

export async function openLocalChannel(settings: MemberSettings, tell: (notice: Notice) => void): Promise<GossipChannel> {
  const member = await startMember(settings, tell);
  return { started: member.started, post: member.command, end: async () => {} };
}

/** Throws what the start in the thread threw. */
export async function openThreadChannel(
  settings: MemberSettings,
  tell: (notice: Notice) => void,
  file: URL = threadFile('gossip-thread'),
): Promise<GossipChannel> {
  const worker = new Worker(file, { workerData: settings, name: 'gossip' });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const end = async () => {
    await worker.terminate();
    await ended;
  };
  let isExpected = true;
  const started = await new Promise<Started>((resolve, reject) => {
    worker.once('message', (greeting: Greeting) =>
      greeting.type === 'started' ? resolve(greeting.started) : reject(errorOf(greeting.error)),
    );
    worker.once('error', (error) => reject(threadDied(error)));
    worker.once('exit', (code) => reject(threadDied(code)));
  }).catch(async (error: unknown) => {
    await end();
    throw error;
  });

  isExpected = false;
  const died = (why: unknown) => {
    if (isExpected) return;
    isExpected = true;
    tell({ type: 'broken', error: threadDied(why) });
  };
  worker.on('error', died);
  worker.on('exit', died);
  worker.on('message', tell);
  return {
    started,
    post: (command) => worker.postMessage(command),
    async end() {
      isExpected = true;
      await end();
    },
  };
}

function threadDied(why: unknown): GossipError {
  const reason = why instanceof Error ? why.message : `it ended with code ${String(why)}`;
  return new GossipError(
    'gossip-thread-died',
    `the thread of the gossip died: ${reason}`,
    'start this node again, and report the error if it comes back',
    why,
  );
}
