/**
 * Our gossip among others of its kind: Debian's serf, which is built on memberlist, encrypted and compressed, on loopback.
 * What each test says of the other side is read from serf's own log and commands.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { suspicionLimits, timingPresets } from '../../src/nodes/gossip/timing.ts';
import { makeKey, startTestMember, type TestMember, until } from '../gossip-members.ts';
import { type SerfAgent, serfEvent, serfLeaveIntent, serfMissing, serfVersions, startSerf } from './serf-agent.ts';

/** How long nothing may go wrong: several probes by each, and one periodic exchange. */
const calmMs = 60_000;
/** Among five: four rounds until its turn, a probe, the longest suspicion, which ends early where somebody confirms, and the news. */
const { probeIntervalMs } = timingPresets.local;
const failureBoundMs = 4 * probeIntervalMs + probeIntervalMs + suspicionLimits(timingPresets.local, 5).maxMs + 1_000;

describe('serf', { skip: serfMissing, timeout: 240_000 }, () => {
  let key = makeKey();
  let first: SerfAgent;
  let second: SerfAgent;
  /** Joins serf. */
  let guest: TestMember;
  /** Serf joins it. It sends compressed. */
  let host: TestMember;

  before(async () => {
    const serf = { key, applicationVersions: serfVersions, preset: 'local' } as const;
    guest = await startTestMember({ ...serf, name: 'guest', bind: '127.0.0.21:0' });
    host = await startTestMember({ ...serf, name: 'host', bind: '127.0.0.22:0', compress: true });
    [first, second] = await Promise.all([startSerf('serf-1', '127.0.0.23', key), startSerf('serf-2', '127.0.0.24', key)]);
  });
  after(async () => {
    await Promise.all([first, second].map((agent) => agent?.remove()));
    await Promise.all([guest, host].map((member) => member?.gossip.close()));
  });

  const everybody = ['guest', 'host', 'serf-1', 'serf-2'];
  const sees = (member: TestMember, name: string) => member.view(name)?.state;

  it('is joined by us, and joins us', async () => {
    assert.deepEqual(await guest.gossip.join([first.place]), [{ address: first.place, failure: undefined }]);
    assert.match(await second.ask('join', host.place), /Successfully joined cluster by contacting 1 nodes/);
    // Two clusters so far; serf makes them one.
    assert.match(await first.ask('join', second.place), /Successfully joined/);
    for (const name of everybody) {
      await until(`both of ours see ${name}`, () => sees(guest, name) === 'alive' && sees(host, name) === 'alive', { instead: guest.told });
      await until(`both serfs see ${name}`, async () => (await first.status(name)) === 'alive' && (await second.status(name)) === 'alive');
    }
  });

  it('exchanges user messages by gossip and over TCP', async () => {
    const heard = (member: TestMember) => member.texts().some((text) => text.includes('from-serf') && text.includes('a payload of serf'));
    const took = (agent: SerfAgent, name: string) => agent.log().includes(`Received event: user-event: ${name}\n`);
    // A rumour is sent twice in a cluster of four, so it may miss somebody. Then it is told anew.
    await until('ours hear an event of serf', async () => {
      await first.ask('event', '-coalesce=false', 'from-serf', 'a payload of serf');
      return heard(guest) && heard(host);
    });
    let time = 100;
    await until('both serfs take a rumour of ours', () => {
      time += 1;
      guest.gossip.broadcast(serfEvent('by-gossip', 'x'.repeat(200), time), 'event');
      return took(first, 'by-gossip') && took(second, 'by-gossip');
    });
    guest.gossip.send('serf-1', serfEvent('by-datagram', 'short', time + 1));
    guest.gossip.send('serf-1', serfEvent('by-tcp', 'y'.repeat(3_000), time + 2), { reliable: true });
    host.gossip.send('serf-2', serfEvent('by-tcp-compressed', 'z'.repeat(9_000), time + 3), { reliable: true });
    for (const [taker, name] of [
      [first, 'by-datagram'],
      [first, 'by-tcp'],
      [second, 'by-tcp-compressed'],
    ] as const)
      await until(`${taker.name} takes ${name}`, () => took(taker, name), { instead: taker.log });
  });

  it('is one calm cluster for a minute', async () => {
    const begun = performance.now();
    const [toldGuest, toldHost] = [guest.told().length, host.told().length];
    await until('the minute is over', () => performance.now() - begun > calmMs, { withinMs: calmMs + 5_000 });
    assert.deepEqual([guest.told().slice(toldGuest), host.told().slice(toldHost)], [[], []]);
    for (const agent of [first, second]) {
      assert.doesNotMatch(agent.log(), /Suspect|has failed|\[ERR\]|\[WARN\] memberlist|conflict/i);
      for (const name of everybody) assert.equal(await agent.status(name), 'alive');
    }
    const counters = await guest.gossip.counters();
    assert.ok(counters.roundTrips.count >= 10, `serf answered ${counters.roundTrips.count} probes`);
    assert.ok(counters.received.ping >= 5, `serf probed ${counters.received.ping} times`);
    assert.ok(counters.sent.pushPull + counters.received.pushPull >= 4, 'everything was exchanged now and then');
    assert.deepEqual(nonZero(counters.rejected), {}, 'all that serf says was understood');
    assert.deepEqual(nonZero(counters.dropped), {});
  });

  it('changes keys with us while messages go on', async () => {
    const next = makeKey();
    let time = 10_000;
    const traffic = setInterval(() => {
      time += 1;
      guest.gossip.send('serf-1', serfEvent(`under-rotation-${time}`, '', time), { reliable: true });
    }, 100);
    try {
      for (const action of ['install', 'use', 'remove'] as const) {
        const changed = action === 'remove' ? key : next;
        for (const member of [guest, host]) assert.ok('keys' in (await member.gossip.keys[action](changed)), action);
        // It asks all members and counts ours as silent, and does it all the same. The question may miss the other serf.
        await Promise.all([first, second].map((agent) => agent.ask('keys', `-${action}`, changed)));
        await until(
          `both serfs ${action}`,
          () => [first, second].every((agent) => agent.log().split(`serf: Received ${action}-key query`).length > 1),
          { instead: first.log },
        );
        const mark = time + 3;
        await until('messages still arrive', () => first.log().includes(`user-event: under-rotation-${mark}\n`), { instead: first.log });
      }
    } finally {
      clearInterval(traffic);
    }
    const sentLast = time;
    await until('the last arrives', () => first.log().includes(`user-event: under-rotation-${sentLast}\n`));
    for (let sent = 10_001; sent <= sentLast; sent += 1)
      assert.ok(first.log().includes(`under-rotation-${sent}\n`), `message ${sent} was lost`);
    assert.equal(guest.told().filter((told) => told.startsWith('failed')).length, 0);
    assert.deepEqual((await guest.gossip.keys.list()).length, 1);
    assert.equal((await guest.gossip.counters()).rejected.undecryptable, 0);
    key = next;
  });

  it('is suspected when it stands still, and refutes', async () => {
    second.child.kill('SIGSTOP');
    await until('one of ours suspects it', () => [guest, host].some((member) => member.told().includes('suspected serf-2')));
    second.child.kill('SIGCONT');
    await until('it is cleared for both', () => sees(guest, 'serf-2') === 'alive' && sees(host, 'serf-2') === 'alive');
    assert.equal(guest.told().includes('failed serf-2') || host.told().includes('failed serf-2'), false);
  });

  it('suspects us when we stand still, and hears our refutation', async () => {
    // One of ours in this very thread, which is mute and deaf while the thread is blocked.
    const mute = await startTestMember({ key, name: 'mute', bind: '127.0.0.25:0', thread: false, applicationVersions: serfVersions });
    try {
      await mute.gossip.join([first.place]);
      await until('both serfs see it', async () => (await first.status('mute')) === 'alive' && (await second.status('mute')) === 'alive');
      const isSuspected = () => [first, second].some((agent) => agent.log().includes('Suspect mute has failed'));
      for (const blocked = performance.now(); !isSuspected() && performance.now() - blocked < 15_000; ) block(50);
      assert.ok(isSuspected(), first.log());
      await until('it refutes', async () => (await mute.gossip.counters()).swim.refutes > 0);
      await until('everybody believes it', async () => {
        const [views, status] = [[guest, host].map((member) => sees(member, 'mute')), await first.status('mute')];
        return [...views, status].every((state) => state === 'alive');
      });
      assert.ok((await mute.gossip.counters()).swim.stalls > 0, 'it knows that it stood still');
      assert.deepEqual(
        mute.told().filter((told) => /^(suspected|failed)/.test(told)),
        [],
        'and holds it against nobody',
      );
    } finally {
      await mute.gossip.leave(5_000);
      await mute.gossip.close();
    }
  });

  it('is found dead within the bound when it is killed', async () => {
    await second.kill();
    const tookMs = await until('ours see that it failed', () => sees(guest, 'serf-2') === 'dead' && sees(host, 'serf-2') === 'dead', {
      withinMs: failureBoundMs,
      instead: guest.told,
    });
    assert.ok(tookMs > 1_000, `nobody is condemned without having been suspected for a while, but it took ${tookMs} ms`);
    assert.ok(guest.told().includes('suspected serf-2') && guest.told().includes('failed serf-2'));
  });

  it('finds us dead when we are killed, and gone when we leave', async () => {
    await host.gossip.close();
    await until('serf sees that we failed', async () => (await first.status('host')) === 'failed', { withinMs: failureBoundMs });

    guest.gossip.send('serf-1', serfLeaveIntent('guest', 20_000), { reliable: true });
    await until('serf knows that we want to leave', async () => (await first.status('guest')) === 'leaving', { instead: first.log });
    assert.equal(await guest.gossip.leave(5_000), true);
    await until('serf sees that we left', async () => (await first.status('guest')) === 'left', { instead: first.log });
  });
});

function nonZero(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** Nothing happens in this thread meanwhile: no timer, no socket. */
function block(forMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
}
