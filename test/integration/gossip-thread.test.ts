/** The thread of the gossip as its owner sees it: one that dies is an error, and nobody waits for it for ever. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Gossip } from '../../src/nodes/gossip/gossip.ts';
import { openThreadChannel } from '../../src/nodes/gossip/gossip-channel.ts';
import type { MemberSettings } from '../../src/nodes/gossip/gossip-commands.ts';
import { openFacade } from '../../src/nodes/gossip/gossip-facade.ts';
import { timingPresets } from '../../src/nodes/gossip/timing.ts';
import { transportLimits } from '../../src/nodes/gossip/transport-limits.ts';
import { ownVsn } from '../../src/nodes/gossip/versions.ts';
import { makeKey, startTestMember, until } from '../gossip-members.ts';

const settings: MemberSettings = {
  ...{ name: 'one', bind: { host: '127.0.0.1', port: 0 }, advertise: { address: '127.0.0.1', port: 0 } },
  ...{ keys: [makeKey()], meta: new Uint8Array(), vsn: ownVsn, timing: timingPresets.local, compress: false },
  ...{ limits: transportLimits, rejoinIntervalMs: 0 },
};

/** A worker of these lines, in place of the gossip's. `port` is its way to the owner. */
const worker = (lines: string) =>
  new URL(`data:text/javascript,${encodeURIComponent(`import { parentPort as port } from 'node:worker_threads';\n${lines}`)}`);

/** Says that it started, and then does as it is told by the first question. */
const starts = (then: string) => {
  const self = '{ name: "one", address: "127.0.0.1", port: 1, incarnation: 1, state: "alive", since: 0 }';
  const started = `{ advertised: { address: "127.0.0.1", port: 1 }, port: 1, self: ${self} }`;
  return worker(`port.on('message', () => { ${then} }); port.postMessage({ type: 'started', started: ${started} });`);
};

async function open(file: URL): Promise<{ gossip: Gossip; failures: Error[] }> {
  const failures: Error[] = [];
  const gossip = await openFacade((tell) => openThreadChannel(settings, tell, file), { failed: (error) => void failures.push(error) });
  return { gossip, failures };
}

describe('a thread that dies', { timeout: 30_000 }, () => {
  for (const [how, then, message] of [
    ['by an error that nobody caught', 'throw new Error("out of luck")', /the thread of the gossip died: out of luck$/],
    ['by ending', 'process.exit(7)', /the thread of the gossip died: it ended with code 7$/],
  ] as const)
    it(`${how} is told once, and ends every question`, async () => {
      const { gossip, failures } = await open(starts(then));
      const asked = [gossip.counters(), gossip.keys.list(), gossip.leave(1_000)];
      for (const answer of asked) await assert.rejects(answer, { code: 'gossip-thread-died', message });
      await assert.rejects(gossip.counters(), { code: 'gossip-thread-died' });
      gossip.send('two', new Uint8Array(1));
      await gossip.close();
      assert.equal(failures.length, 1);
      assert.match(failures[0]?.message ?? '', message);
    });

  it('before it started is a start that failed', async () => {
    await assert.rejects(open(worker('throw new Error("no luck at all")')), { code: 'gossip-thread-died', message: /no luck at all/ });
    await assert.rejects(open(worker('')), { code: 'gossip-thread-died', message: /ended with code 0/ });
  });
});

describe('an owner that is busy', { timeout: 30_000 }, () => {
  it('finds what there was room for, and the rest is counted', async () => {
    const key = makeKey();
    const limits = { inboxMessages: 50 };
    const [busy, other] = [await startTestMember({ key, name: 'busy', limits }), await startTestMember({ key, name: 'other' })];
    try {
      await other.gossip.join([busy.place]);
      await until('they see each other', () => other.view('busy')?.state === 'alive' && busy.view('other')?.state === 'alive');
      const sent = 200;
      // The owner of both is this thread: the messages are on their way, and then nobody takes them.
      for (let index = 0; index < sent; index += 1) other.gossip.send('busy', new TextEncoder().encode(`${index}`));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
      await until('all are accounted for', async () => {
        const { received, dropped } = await busy.gossip.counters();
        return received.user === sent && dropped['inbox-full'] > 0 && busy.texts().length + dropped['inbox-full'] === sent;
      });
      const { dropped } = await busy.gossip.counters();
      assert.ok(busy.texts().length >= limits.inboxMessages && dropped['inbox-full'] >= sent - 3 * limits.inboxMessages);
    } finally {
      await Promise.all([busy, other].map(({ gossip }) => gossip.close()));
    }
  });
});
