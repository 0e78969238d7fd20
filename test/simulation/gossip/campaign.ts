/** Many seeds of the gossip scenario one after another, each with its figures; a failure says with which seed it comes again. */
import { playScenario, type ScenarioFigures } from './scenario.ts';

/** Mostly small clusters, where every rule meets every other soon, and some large ones. */
const sizes = [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 3, 4, 5, 6, 8, 10, 12, 15, 18, 20, 25, 35, 50];

export interface GossipCampaign {
  readonly seeds: number;
  readonly firstSeed: number;
  /** Default: from 3 to 50, by the seed. */
  readonly members?: number | undefined;
  readonly onSeed?: (figures: ScenarioFigures) => void;
}

export interface GossipSummary {
  readonly seeds: number;
  readonly datagrams: number;
  readonly refutes: number;
  readonly healedMsMax: number;
  readonly allFoundMsMax: number;
}

export function playGossipCampaign({ seeds, firstSeed, members, onSeed = () => {} }: GossipCampaign): GossipSummary {
  const played: ScenarioFigures[] = [];
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const count = members ?? (sizes[seed % sizes.length] as number);
    try {
      const figures = playScenario({ seed, count });
      played.push(figures);
      onSeed(figures);
    } catch (error) {
      const again = `npm run torture -- gossip --seeds 1 --seed ${seed}${members === undefined ? '' : ` --members ${members}`}`;
      throw new Error(`seed ${seed} with ${count} members failed; \`${again}\` plays it again`, { cause: error });
    }
  }
  const most = (figure: (one: ScenarioFigures) => number) => Math.max(...played.map(figure));
  const sum = (figure: (one: ScenarioFigures) => number) => played.reduce((total, one) => total + figure(one), 0);
  return {
    seeds,
    datagrams: sum(({ datagrams }) => datagrams),
    refutes: sum(({ refutes }) => refutes),
    healedMsMax: most(({ healedMs }) => healedMs),
    allFoundMsMax: most(({ allFoundMs }) => allFoundMs),
  };
}
