/**
 * Recorded incidents replay to what an independent client saw: the same sets of addresses in the same order, each
 * change inside the window in which the client saw it happen. The fixtures are never edited; others may be added.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { codec } from '../../src/events/codec.ts';
import type { Envelope } from '../../src/events/event.ts';
import { noHash } from '../../src/events/log.ts';
import { ttlSeconds } from '../../src/nodes/demo/cast.ts';
import type { ClientEntry } from '../../src/nodes/demo/client-log.ts';
import { type Sightings, whatWasSeen } from '../../src/nodes/demo/sightings.ts';
import { openSource } from '../../src/nodes/replay/open-source.ts';
import { type ReplayReport, replay } from '../../src/nodes/replay/replay.ts';
import { claimOn } from '../../src/projections/claims.ts';
import { evolve } from '../../src/projections/evolve.ts';
import { staleSinceOf } from '../../src/projections/liveness.ts';
import { allServers } from '../../src/projections/registry.ts';
import { initialState, type State } from '../../src/projections/state.ts';
import { verdictOn } from '../../src/projections/verdict.ts';

interface Expected extends Sightings {
  readonly fixture: { readonly file: string; readonly sha256: string };
}

/** From the moment that a fact carries to the moment that DNS answers by it. */
const publishedWithinMs = 100;
/** How long a client may go on with what it knows: the TTL, and two attempts to ask again. */
const clientKnowsMs = ttlSeconds * 1000 + 4_000;

const folder = new URL('../../replay-fixtures/', import.meta.url);
const pathOf = (file: string) => fileURLToPath(new URL(file, folder));
const textOf = (file: string) => readFileSync(pathOf(file), 'utf8');
const linesOf = (file: string) => textOf(file).trimEnd().split('\n');

/** A set that replay says was answered, from `at` on. */
interface ToldSet {
  readonly addresses: readonly string[];
  readonly at: number;
}

function toldSets({ timeline }: ReplayReport): readonly ToldSet[] {
  const told: ToldSet[] = [];
  for (const { at, to } of timeline) {
    const addresses = (to?.A?.addresses ?? []).map(({ address }) => address).sort();
    if (addresses.join() !== told.at(-1)?.addresses.join()) told.push({ addresses, at });
  }
  return told;
}

async function replayed(file: string): Promise<ReplayReport> {
  const opened = await openSource(pathOf(file), { skipBad: false });
  try {
    return await replay(opened.source);
  } finally {
    await opened.close();
  }
}

const fixtures = readdirSync(folder).filter((file) => file.endsWith('.expected.json'));

test('there are fixtures', () => assert.ok(fixtures.length > 0));

for (const expectedFile of fixtures) {
  const name = expectedFile.replace('.expected.json', '');
  const expected = JSON.parse(textOf(expectedFile)) as Expected;
  const { fixture, ...seen } = expected;

  test(`${name}: the log is the one that was recorded, and its chain verifies`, () => {
    assert.equal(createHash('sha256').update(textOf(fixture.file)).digest('hex'), fixture.sha256);
    let previousHash: Uint8Array = noHash;
    let events: Envelope[] = [];
    let last = 0;
    for (const line of linesOf(fixture.file)) {
      const read = codec.readStoredLine(line);
      assert.ok(!('problem' in read), 'problem' in read ? read.problem : '');
      if ('event' in read) {
        events.push(read.event);
        continue;
      }
      const { batch } = read;
      assert.deepEqual(
        events.map(({ position }) => position),
        events.map((_, index) => last + 1 + index),
      );
      assert.deepEqual([batch.first, batch.last], [last + 1, last + events.length]);
      const bytes = codec.encodeStored({ previousHash, at: events[0]?.at ?? 0, events });
      assert.equal(createHash('sha256').update(bytes).digest('hex'), Buffer.from(batch.hash).toString('hex'));
      previousHash = batch.hash;
      last = batch.last;
      events = [];
    }
    assert.equal(events.length, 0, 'every event is in a batch');
    assert.ok(last > 0);
  });

  test(`${name}: what is expected follows from the client's log alone`, () => {
    const entries = linesOf(`${name}.client.ndjson`).map((line) => JSON.parse(line) as ClientEntry);
    assert.deepEqual(seen, whatWasSeen(entries));
  });

  test(`${name}: nothing of the machine that recorded it is in it`, () => {
    for (const file of [fixture.file, `${name}.client.ndjson`, expectedFile]) {
      assert.doesNotMatch(textOf(file), /\/(tmp|home|root|Users|var|mnt|usr|opt)\b/, file);
      assert.doesNotMatch(textOf(file), /"(host|hostname|pid)"/, file);
    }
  });

  for (const asker of ['witness', 'client'] as const) {
    test(`${name}: replay tells every change in the window in which the ${asker} saw it, and no other`, async () => {
      const told = toldSets(await replayed(fixture.file));
      const [begins, ...changes] = expected[asker];
      const start = told.findLastIndex(({ at }) => at <= expected.from);
      const passage = told.slice(start).filter(({ at }) => at <= expected.to);
      assert.deepEqual(
        passage.map(({ addresses }) => addresses),
        [begins, ...changes].map((set) => set?.addresses),
      );
      for (const [index, { notBefore, notAfter }] of changes.entries()) {
        const at = passage[index + 1]?.at as number;
        assert.ok(at >= (notBefore as number) - publishedWithinMs && at <= (notAfter as number), `change ${index + 1} at ${at}`);
      }
      assert.ok(changes.length >= 4, 'out and in again, twice');
    });
  }

  test(`${name}: requests fail only at a server that is, or was a short time ago, in the answer`, async () => {
    const told = toldSets(await replayed(fixture.file));
    assert.ok(expected.failures.length > 0, 'a killed server costs something');
    for (const { address, first, last } of expected.failures) {
      const at = told.findIndex(
        (set, index) => set.at > first && told[index - 1]?.addresses.includes(address ?? '') && !set.addresses.includes(address ?? ''),
      );
      assert.ok(at !== -1, `${address} leaves the answer after it began to fail`);
      assert.ok(last <= (told[at]?.at as number) + clientKnowsMs, `${address} fails no longer than the client may know it`);
    }
  });
}

/** The state of the node when it had folded this far. */
function stateAt(file: string, position: number): State {
  const state = initialState();
  for (const line of linesOf(file)) {
    const read = codec.readLine(line);
    if ('event' in read && read.event.position <= position) evolve(state, read.event);
  }
  return state;
}

/** What is thought of the server of this agent, and what the agent itself claims of it. */
function thoughtOf(agent: string, state: State) {
  const server = allServers(state.registry).find((known) => known.agent === agent);
  assert.ok(server !== undefined, agent);
  const { status, authority, reason } = verdictOn(state, server);
  return { status, authority, reason, claimed: claimOn(state.claims, server)?.healthy };
}

test('agents: the drain is told by its agent, the veto and the recovery by the checks, and nothing else moves an answer', async () => {
  const { timeline } = await replayed('agents.ndjson');
  const causes = timeline.map(({ because: { kind } }) => kind);
  const registered = ['server.registered', 'server.registered', 'server.registered'];
  const checked = ['validation.recorded', 'validation.recorded', 'validation.recorded', 'validation.recorded'];
  assert.deepEqual(causes, ['configuration.applied', ...registered, 'drain.started', 'drain.ended', ...checked]);
  const [drained, , vetoed] = timeline.slice(4).map(({ because }) => stateAt('agents.ndjson', because.position as number));
  assert.deepEqual(thoughtOf('web3', drained as State), {
    ...{ status: 'draining', authority: 'agent-drain', reason: 'a new kernel', claimed: true },
  });
  assert.deepEqual(thoughtOf('web1', vetoed as State), {
    ...{ status: 'down', authority: 'validation', reason: 'connection refused', claimed: true },
  });
});

test('agents: the one whose host died is silent to the end, and served again because the checks succeed', () => {
  const end = stateAt('agents.ndjson', Number.MAX_SAFE_INTEGER);
  assert.ok(staleSinceOf(end.liveness, 'web2') !== null);
  assert.deepEqual(thoughtOf('web2', end), {
    ...{ status: 'up', authority: 'validation', claimed: true },
    reason: 'the checks succeed, though its agent web2 is silent',
  });
});
