/**
 * The agent's links against the overwatch's own functions of identity, over a network that is a list: every message that
 * the agent sends is decoded and judged as an overwatch does it, and time is moved by hand.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { LinkNews } from '../../../../src/nodes/agent/link.ts';
import { createOutbox, type Outbox } from '../../../../src/nodes/agent/outbox.ts';
import { createOverwatchLinks, type OverwatchLinks } from '../../../../src/nodes/agent/overwatch-links.ts';
import { openPins, type Pins } from '../../../../src/nodes/agent/pins.ts';
import { createReconnect } from '../../../../src/nodes/agent/reconnect.ts';
import { openStateFolder } from '../../../../src/nodes/agent/state-folder.ts';
import { type VirtualClock, virtualClock } from '../../../../src/nodes/clock.ts';
import type { AgentMessage, Claims, MessageOf } from '../../../../src/nodes/identity/agent-messages.ts';
import { decode, encodeOpen, encodeSealed, sealFits } from '../../../../src/nodes/identity/agent-wire.ts';
import { judgeHello, type OverwatchSelf, present } from '../../../../src/nodes/identity/handshake-of-overwatch.ts';
import { makeCertificate, type OwnCertificate } from '../../../../src/nodes/identity/make-certificate.ts';
import { signRotation } from '../../../../src/nodes/identity/proofs.ts';

const start = Date.UTC(2027, 0, 31, 12);
const service = 'app.example.com';
const token = 'a token of the service';
const node = '192.0.2.53:7946';
const place = { address: '192.0.2.53', port: 7946 };
const claims: Claims = {
  missedThreshold: 3,
  predictive: null,
  backends: [{ service, address: '192.0.2.7', port: 80, weight: 100, healthy: true, draining: null }],
};

interface Said {
  readonly at: number;
  readonly message: AgentMessage;
  readonly isReliable: boolean;
  readonly bytes: Uint8Array;
}

describe('links', () => {
  const agentCertificate = makeCertificate({ role: 'agent', id: 'web-1', now: start });
  let folder: string;
  let clock: VirtualClock;
  let outbox: Outbox<Claims>;
  let pins: Pins;
  let links: OverwatchLinks;
  let said: Said[];
  let news: LinkNews[];
  let isReachable: boolean;
  let overwatch: OverwatchSelf;
  let key: Uint8Array | undefined;

  const overwatchWith = (certificate: OwnCertificate, changes: Partial<OverwatchSelf> = {}): OverwatchSelf => ({
    ...{ overwatch: 'ow-1', certificate, rotation: null, tokens: new Map([[service, token]]) },
    ...{ nonceKey: randomBytes(32), replaceLostCertificate: 'when-stale' as const, ...changes },
  });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const newest = <T extends AgentMessage['type']>(type: T) =>
    said.findLast((one): one is Said & { message: MessageOf<T> } => one.message.type === type);
  const kinds = () => news.map(({ kind }) => kind);

  /** Answers the newest greeting and hello as the overwatch would. */
  function acquaint(): void {
    const greeting = newest('greet');
    assert(greeting !== undefined, 'it greeted nobody');
    links.hear(encodeOpen(present(overwatch, greeting.message, clock.now())));
    const hello = newest('hello');
    const decoded = hello && decode(hello.bytes);
    if (decoded === undefined || 'rejected' in decoded || decoded.message.type !== 'hello') return;
    const trust = { agent: undefined, isSuperseded: () => false, isRevoked: () => false };
    const judged = judgeHello(overwatch, { message: decoded.message, seal: decoded.seal }, trust, clock.now());
    if (!('rejected' in judged)) key = judged.key;
    links.hear('rejected' in judged ? encodeOpen(judged.refused) : judged.welcome);
  }
  const acknowledge = (sequence: number, sealedBy = key as Uint8Array) =>
    links.hear(encodeSealed({ type: 'ack', overwatch: 'ow-1', boot: 7, sequence, ttlSeconds: 30 }, sealedBy));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'opengslb-links-'));
    [said, news, isReachable, key] = [[], [], true, undefined];
    clock = virtualClock(start);
    pins = openPins(openStateFolder(join(folder, 'state')));
    outbox = createOutbox({ boot: 7, claims, intervalMs: 1_000 });
    overwatch = overwatchWith(makeCertificate({ role: 'overwatch', id: 'ow-1', now: start }));
    links = createOverwatchLinks({
      ...{ clock, boot: 7, intervalMs: 1_000, pins, outbox },
      chance: () => 0.5,
      carrier: {
        join: () => (isReachable ? Promise.resolve(place) : Promise.reject(new Error('nobody answers'))),
        send(_to, bytes, isReliable) {
          const decoded = decode(bytes);
          assert(!('rejected' in decoded));
          said.push({ at: clock.now() - start, message: decoded.message, isReliable, bytes });
        },
      },
      self: () => ({
        ...{ agent: 'web-1', region: '', version: '1', certificate: agentCertificate, rotation: null },
        tokens: new Map([[service, token]]),
      }),
      signals: () => null,
      reconnect: createReconnect({ addresses: [node] }),
      nonce: () => new Uint8Array(randomBytes(16)),
      told: (one) => news.push(one),
    });
  });
  afterEach(() => {
    links.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const welcome = async () => {
    links.start();
    await settle();
    acquaint();
  };

  test('a node that welcomes it is pinned, and told everything at once, under the seal of the pair', async () => {
    await welcome();
    assert.equal(pins.fingerprintOf('ow-1'), overwatch.certificate.fingerprint);
    const beat = newest('beat');
    assert.deepEqual(beat?.message.claims, claims);
    assert.equal(beat?.isReliable, false);
    assert(sealFits(decode(beat?.bytes as Uint8Array) as never, key as Uint8Array));
    assert.deepEqual(kinds(), ['welcomed', 'sent']);
    assert.deepEqual(links.status()[0], {
      address: node,
      name: 'ow-1',
      reached: true,
      failures: 0,
      sent: 2,
      acknowledged: 0,
      current: false,
      trouble: null,
    });
  });

  test('claims are said again until they are acknowledged, then it is signs of life alone', async () => {
    await welcome();
    await clock.moveTo(start + 650);
    assert.deepEqual(
      said.filter(({ message }) => message.type === 'beat').map(({ at }) => at),
      [0, 200, 600],
    );
    acknowledge(newest('beat')?.message.sequence as number, new Uint8Array(32));
    assert.equal(links.status()[0]?.current, false, 'another seal acknowledges nothing');
    acknowledge(newest('beat')?.message.sequence as number);
    assert.equal(links.status()[0]?.current, true);
    assert.deepEqual(news.at(-1), { kind: 'acknowledged', node, afterMs: 650 });
    assert.equal(links.longestTtlSeconds(), 30);
    await clock.moveTo(start + 2_700);
    assert.deepEqual(
      said
        .filter(({ at, message }) => at > 650 && message.type === 'beat')
        .map(({ at, message }) => [at, (message as MessageOf<'beat'>).claims]),
      [
        [1_600, null],
        [2_600, null],
      ],
    );
  });

  test('an acknowledgement of what was so before is none of the newest', async () => {
    await welcome();
    const before = newest('beat')?.message.sequence as number;
    await clock.moveTo(start + 100);
    outbox.change({ ...claims, missedThreshold: 9 }, clock.now());
    links.wake();
    acknowledge(before);
    assert.deepEqual(kinds(), ['welcomed', 'sent', 'sent']);
    await clock.moveTo(start + 150);
    acknowledge(newest('beat')?.message.sequence as number);
    assert.deepEqual(news.at(-1), { kind: 'acknowledged', node, afterMs: 150 });
  });

  test('a greeting that nobody answers is said again, with the same nonce', async () => {
    links.start();
    await settle();
    await clock.moveTo(start + 2_000);
    const greetings = said.filter(({ message }) => message.type === 'greet');
    assert.deepEqual(
      greetings.map(({ at }) => at),
      [0, 250, 750, 1_750],
    );
    assert.equal(new Set(greetings.map(({ message }) => Buffer.from((message as MessageOf<'greet'>).agentNonce).toString('hex'))).size, 1);
    acquaint();
    assert.equal(links.status()[0]?.reached, true);
  });

  test('a node that cannot be reached is tried again and again, later each time', async () => {
    isReachable = false;
    links.start();
    await settle();
    for (let at = 100; at <= 8_000; at += 100) {
      await clock.moveTo(start + at);
      await settle();
    }
    // Three quarters of one, two and four seconds, with this draw.
    assert.deepEqual(kinds(), ['unreachable', 'unreachable', 'unreachable', 'unreachable']);
    assert.equal(links.status()[0]?.trouble, `${node} cannot be reached: nobody answers`);
    isReachable = true;
    await clock.moveTo(start + 20_000);
    await settle();
    acquaint();
    assert.deepEqual([links.status()[0]?.reached, links.status()[0]?.trouble], [true, null]);
  });

  test('one that does not know the token is not pinned, and is told nothing', async () => {
    overwatch = overwatchWith(makeCertificate({ role: 'overwatch', id: 'ow-1', now: start }), {
      tokens: new Map([[service, 'another one, as long']]),
    });
    await welcome();
    assert.equal(pins.fingerprintOf('ow-1'), undefined);
    assert.deepEqual(news, [{ kind: 'refused', node, by: 'overwatch', reason: 'wrong-token' }]);
    assert.equal(newest('beat'), undefined);
  });

  test('another certificate under a pinned name is not believed, unless the pinned one vouches for it', async () => {
    await welcome();
    const first = overwatch.certificate;
    const next = makeCertificate({ role: 'overwatch', id: 'ow-1', now: start });
    links.memberWent({ ...place, name: 'ow-1' }, 'it does not answer any more');
    overwatch = overwatchWith(next);
    await clock.moveTo(start + 1_000);
    await settle();
    acquaint();
    assert.deepEqual(news.at(-1), { kind: 'refused', node, by: 'agent', reason: 'fingerprint-mismatch' });
    assert.equal(pins.fingerprintOf('ow-1'), first.fingerprint);

    const signature = signRotation(first.privateKey, first.fingerprint, next.fingerprint);
    overwatch = overwatchWith(next, { rotation: { previousCertificate: first.der, signature } });
    await clock.moveTo(start + 10_000);
    await settle();
    acquaint();
    assert.equal(pins.fingerprintOf('ow-1'), next.fingerprint);
    assert.equal(openPins(openStateFolder(join(folder, 'state'))).fingerprintOf('ow-1'), next.fingerprint, 'also after a restart');
  });

  for (const reason of ['agent-unknown', 'revoked'] as const)
    test(`a hint that it is ${reason} makes it greet again, at most every five seconds, and it goes on under the key of before`, async () => {
      await welcome();
      acknowledge(newest('beat')?.message.sequence as number);
      const hint = encodeOpen({ type: 'refused', overwatch: 'ow-1', agentNonce: new Uint8Array(16), reason });
      const greetings = () => said.filter(({ message }) => message.type === 'greet').length;
      for (let count = 0; count < 100; count += 1) links.hear(hint);
      assert.equal(greetings(), 1);
      await clock.moveTo(start + 5_000);
      for (let count = 0; count < 100; count += 1) links.hear(hint);
      assert.equal(greetings(), 2);
      assert(newest('beat')?.at === 5_000 && links.status()[0]?.reached === true);
      acquaint();
      assert.deepEqual(newest('beat')?.message.claims, claims, 'everything is told again');
    });

  test('a node that acknowledges nothing for long is greeted again', async () => {
    await welcome();
    await clock.moveTo(start + 14_000);
    assert.equal(said.filter(({ message }) => message.type === 'greet').length, 1);
    await clock.moveTo(start + 16_500);
    assert.equal(said.filter(({ message }) => message.type === 'greet').length > 1, true);
  });

  test('one that is said to be away is sought, and told all the same: anybody can say so', async () => {
    await welcome();
    acknowledge(newest('beat')?.message.sequence as number);
    isReachable = false;
    for (let again = 0; again < 3; again += 1) links.memberWent({ ...place, name: 'ow-1' }, 'it does not answer any more');
    assert.deepEqual(kinds().filter((kind) => kind === 'lost').length, 1);
    assert.equal(links.status()[0]?.reached, false);
    await clock.moveTo(start + 10_000);
    assert.equal(newest('beat')?.at, 10_000);
    assert(kinds().includes('unreachable'), 'it was sought');
    const change = { ...claims, missedThreshold: 5 };
    outbox.change(change, clock.now());
    links.wake();
    assert.deepEqual(newest('beat')?.message.claims, change);
    acknowledge(newest('beat')?.message.sequence as number);
    assert.equal(links.status()[0]?.current, true);
  });

  test('one that is away is sought, and knows the agent again; nobody is told anything after the farewell', async () => {
    await welcome();
    links.memberWent({ ...place, name: 'ow-1' }, 'it stopped in order');
    await clock.moveTo(start + 600);
    await settle();
    acquaint();
    assert.equal(links.status()[0]?.reached, true);
    links.farewell();
    assert.equal(said.at(-1)?.message.type, 'farewell');
    await clock.moveTo(start + 60_000);
    assert.equal(said.at(-1)?.message.type, 'farewell');
  });

  test('bytes of anybody change nothing', async () => {
    await welcome();
    const before = JSON.stringify([links.status(), said.length]);
    for (let size = 0; size < 200; size += 1) links.hear(new Uint8Array(randomBytes(size)));
    for (const type of [1, 2, 3, 4, 5, 6, 7, 8]) links.hear(Uint8Array.of(0x4f, 1, type, 0x90, ...randomBytes(16)));
    assert.equal(JSON.stringify([links.status(), said.length]), before);
  });
});
