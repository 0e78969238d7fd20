/**
 * Loaded into every child of the demo before its own program: when the demo is gone, however it went, the channel
 * between them closes, and the child stops as if it had been told to. A parent that was killed cannot end its children;
 * a child that watches its parent can.
 */
import { isMainThread } from 'node:worker_threads';

/** An orderly stop that takes longer is cut short. */
const stopWithinMs = 5_000;

if (isMainThread && process.channel) {
  process.once('disconnect', () => {
    setTimeout(() => process.exit(1), stopWithinMs).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  // Listening must not keep alive a program that is done.
  process.channel.unref();
}
