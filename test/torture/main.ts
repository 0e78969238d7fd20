/** `npm run torture -- [--rounds 200] [--seed N] [--disk-seconds 60]`: the long campaigns, each with its seed and its figures. Ends with 1 where something was lost. */
import { parseArgs } from 'node:util';
import { playCampaign } from './campaign.ts';
import { freshSeed } from './chance.ts';
import { canMount, failDisk } from './failing-disk.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '200' }, seed: { type: 'string' }, 'disk-seconds': { type: 'string', default: '60' } },
});
const whole = (name: 'rounds' | 'seed' | 'disk-seconds', otherwise: number): number => {
  const number = Number(values[name] ?? otherwise);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`torture: --${name} takes a whole number, not ${values[name]}`);
  process.exit(2);
};
const [rounds, seed, diskSeconds] = [whole('rounds', 200), whole('seed', freshSeed()), whole('disk-seconds', 60)];

const begun = performance.now();
const say = (sentence: string) => console.log(`${((performance.now() - begun) / 1000).toFixed(1).padStart(7)} s  ${sentence}`);

async function part(name: string, play: () => Promise<object>): Promise<void> {
  say(name);
  try {
    say(`${name}: nothing was lost. ${JSON.stringify(await play())}`);
  } catch (error) {
    say(`${name}: FAILED`);
    console.error(error);
    process.exitCode = 1;
  }
}

if (rounds > 0) {
  await part(`${rounds} rounds of kill -9, --seed ${seed}`, () => playCampaign({ rounds, seed, verifyEvery: 10, onRound: say }));
}
if (diskSeconds > 0 && process.exitCode !== 1) {
  if (canMount()) await part(`a disk that fails for ${diskSeconds} s under load`, () => failDisk({ seconds: diskSeconds }));
  else say('the disk that fails is left out: only root can mount a tmpfs');
}
