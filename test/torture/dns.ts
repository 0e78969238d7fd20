/**
 * The threads that answer DNS, for as long as it takes: clients judge every answer while publications, zones and the size
 * of the table change and threads are killed at random.
 */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { workerLimits } from '../../src/nodes/dns/workers/limits.ts';
import { type Figures, openStage, zonesWith } from '../dns-stage.ts';
import { drawsFrom } from './chance.ts';

export interface DnsCampaign {
  readonly seed: number;
  readonly seconds: number;
  /** How often a thread is killed; 0: never. */
  readonly killEveryMs: number;
}

const sockets = 16;

export async function playDnsCampaign({
  seed,
  seconds,
  killEveryMs,
}: DnsCampaign): Promise<Figures & { readonly publications: number; readonly killed: number }> {
  const { whole, happens } = drawsFrom(seed);
  const stage = await openStage(2);
  try {
    const clients = await stage.clients(1, { sockets });
    const endAt = Date.now() + 1_000 * seconds;
    let killAt = Date.now() + killEveryMs;
    for (; Date.now() < endAt; await turn()) {
      for (let count = whole(100); count > 0; count -= 1) stage.publishNext();
      if (happens(0.05)) stage.replaceZones(zonesWith(whole(5_000), happens(0.5)));
      if (killEveryMs > 0 && Date.now() >= killAt && stage.server.pool.serving === 2) {
        await stage.server.pool.crash(whole(2));
        killAt = Date.now() + whole(2 * killEveryMs);
      }
    }
    const figures = await clients.stop();
    const killed = stage.server.pool.deaths;
    assert.equal(figures.wrong, 0, 'answers that were true at no moment between question and reply');
    assert.equal(stage.server.numbers.failed(), 0, 'queries on which answering failed');
    assert.ok(figures.lost <= killed * Math.min(sockets, workerLimits.slots), `${figures.lost} questions lost, ${killed} threads killed`);
    return { ...figures, publications: stage.readers.writer.publication.number, killed };
  } finally {
    await stage.close();
  }
}
