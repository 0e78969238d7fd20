/** A process that has a log: appends, and says on its standard output what was acknowledged, until it is killed or refused. */
import { openLevelLog } from '../../../src/events/level-log.ts';
import { LogError } from '../../../src/events/log.ts';

const [directory = '', mode = ''] = process.argv.slice(2);
const log = await openLevelLog({ directory, node: 'ow-1' });
const say = (text: unknown) => process.stdout.write(`${text}\n`);
const sayWhy = (error: unknown) => say(error instanceof LogError ? error.code : error);

/** Every third batch is a command, which is acknowledged only when it is synced; the others are observations. */
async function appendForEver(): Promise<never> {
  for (let index = 1; ; index++) {
    const isCommand = index % 3 === 0;
    const { last } = await log.append([{ type: 'node.stopped', data: { reason: `fact ${index}` } }], log.end.at + 1, { sync: isCommand });
    if (isCommand) say(last);
  }
}

/** Three times something that must be on stable storage, and around it what need not be. */
async function appendAndSync(): Promise<void> {
  const append = (sync: boolean) => log.append([{ type: 'node.stopped', data: { reason: 'x' } }], 1, { sync });
  for (const sync of [false, true, true, false, false]) await append(sync);
  await log.sync();
  await log.sync();
  say('done');
  await log.close();
}

/** Notes another beginning, and is gone before all that is before it is. */
async function dropAndDie(): Promise<void> {
  void log.dropBefore(log.end.position);
  while (log.oldest.position === 1) await new Promise((resolve) => setImmediate(resolve));
  process.kill(process.pid, 'SIGKILL');
}

say('open');
if (mode === 'hold') setInterval(() => undefined, 60_000);
else if (mode === 'drop') await dropAndDie();
else if (mode === 'count') await appendAndSync();
else {
  await appendForEver().catch(sayWhy);
  await log.append([{ type: 'node.stopped', data: { reason: 'once more' } }], log.end.at, { sync: false }).catch(sayWhy);
  await log.sync().catch(sayWhy);
  await log.close();
}
