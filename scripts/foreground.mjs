/**
 * Runs one program in the foreground, in a process group of its own, and passes signals on to it. A Ctrl-C under npm
 * arrives here twice, from the terminal and once more from npm; the program gets it once, and a second press as a second one.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Two signals of a kind within this time are one: no finger is that fast, and npm is faster. */
const samePressMs = 300;

const ownGroup = process.platform !== 'win32';

/** Kills the program and all that it started. */
export function killGroup(child) {
  try {
    if (ownGroup) process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch (error) {
    // It ended by itself in the meantime.
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Tells the first signal of a press from its echo: `(signal, moment in ms) => whether to pass it on`. */
export function echoFilter() {
  const last = new Map();
  return (signal, now) => {
    const fresh = now - (last.get(signal) ?? -Infinity) >= samePressMs;
    last.set(signal, now);
    return fresh;
  };
}

/** Starts `node` with these arguments. `ended` resolves to what to exit with: its code, or 128 + its signal's number. */
export function runNode(args, options = {}) {
  const child = spawn(process.execPath, args, { stdio: 'inherit', ...options, detached: ownGroup });
  const isFresh = echoFilter();
  const passOn = (signal) => {
    if (isFresh(signal, performance.now())) child.kill(signal);
  };
  for (const signal of passedOn) process.on(signal, passOn);
  const ended = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      for (const name of passedOn) process.off(name, passOn);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
  return { child, ended };
}
