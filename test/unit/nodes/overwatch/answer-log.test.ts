/** The line for an answer that changed: once for what was folded together, and none where clients see no difference. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isRefusal } from '../../../../src/commands/command.ts';
import { openMemoryLog } from '../../../../src/events/memory-log.ts';
import { virtualClock } from '../../../../src/nodes/clock.ts';
import { createEngine } from '../../../../src/nodes/engine.ts';
import { answerLog } from '../../../../src/nodes/overwatch/answer-log.ts';
import { a, app, applying, b, c, configurationOf, oneDomain, order, unchecked } from '../../../given.ts';

interface Line {
  readonly service: string;
  readonly answer: { readonly A?: { readonly addresses: readonly { readonly address: string }[] } } | null;
  readonly because: unknown;
}

function running() {
  const lines: Line[] = [];
  const world = { clock: virtualClock(1_000), chance: () => 0, log: openMemoryLog({ node: 'test' }) };
  const engine = createEngine(world, [answerLog({ info: (line: Line) => lines.push(line) } as never)], (error) =>
    assert.fail(String(error)),
  );
  engine.start();
  const apply = async (of: ReturnType<typeof oneDomain>) => {
    const outcome = await engine.execute(order(applying(of, { force: true })));
    assert(!isRefusal(outcome), `refused: ${isRefusal(outcome) && outcome.error}`);
  };
  return { lines, apply };
}

const addressesIn = ({ answer }: Line) => answer?.A?.addresses.map(({ address }) => address);

describe('the log of answers', () => {
  it('tells what is folded together once, with where it ended and what began it', async () => {
    const { lines, apply } = running();
    await apply(oneDomain([a, b, c], {}, unchecked));
    assert.deepEqual(lines.map(addressesIn), [[a, b, c]]);
    assert.deepEqual(lines[0]?.because, { position: 1, type: 'configuration.applied' });
    assert.equal(lines[0]?.service, app);
  });

  it('tells nothing where clients see no difference', async () => {
    const { lines, apply } = running();
    await apply(oneDomain([a, b], {}, unchecked));
    await apply(oneDomain([a, b], {}, { ...unchecked, dns: { zones: ['example.com'] } }));
    assert.equal(lines.length, 1);
  });

  it('tells each change that came by itself, and that a service is served no more', async () => {
    const { lines, apply } = running();
    await apply(oneDomain([a], {}, unchecked));
    await apply(oneDomain([a, b], {}, unchecked));
    await apply(configurationOf({ ...unchecked, regions: [{ name: 'eu' }], domains: [{ name: 'other.example.com', regions: ['eu'] }] }));
    assert.deepEqual(lines.slice(0, 2).map(addressesIn), [[a], [a, b]]);
    assert.equal(lines.find(({ service, answer }) => service === app && answer === null)?.service, app);
  });
});
