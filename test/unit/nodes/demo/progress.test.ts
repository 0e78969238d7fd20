import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyProgress, noteProgress } from '../../../../src/nodes/demo/progress.ts';
import { warmUp } from '../../../../src/nodes/demo/scenario.ts';
import { answer, failed, one, served, two } from './entries.ts';

test('it counts what the client saw, by server and in all', () => {
  const progress = emptyProgress();
  const entries = [
    answer(1, [one, two]),
    served(2, one),
    failed(3, two),
    failed(4, null),
    served(5, two, true),
    answer(6, [one], 'witness'),
  ];
  for (const entry of entries) noteProgress(progress, { kind: 'seen', entry });
  assert.deepEqual([progress.requests, progress.failed], [3, 2]);
  assert.deepEqual(
    progress.servers.map((row) => [row.server.name, row.served, row.failed]),
    [
      ['web1', 1, 0],
      ['web2', 0, 1],
      ['web3', 0, 0],
    ],
  );
  assert.deepEqual(progress.answer, answer(1, [one, two]), "the client's, not the witness's");
});

test('it knows the steps so far, and what the overwatch says', () => {
  const progress = emptyProgress();
  const standing = { address: two, status: 'down', reason: 'connection refused' };
  noteProgress(progress, { kind: 'standings', standings: [standing] });
  noteProgress(progress, { kind: 'step-began', step: warmUp, at: 7 });
  assert.deepEqual(progress.steps, [{ deed: warmUp.deed, startedAt: 7, outcome: undefined }]);
  const { name, deed, answer: wanted } = warmUp;
  const outcome = { name, deed, answer: wanted, startedAt: 7, endedAt: 9, ok: true, missing: null };
  noteProgress(progress, { kind: 'step-ended', outcome });
  noteProgress(progress, { kind: 'stopping' });
  assert.deepEqual(progress.steps[0]?.outcome, outcome);
  assert.deepEqual(
    progress.servers.map(({ standing: known }) => known),
    [undefined, standing, undefined],
  );
  assert.equal(progress.stopping, true);
});
