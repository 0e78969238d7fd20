/** Nothing acknowledged is lost by `kill -9`: the short form of `npm run torture`. The seed is printed; it repeats what was asked and when it was killed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playCampaign } from '../torture/campaign.ts';
import { freshSeed } from '../torture/chance.ts';

test('twenty rounds of commands, checks and questions, each ended by kill -9', { timeout: 240_000 }, async (t) => {
  const seed = freshSeed();
  const again = `npm run torture -- --rounds 20 --seed ${seed}`;
  const tally = await playCampaign({ rounds: 20, seed, verifyEvery: 5 }).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : error}. The same again: ${again}`, { cause: error });
  });
  t.diagnostic(`seed ${seed}: ${JSON.stringify(tally)}`);
  assert.equal(tally.rounds, 20);
  assert(tally.acknowledged > 200 && tally.unanswered > 20, `nothing was proved: ${JSON.stringify(tally)}`);
});
