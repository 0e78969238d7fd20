/**
 * A whole overwatch and agents driven by hand, over real gossip: who is let in, what claims do to DNS, what is
 * acknowledged, what is refused, and that a restart changes no answer.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import type { Event, EventOf } from '../../src/events/event.ts';
import { makeCertificate } from '../../src/nodes/identity/make-certificate.ts';
import { signRotation } from '../../src/nodes/identity/proofs.ts';
import { type Overwatch, startOverwatch } from '../../src/nodes/overwatch/overwatch.ts';
import { api, freePort, resolve, until } from '../e2e/overwatch-process.ts';
import { configurationOf } from '../given.ts';
import { claimsOf, gossipKey, type HandDrivenAgent, type HandOptions, handDrivenAgent } from './hand-driven-agent.ts';

const [app, other] = ['app.example.com', 'other.example.com'] as const;
const token = 'a token of app, long enough';
const otherToken = 'a token of other, long enough';

let folder: string;
let gossipPort: number;
let overwatch: Overwatch;

type OverwatchInput = NonNullable<Parameters<typeof configurationOf>[0]['overwatch']>;

function start(more: Partial<OverwatchInput> = {}, gossip: Partial<NonNullable<OverwatchInput['gossip']>> = {}): Promise<Overwatch> {
  const configuration = configurationOf({
    overwatch: {
      ...{ data_dir: join(folder, 'data'), identity: { node_id: 'overwatch-1' } },
      validation: { enabled: false },
      gossip: { bind_address: `127.0.0.1:${gossipPort}`, encryption_key: gossipKey, preset: 'local', ...gossip },
      agent_tokens: { [app]: token, [other]: otherToken },
      ...more,
    },
    dns: { listen_address: '127.0.0.1:0', zones: ['example.com'] },
    regions: [{ name: 'eu', servers: [] }],
    domains: [app, other].map((name) => ({ name, regions: ['eu'], answers: 'all' as const })),
    api: { enabled: true, address: '127.0.0.1:0' },
    metrics: { enabled: true, address: '127.0.0.2:0' },
  });
  const logger = pino({ level: 'silent' });
  return startOverwatch({ path: join(folder, 'config.yaml'), configuration, version: '1.2.3', logger });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opengslb-agents-'));
  gossipPort = await freePort();
  overwatch = await start();
});
afterEach(async () => {
  await overwatch.stop('the test is over');
  await rm(folder, { recursive: true });
});

const agent = (test: TestContext, options: Partial<HandOptions> = {}): Promise<HandDrivenAgent> =>
  handDrivenAgent(test, { agent: 'web-1', tokens: { [app]: token }, overwatch: { name: 'overwatch-1', port: gossipPort }, ...options });

async function welcomed(test: TestContext, options: Partial<HandOptions> = {}): Promise<HandDrivenAgent> {
  const one = await agent(test, options);
  assert.equal(await one.introduce(), 'welcomed');
  return one;
}

const answers = (name: string = app) => resolve(overwatch.dnsPort, name);
const answered = (expected: string, name: string = app) =>
  until(`${name} answers ${expected}`, async () => ((await answers(name)) === expected ? true : undefined));
const url = (path: string) => `http://127.0.0.1:${overwatch.apiPort}/api/v1${path}`;

async function events<T extends Event['type']>(type: T): Promise<readonly EventOf<T>[]> {
  const { body } = await api<{ events: EventOf<T>[] }>(url(`/events?type=${type}&limit=1000`));
  return body.events;
}

async function metric(series: string): Promise<number | undefined> {
  const text = await (await fetch(`http://127.0.0.2:${overwatch.metricsPort}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

/** Something was refused: it is a fact that names the reason, and counted. */
async function rejected(name: string, reason: string): Promise<void> {
  await until(`${name} is rejected: ${reason}`, async () =>
    (await events('agent.rejected')).some(({ data }) => data.agent === name && data.reason === reason) ? true : undefined,
  );
  assert(((await metric(`opengslb_overwatch_agent_rejections_total{reason="${reason}"}`)) ?? 0) >= 1);
}

describe('an agent that is let in', () => {
  test('is pinned, and what it claims is answered and acknowledged once it is in the log', async (test) => {
    assert.equal(await answers(), 'SERVFAIL');
    const web = await welcomed(test);
    const [pinned] = await events('agent.pinned');
    assert.deepEqual(
      [pinned?.data.agent, pinned?.data.fingerprint, pinned?.data.services, pinned?.data.legacy, pinned?.data.address],
      ['web-1', web.certificate.fingerprint, [app], false, `127.0.0.1:${web.gossip.port}`],
    );

    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }, { address: '127.0.1.2' }]) });
    await web.acknowledged(web.mark());
    const registered = await events('server.registered');
    assert.deepEqual(
      registered.map(({ data }) => [data.address, data.source, data.agent]),
      ['127.0.1.1', '127.0.1.2'].map((address) => [address, 'agent', 'web-1']),
    );
    assert.equal(await answers(), '127.0.1.1 127.0.1.2');

    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }, { address: '127.0.1.2', healthy: false }]) });
    await web.acknowledged(web.mark());
    assert.equal(await answers(), '127.0.1.1');
    assert.equal(await metric('opengslb_overwatch_agent_auth_success_total'), 1);
    assert.equal(await metric('opengslb_overwatch_agent_messages_sent_total{type="ack"}'), 2);
    assert.equal(await metric('opengslb_agent_connected{agent_id="web-1",region="eu"}'), 1);
  });

  test('drains, ends the drain, and drops a backend that it claims no longer', async (test) => {
    const web = await welcomed(test);
    web.beat({ claims: claimsOf([{ address: '127.0.1.1', draining: 'kernel upgrade' }, { address: '127.0.1.2' }]) });
    await web.acknowledged(web.mark());
    assert.equal(await answers(), '127.0.1.2');
    assert.deepEqual(
      (await events('drain.started')).map(({ data }) => data.reason),
      ['kernel upgrade'],
    );
    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }, { address: '127.0.1.2' }]) });
    await web.acknowledged(web.mark());
    assert.equal(await answers(), '127.0.1.1 127.0.1.2');
    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }]) });
    await web.acknowledged(web.mark());
    assert.equal(await answers(), '127.0.1.1');
  });

  test('is stale when it misses its own intervals, and heard again by one sign of life', async (test) => {
    const [silent, heard] = [await welcomed(test), await welcomed(test, { agent: 'web-2' })];
    const { state } = overwatch.engine;
    silent.beat({ claims: claimsOf([{ address: '127.0.1.1' }], 2), intervalMs: 250 });
    heard.beat({ claims: claimsOf([{ address: '127.0.1.2' }]), intervalMs: 60_000 });
    await silent.acknowledged(silent.mark());
    await heard.acknowledged(heard.mark());
    await answered('127.0.1.2');
    const liveness = state.liveness.get('web-1');
    assert.equal((liveness?.staleSince ?? 0) - (liveness?.heardAt ?? 0), 500, 'the deadline, to the millisecond');
    assert.equal(await metric('opengslb_overwatch_stale_agents_total'), 1);
    assert.equal(await metric('opengslb_agent_stale_events_total{agent_id="web-1"}'), 1);
    silent.beat({ intervalMs: 60_000 });
    await answered('127.0.1.1 127.0.1.2');
  });

  test('has nothing more to say of a service whose token is taken away, and may again when it is back', async (test) => {
    const web = await welcomed(test, { tokens: { [app]: token, [other]: otherToken } });
    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }, { service: other, address: '127.0.1.9' }]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    const again = async (more: Parameters<typeof start>[0]) => {
      await overwatch.stop('it is started again');
      overwatch = await start(more);
      await until('it is there', () => (web.gossip.members().some(({ name }) => name === 'overwatch-1') ? true : undefined));
    };
    await again({ agent_tokens: { [app]: token } });
    assert.equal(await answers(other), '127.0.1.9', 'a restart changes no answer by itself');
    web.beat({ intervalMs: 60_000 });
    await answered('SERVFAIL', other);
    assert.equal(await answers(), '127.0.1.1');
    await again({});
    web.beat({ intervalMs: 60_000 });
    await answered('127.0.1.9', other);
  });

  test('says goodbye, and its backends give way at once', async (test) => {
    const [going, staying] = [await welcomed(test), await welcomed(test, { agent: 'web-2' })];
    going.beat({ claims: claimsOf([{ address: '127.0.1.1' }]), intervalMs: 60_000 });
    staying.beat({ claims: claimsOf([{ address: '127.0.1.2' }]), intervalMs: 60_000 });
    await staying.acknowledged(staying.mark());
    await answered('127.0.1.1 127.0.1.2');
    going.farewell();
    await answered('127.0.1.2');
    assert.equal((await events('agent.left')).length, 1);
  });

  test('unchanged beats of many are one fact', async (test) => {
    const agents = await Promise.all([1, 2, 3, 4].map((number) => welcomed(test, { agent: `web-${number}` })));
    for (const [index, one] of agents.entries()) one.beat({ claims: claimsOf([{ address: `127.0.1.${index + 1}` }]), intervalMs: 60_000 });
    for (const one of agents) await one.acknowledged(one.mark());
    const before = overwatch.engine.state.position;
    for (const one of agents) one.beat({ intervalMs: 60_000 });
    // What the API shows is on stable storage, which observations are a moment later.
    const beats = await until('all are heard', async () => {
      const since = (await events('heartbeat.received')).filter(({ position }) => position > before);
      return since.flatMap(({ data }) => data.beats).length === 4 ? since : undefined;
    });
    assert(beats.length < 4, `${beats.length} facts`);
  });
});

const sequenceOf = (name: string) => overwatch.engine.state.trust.get(name)?.sequence;

describe('a restart of the overwatch', () => {
  test('changes no answer, keeps the pins, and finds the agent again by itself', async (test) => {
    const web = await welcomed(test);
    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }, { address: '127.0.1.2', healthy: false }]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    const old = web.beat({ intervalMs: 60_000 });
    await until('the beat is folded', () => (sequenceOf('web-1') === web.mark().sequence ? true : undefined));
    await overwatch.stop('a restart');
    overwatch = await start();
    assert.equal(await answers(), '127.0.1.1');
    assert.equal((await events('agent.pinned')).length, 1);
    await until('the overwatch joined the agent', async () => {
      const { body } = await api<{ connected: boolean }>(url('/overwatch/agents/web-1'));
      return body.connected ? true : undefined;
    });

    web.send(old);
    await rejected('web-1', 'replayed');
    // The key of the pair is the same: no new introduction is needed.
    web.beat({ claims: claimsOf([{ address: '127.0.1.2' }]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    assert.equal(await answers(), '127.0.1.2');
  });
});

describe('what is refused, with a fact and a count', () => {
  test('a wrong token, and a service that has none', async (test) => {
    const stranger = await agent(test, { tokens: { [app]: 'another token, long enough' } });
    assert.equal(await stranger.introduce(), 'wrong-token');
    await rejected('web-1', 'wrong-token');
    const lost = await agent(test, { agent: 'web-2', tokens: { 'elsewhere.example.com': token } });
    assert.equal(await lost.introduce(), 'unknown-service');
    assert.equal(overwatch.engine.state.trust.size, 0);
    assert.equal(await metric('opengslb_overwatch_agent_auth_failures_total{reason="wrong-token"}'), 1);
  });

  test("another agent's name, with a certificate of its own, while that agent is heard", async (test) => {
    const web = await welcomed(test);
    web.beat({ claims: claimsOf([{}]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    const certificate = makeCertificate({ role: 'agent', id: 'web-1', now: Date.now() });
    const thief = await handDrivenAgent(test, {
      ...{ agent: 'thief', tokens: { [app]: token }, overwatch: { name: 'overwatch-1', port: gossipPort } },
      certificate,
    });
    assert.equal(await thief.introduce(), 'certificate-invalid');
    thief.beat({ agent: 'web-1', mark: { boot: 99, sequence: 1 }, claims: claimsOf([{ healthy: false }]) });
    await rejected('web-1', 'wrong-mac');
    assert.equal(await answers(), '127.0.1.1');
    assert.equal(sequenceOf('web-1'), web.mark().sequence);
  });

  test('replays, old sequences and old boots', async (test) => {
    const web = await welcomed(test, { boot: 5 });
    const first = web.beat({ claims: claimsOf([{}]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    const facts = (await events('heartbeat.received')).length;
    web.send(first);
    await rejected('web-1', 'replayed');
    web.beat({ mark: { boot: 4, sequence: 1_000 }, claims: claimsOf([{ healthy: false }]) });
    await rejected('web-1', 'too-old-boot');
    assert.equal(await answers(), '127.0.1.1');
    assert.equal((await events('heartbeat.received')).length, facts);
  });

  test('one reason is a fact once, however often it comes, and every one is counted', async (test) => {
    const web = await welcomed(test);
    const first = web.beat({ claims: claimsOf([{}]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    for (let count = 0; count < 20; count += 1) web.send(first);
    const counted = () => metric('opengslb_overwatch_agent_rejections_total{reason="replayed"}');
    await until('all are counted', async () => ((await counted()) === 20 ? true : undefined));
    await rejected('web-1', 'replayed');
    assert.deepEqual(
      (await events('agent.rejected')).map(({ data }) => [data.reason, data.count]),
      [['replayed', 1]],
    );
  });

  test('one that nobody pinned is told to introduce itself', async (test) => {
    const nobody = await agent(test);
    nobody.beat({ claims: claimsOf([{}]) });
    await rejected('web-1', 'agent-unknown');
    await until('the hint', () => nobody.heard.find((message) => message.type === 'refused' && message.reason === 'agent-unknown'));
    assert.equal(await answers(), 'SERVFAIL');
  });

  test('a backend of a service that it has not proven, and one that another agent holds', async (test) => {
    const [web, second] = [await welcomed(test), await welcomed(test, { agent: 'web-2' })];
    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }, { service: other, address: '127.0.1.9' }]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    await rejected('web-1', 'service-not-proven');
    assert.equal(await answers(other), 'SERVFAIL');
    second.beat({ claims: claimsOf([{ address: '127.0.1.1', healthy: false }]), intervalMs: 60_000 });
    await second.acknowledged(second.mark());
    await rejected('web-2', 'address-held');
    assert.equal(await answers(), '127.0.1.1');
  });

  test('a revoked agent, until its host has a new certificate', async (test) => {
    const [web, staying] = [await welcomed(test), await welcomed(test, { agent: 'web-2' })];
    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }]), intervalMs: 60_000 });
    staying.beat({ claims: claimsOf([{ address: '127.0.1.2' }]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    await staying.acknowledged(staying.mark());
    const revoke = await api(url('/overwatch/agents/web-1/revoke'), 'POST', { reason: 'its disk was stolen' });
    assert.equal(revoke.status, 200);
    await answered('127.0.1.2');
    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }]) });
    await rejected('web-1', 'revoked');
    assert.equal(await web.introduce(), 'revoked');
    assert.equal(await answers(), '127.0.1.2');
    await web.close();
    const anew = await welcomed(test, { boot: 2, port: web.gossip.port });
    anew.beat({ claims: claimsOf([{ address: '127.0.1.1' }]), intervalMs: 60_000 });
    await anew.acknowledged(anew.mark());
    assert.equal(await answers(), '127.0.1.1 127.0.1.2');
  });

  test('garbage is counted, and disturbs nobody', async (test) => {
    const web = await welcomed(test);
    for (let length = 0; length < 40; length += 1)
      web.send(Uint8Array.from({ length: length + 1 }, (_, index) => (index * 37 + length) % 256));
    web.beat({ claims: claimsOf([{}]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    await rejected('(nameless)', 'malformed');
    assert.equal(await answers(), '127.0.1.1');
  });
});

test('a certificate is replaced by one that it signed, and the old one is void', async (test) => {
  const web = await welcomed(test);
  await web.close();
  const certificate = makeCertificate({ role: 'agent', id: 'web-1', now: Date.now() });
  const { privateKey, fingerprint, der } = web.certificate;
  const signature = signRotation(privateKey, fingerprint, certificate.fingerprint);
  const rotated = await welcomed(test, { boot: 2, port: web.gossip.port, certificate, rotation: { previousCertificate: der, signature } });
  assert.deepEqual(
    (await events('agent.rotated')).map(({ data }) => data.fingerprint),
    [certificate.fingerprint],
  );
  await rotated.close();
  const copy = await agent(test, { boot: 3, port: web.gossip.port, certificate: web.certificate });
  assert.equal(await copy.introduce(), 'superseded-certificate');
});

describe('an agent of the original', () => {
  const heartbeat = (backends: readonly object[] | null) =>
    new TextEncoder().encode(
      JSON.stringify({
        type: 'heartbeat',
        agent_id: 'eu-0123456789ab',
        region: 'eu',
        timestamp: new Date().toISOString(),
        payload: { backends },
      }),
    );
  const backend = { service: app, address: '127.0.1.7', port: 80, weight: 100, healthy: true };

  test('is refused where nothing else is said', async (test) => {
    const original = await agent(test, { agent: 'some-host' });
    original.send(heartbeat([backend]));
    await rejected('eu-0123456789ab', 'legacy-refused');
    assert.equal(await answers(), 'SERVFAIL');
  });

  test('is let in where the configuration says so, is shown as unauthenticated, and never touches what a pinned agent holds', async (test) => {
    await overwatch.stop('another configuration');
    overwatch = await start({}, { legacy_agents: 'accept' });
    const web = await welcomed(test);
    web.beat({ claims: claimsOf([{ address: '127.0.1.1' }]), intervalMs: 60_000 });
    await web.acknowledged(web.mark());
    const original = await agent(test, { agent: 'some-host' });
    const sendDatagram = (bytes: Uint8Array) => original.gossip.send('overwatch-1', bytes);
    sendDatagram(heartbeat([backend, { ...backend, address: '127.0.1.1', healthy: false }]));
    await answered('127.0.1.1 127.0.1.7');
    await rejected('eu-0123456789ab', 'address-held');
    const { body } = await api<Record<string, unknown>>(url('/overwatch/agents/eu-0123456789ab'));
    assert.deepEqual(
      [body.unauthenticated, body.fingerprint, body.stale_after_seconds, body.status, body.connected],
      [true, null, 75, 'heard', true],
    );
    const { backends } = (await api<{ backends: { address: string; agent_unauthenticated?: true }[] }>(url('/overwatch/backends'))).body;
    assert.deepEqual(
      backends.map(({ address, agent_unauthenticated: unproven }) => [address, unproven]),
      [
        ['127.0.1.1', undefined],
        ['127.0.1.7', true],
      ],
    );
    const explained = JSON.stringify((await api(url(`/services/${app}/answers`))).body);
    assert.match(explained, /its unauthenticated agent eu-0123456789ab says that it is healthy/);
    assert.match(explained, /its agent web-1 says that it is healthy/);
    sendDatagram(heartbeat([{ ...backend, healthy: false }]));
    await answered('127.0.1.1');
    sendDatagram(heartbeat([backend]));
    await answered('127.0.1.1 127.0.1.7');
    await original.gossip.leave(2_000);
    await answered('127.0.1.1');
  });
});
