/**
 * The same questions to the same servers by the same library, and nothing else: no judging, no engine, no log.
 * `COUNT PORT INTERVAL_MS CONCURRENT`: each server once an interval, so many at once at most, until asked for the counts.
 */
import { request } from 'node:http';
import { benchAddress } from './addresses.ts';

const [count = 0, port = 0, intervalMs = 0, concurrent = 0] = process.argv.slice(2).map(Number);
const dueAt = Float64Array.from({ length: count }, (_, index) => performance.now() + (intervalMs * index) / count);
let next = 0;
let running = 0;
let done = 0;

function ask(index: number): void {
  running += 1;
  const question = request({ host: benchAddress(index), port, path: '/', agent: false, timeout: 2_000 }, (answer) => {
    answer.on('error', () => {});
    question.destroy();
  });
  question.on('timeout', () => question.destroy());
  question.on('error', () => {});
  question.once('close', () => {
    running -= 1;
    done += 1;
    go();
  });
  question.end();
}

/** They come due in the order of their indices, again and again. */
function go(): void {
  const now = performance.now();
  for (; running < concurrent && (dueAt[next] as number) <= now; next = (next + 1) % count) {
    dueAt[next] = Math.max((dueAt[next] as number) + intervalMs, now);
    ask(next);
  }
}

setInterval(go, 5);
process.on('message', () => process.send?.(done));
process.on('disconnect', () => process.exit());
process.send?.('listening');
