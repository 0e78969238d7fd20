/**
 * The long campaigns, each with its seed and its figures. Ends with 1 where something was lost.
 *
 *     npm run torture -- [--rounds 200] [--seed N] [--disk-seconds 60]
 *     npm run torture -- dns [--seconds 60] [--seed N]                        answers under constant change, then threads killed
 *     npm run torture -- fuzz [--packets 50000000] [--seed N]                 the table beside the reference, byte for byte
 *     npm run torture -- properties [--times 30]                              every property, so many times as often
 *     npm run torture -- gossip [--seeds 200] [--seed N] [--members 1000]     the rules of membership, on virtual time
 */
import { parseArgs } from 'node:util';
import { playGossipCampaign } from '../simulation/gossip/campaign.ts';
import type { ScenarioFigures } from '../simulation/gossip/scenario.ts';
import { playCampaign } from './campaign.ts';
import { freshSeed } from './chance.ts';
import { playDnsCampaign } from './dns.ts';
import { canMount, failDisk } from './failing-disk.ts';
import { type FuzzFigures, playFuzz } from './fuzz/fuzz.ts';
import { tryProperties } from './properties.ts';

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string' },
    seed: { type: 'string' },
    'disk-seconds': { type: 'string' },
    seconds: { type: 'string' },
    seeds: { type: 'string' },
    members: { type: 'string' },
    packets: { type: 'string' },
    times: { type: 'string' },
  },
  allowPositionals: true,
});
const [campaign = 'all'] = positionals;
const named = ['dns', 'fuzz', 'gossip', 'properties'];
if (positionals.length > 1 || ![...named, 'all'].includes(campaign)) {
  console.error(`torture: there is no campaign ${positionals.join(' ')}; say ${named.join(', ')}, or nothing for the disk and kill -9`);
  process.exit(2);
}
const whole = <Otherwise extends number | undefined>(name: keyof typeof values, otherwise: Otherwise): number | Otherwise => {
  const text = values[name];
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`torture: --${name} takes a whole number, not ${values[name]}`);
  process.exit(2);
};
const seed = whole('seed', freshSeed());
const [rounds, diskSeconds] = campaign === 'all' ? [whole('rounds', 200), whole('disk-seconds', 60)] : [0, 0];
const gossip = { seeds: whole('seeds', 200), members: whole('members', undefined) };

const begun = performance.now();
const say = (sentence: string) => console.log(`${((performance.now() - begun) / 1000).toFixed(1).padStart(7)} s  ${sentence}`);

async function part(name: string, play: () => Promise<object> | object): Promise<void> {
  say(name);
  try {
    say(`${name}: nothing was lost. ${JSON.stringify(await play())}`);
  } catch (error) {
    say(`${name}: FAILED`);
    console.error(error);
    process.exitCode = 1;
  }
}

if (campaign === 'dns') {
  const seconds = whole('seconds', 60);
  await part(`${seconds} s of DNS under constant change, --seed ${seed}`, () => playDnsCampaign({ seed, seconds, killEveryMs: 0 }));
  await part(`${seconds} s of the same with threads killed, --seed ${seed}`, () => playDnsCampaign({ seed, seconds, killEveryMs: 500 }));
}
if (campaign === 'fuzz') {
  const packets = whole('packets', 50_000_000);
  const told = 1_000_000;
  const onWorld = (figures: FuzzFigures) => {
    if (figures.packets % told === 0) say(JSON.stringify(figures));
  };
  await part(`${packets} packets, --seed ${seed}`, () => playFuzz({ seed, packets, onWorld }));
}
if (campaign === 'properties') {
  const times = whole('times', 30);
  await part(`every property ${times} times as often`, () => tryProperties(times));
}
if (campaign === 'gossip') {
  const onSeed = ({ seed: played, count, troubles, healedMs, allFoundMs }: ScenarioFigures) =>
    say(`seed ${played}: ${count} members, ${troubles} troubles, agreed after ${healedMs} ms, found the dead in ${allFoundMs} ms`);
  const play = () => playGossipCampaign({ ...gossip, firstSeed: seed, onSeed });
  await part(`${gossip.seeds} clusters on virtual time, from --seed ${seed}`, play);
}
if (rounds > 0) {
  await part(`${rounds} rounds of kill -9, --seed ${seed}`, () => playCampaign({ rounds, seed, verifyEvery: 10, onRound: say }));
}
if (diskSeconds > 0 && process.exitCode !== 1) {
  if (canMount()) await part(`a disk that fails for ${diskSeconds} s under load`, () => failDisk({ seconds: diskSeconds }));
  else say('the disk that fails is left out: only root can mount a tmpfs');
}
