/**
 * The thread that a member runs in: nothing else happens here, so nothing else makes it late. Only gossip-channel.ts starts
 * it, with the settings as its data, and hears from its port first whether it started, then the notices.
 */
import assert from 'node:assert/strict';
import { parentPort, workerData } from 'node:worker_threads';
import type { Command, MemberSettings } from './gossip-commands.ts';
import { startMember } from './gossip-member.ts';
import { type Greeting, spelledOut } from './thread-greeting.ts';

assert(parentPort !== null, 'this file runs in a thread of its own');
const port = parentPort;
const greet = (greeting: Greeting) => port.postMessage(greeting);

try {
  const member = await startMember(workerData as MemberSettings, (notice) => port.postMessage(notice));
  port.on('message', (command: Command) => member.command(command));
  greet({ type: 'started', started: member.started });
} catch (error) {
  greet({ type: 'startFailed', error: spelledOut(error) });
}
