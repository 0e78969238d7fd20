/**
 * Attacks on who may speak for what: each by somebody who holds the gossip key, as every web server does, against a real
 * overwatch that has a real agent. Nothing is let in, each is an event, and the honest agent stays in DNS all along.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { encodeOpen, encodeSealed } from '../../src/nodes/identity/agent-wire.ts';
import { greet, introduce, type Welcomed } from '../../src/nodes/identity/handshake-of-agent.ts';
import { makeCertificate } from '../../src/nodes/identity/make-certificate.ts';
import {
  type AttackedOverwatch,
  type HonestAgent,
  makeAgent,
  otherService,
  startAttackedOverwatch,
  startHonestAgent,
} from '../attacked-overwatch.ts';
import { api } from '../e2e/overwatch-process.ts';
import { startFalseOverwatch } from '../false-overwatch.ts';
import { until } from '../gossip-members.ts';
import { claimsOf, type HostilePeer, type PeerWords, startHostilePeer } from '../hostile-peer.ts';
import { startRelay } from '../recording-relay.ts';

const hourMs = 3_600_000;
/** Where attackers would like clients to be sent. */
const loot = '127.0.0.66';

let overwatch: AttackedOverwatch;
let honest: HonestAgent;

before(async () => {
  overwatch = await startAttackedOverwatch();
  honest = await startHonestAgent(overwatch);
});
after(async () => {
  await honest?.close();
  await overwatch?.close();
});

async function withPeer(words: PeerWords, attack: (peer: HostilePeer) => Promise<void>): Promise<void> {
  const peer = await startHostilePeer(overwatch, words);
  try {
    await attack(peer);
  } finally {
    await peer.close();
  }
}

function welcomed(outcome: Welcomed | string): Welcomed {
  assert(typeof outcome !== 'string', `refused: ${String(outcome)}`);
  return outcome;
}

/** Of how many starts of the agent signs of life are in the log. */
async function bootsOf(wanted: string): Promise<number> {
  const beats = (await overwatch.events('heartbeat.received')).flatMap(({ data }) => data.beats);
  return new Set(beats.filter(({ agent }) => agent === wanted).map(({ boot }) => boot)).size;
}

/** It became an event, and where it was a message a number as well; nobody was sent to the attacker; nobody else noticed. */
async function wasRefused(agent: string, reason: string, about: 'a message' | 'a claim' = 'a message'): Promise<void> {
  await until(`agent.rejected says that ${agent} was ${reason}`, async () => (await overwatch.rejections(agent, reason)) > 0, {
    instead: async () => (await overwatch.events('agent.rejected')).map(({ data }) => data),
  });
  const counted = await overwatch.metric('overwatch_agent_rejections_total', { reason });
  assert(about === 'a claim' || counted > 0, `no metric counts ${reason}`);
  assert(!(await overwatch.answer()).includes(loot), 'clients are sent to the attacker');
  await honest.wasUndisturbed();
}

describe('who holds the gossip key and no more', () => {
  it('is refused with a token that is wrong', async () => {
    await withPeer({ agent: 'guesser', token: 'a token that was guessed' }, async (peer) => {
      assert.equal(await peer.introduce({ boot: 1, sequence: 1 }), 'wrong-token');
      await wasRefused('guesser', 'wrong-token');
      assert.equal((await overwatch.events('agent.pinned')).filter(({ data }) => data.agent === 'guesser').length, 0);
    });
  });

  it('gets no answer under the name of an agent that is there, and the answer to its own name opens no other', async () => {
    await withPeer({ agent: 'impostor' }, async (peer) => {
      peer.send(encodeOpen(greet('honest', new Uint8Array(randomBytes(16)))));
      await peer.introduced({ boot: 1, sequence: 1 });
      const [presented, ...others] = peer.heard('present');
      assert(presented !== undefined && others.length === 0, 'the answer to the name honest goes to the member of that name');

      const self = { ...peer.self, agent: 'honest', certificate: makeCertificate({ role: 'agent', id: 'honest', now: Date.now() }) };
      const { agentNonce } = presented.message;
      const mark = { boot: 2 ** 40, sequence: 1 };
      const hello = introduce(self, presented.message, { agentNonce, mark, pinned: undefined, now: Date.now() });
      assert('bytes' in hello);
      peer.send(hello.bytes);
      await wasRefused('honest', 'replayed');
    });
  });

  it('cannot take a name over with a certificate of its own', async () => {
    await withPeer({ agent: 'web-2', member: 'web-2-first' }, async (first) => {
      welcomed(await first.introduce({ boot: 5, sequence: 1 }));
      await withPeer({ agent: 'web-2', member: 'web-2-second' }, async (second) => {
        assert.equal(await second.introduce({ boot: 6, sequence: 1 }), 'fingerprint-mismatch');
        await wasRefused('web-2', 'fingerprint-mismatch');
      });
    });
  });

  it('cannot speak for an agent whose key it does not have', async () => {
    await withPeer({ agent: 'honest', member: 'forger' }, async (peer) => {
      peer.send(peer.beat(new Uint8Array(randomBytes(32)), { boot: 2 ** 40, sequence: 1 }, claimsOf(loot)));
      await wasRefused('honest', 'wrong-mac');
      const farewell = { type: 'farewell', agent: 'honest', boot: 2 ** 40, sequence: 2 } as const;
      peer.send(encodeSealed(farewell, new Uint8Array(randomBytes(32))), true);
      await honest.wasUndisturbed();
      assert.deepEqual(await overwatch.events('agent.left'), []);
    });
  });

  it('cannot speak before it was welcomed', async () => {
    await withPeer({ agent: 'early' }, async (peer) => {
      const { key } = await peer.introduced({ boot: 1, sequence: 1 });
      peer.send(peer.beat(key, { boot: 1, sequence: 2 }, claimsOf(loot)));
      await wasRefused('early', 'agent-unknown');
    });
  });
});

describe('an agent that turns bad', () => {
  it('cannot claim a backend of a service whose token it did not prove', async () => {
    await withPeer({ agent: 'greedy' }, async (peer) => {
      const { key } = welcomed(await peer.introduce({ boot: 1, sequence: 1 }));
      const claims = claimsOf(loot);
      const backends = claims.backends.map((backend) => ({ ...backend, service: otherService }));
      peer.send(peer.beat(key, { boot: 1, sequence: 2 }, { ...claims, backends }));
      await wasRefused('greedy', 'service-not-proven', 'a claim');
      assert.equal(await overwatch.answer(otherService), 'SERVFAIL');
    });
  });

  it('cannot take the address of an agent that is alive', async () => {
    const before = (await overwatch.events('server.registered')).find(({ data }) => data.agent === 'honest');
    assert(before !== undefined);
    await withPeer({ agent: 'robber' }, async (peer) => {
      const { key } = welcomed(await peer.introduce({ boot: 1, sequence: 1 }));
      const claims = claimsOf(before.data.address, before.data.port);
      const backends = claims.backends.map((backend) => ({ ...backend, healthy: false, draining: 'mine now' }));
      peer.send(peer.beat(key, { boot: 1, sequence: 2 }, { ...claims, backends }));
      await wasRefused('robber', 'address-held', 'a claim');
    });
  });

  it('is believed no more once it was revoked: not its beats, nor its certificate', async () => {
    await withPeer({ agent: 'revoked-one' }, async (peer) => {
      const { key } = welcomed(await peer.introduce({ boot: 1, sequence: 1 }));
      peer.send(peer.beat(key, { boot: 1, sequence: 2 }, claimsOf(loot)));
      await until('it is in DNS', async () => (await overwatch.answer()).includes(loot));
      const revoked = await api(`${overwatch.apiUrl}/overwatch/agents/revoked-one/revoke`, 'POST', { reason: 'it was broken into' });
      assert.equal(revoked.status, 200, JSON.stringify(revoked.body));
      await until('DNS does without it', async () => !(await overwatch.answer()).includes(loot));
      peer.send(peer.beat(key, { boot: 1, sequence: 3 }, claimsOf(loot)));
      await wasRefused('revoked-one', 'revoked');
      assert.equal(await peer.introduce({ boot: 2, sequence: 1 }), 'revoked');
    });
  });

  it('that says everything again and again changes nothing, and says nothing from before its restart', async () => {
    await withPeer({ agent: 'web-3' }, async (peer) => {
      const { key } = welcomed(await peer.introduce({ boot: 7, sequence: 1 }));
      const old = peer.beat(key, { boot: 7, sequence: 2 }, claimsOf('127.0.0.14'));
      const changed = peer.beat(key, { boot: 7, sequence: 3 }, { ...claimsOf('127.0.0.14'), backends: [] });
      peer.send(old);
      await until('its backend is in DNS', async () => (await overwatch.answer()).includes('127.0.0.14'));
      peer.send(changed);
      await until('its backend is gone', async () => !(await overwatch.answer()).includes('127.0.0.14'));
      for (let count = 0; count < 50; count += 1) peer.send(old);
      await wasRefused('web-3', 'replayed');

      welcomed(await peer.introduce({ boot: 8, sequence: 1 }));
      peer.send(peer.beat(key, { boot: 7, sequence: 1_000_000 }, claimsOf('127.0.0.14')));
      await wasRefused('web-3', 'too-old-boot');
      assert.equal(await peer.introduce({ boot: 7, sequence: 2_000_000 }), 'too-old-boot');
      assert(!(await overwatch.answer()).includes('127.0.0.14'));
    });
  });
});

describe('clocks', () => {
  for (const [words, offMs] of [
    ['an hour ahead', hourMs],
    ['an hour behind', -hourMs],
  ] as const) {
    it(`an agent whose clock is ${words} is heard as any other`, async () => {
      const agent = `clock-${offMs > 0 ? 'ahead' : 'behind'}`;
      const now = Date.now() + offMs;
      await withPeer({ agent, certificate: makeCertificate({ role: 'agent', id: agent, now }) }, async (peer) => {
        const boot = Math.floor(now / 1_000);
        const { key } = welcomed(await peer.introduce({ boot, sequence: 1 }));
        const address = offMs > 0 ? '127.0.0.15' : '127.0.0.16';
        peer.send(peer.beat(key, { boot, sequence: 2 }, claimsOf(address)));
        await until('its backend is in DNS', async () => (await overwatch.answer()).includes(address));
        // Its own clock is put right, and its next start counts on.
        welcomed(await peer.introduce({ boot: boot + 1, sequence: 1 }));
        await honest.wasUndisturbed();
      });
    });
  }

  it('a certificate that is days off is refused', async () => {
    const certificate = makeCertificate({ role: 'agent', id: 'time-traveller', now: Date.now() + 72 * hourMs });
    await withPeer({ agent: 'time-traveller', certificate }, async (peer) => {
      assert.equal(await peer.introduce({ boot: 1, sequence: 1 }), 'certificate-invalid');
      await wasRefused('time-traveller', 'certificate-invalid');
    });
  });
});

describe('what was captured from a real agent', () => {
  it('is worth nothing, in its life and after its restart', async () => {
    const relay = await startRelay(overwatch.gossipPort);
    const place = await makeAgent({ name: 'watched', key: overwatch.key, overwatchNode: relay.place });
    try {
      const first = await place.start();
      await until('it is heard', async () => (await bootsOf('watched')) === 1);
      await until('some of it was captured', () => relay.captured.length > 4);
      const captured = relay.captured.slice();
      const resend = () => {
        for (const datagram of captured) relay.send(datagram);
      };
      resend();
      await wasRefused('watched', 'replayed');
      await first.end('SIGKILL');

      const second = await place.start();
      await until('its second start is heard', async () => (await bootsOf('watched')) === 2, { withinMs: 30_000 });
      resend();
      await wasRefused('watched', 'too-old-boot');
      await second.end('SIGKILL');
    } finally {
      await relay.close();
      await place.remove();
    }
  });
});

describe('a false overwatch, which holds the gossip key and no token', () => {
  for (const [words, prove] of [
    ['makes up proofs', () => new Uint8Array(randomBytes(32))],
    ["gives the agent's own proofs back", (proof: Uint8Array) => proof],
  ] as const) {
    it(`that ${words} is told nothing`, async () => {
      const impostor = await startFalseOverwatch(overwatch.key, prove);
      const place = await makeAgent({ name: 'careful', key: overwatch.key, overwatchNode: impostor.place });
      const agent = await place.start();
      try {
        await until('the agent was welcomed by it', () => impostor.welcomes() > 0);
        // It tries again, so it had time to say more if it were to.
        await until('the agent tries again', () => impostor.welcomes() > 1, { withinMs: 30_000 });
        assert.match(agent.output(), /false-overwatch/);
        assert.deepEqual(impostor.told(), [], 'it was told of backends');
        assert(!existsSync(join(place.folder, 'state', 'overwatches.json')), 'it was pinned');
      } finally {
        await agent.end('SIGKILL');
        await impostor.gossip.close();
        await place.remove();
      }
    });
  }
});
