import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import type { MessageOf, MessageType } from '../../../../src/nodes/identity/agent-messages.ts';
import { decode, encodeOpen, encodeSealed } from '../../../../src/nodes/identity/agent-wire.ts';
import { type AgentSelf, greet, type Introduced, introduce, judgeWelcome } from '../../../../src/nodes/identity/handshake-of-agent.ts';
import {
  judgeHello,
  type KnownAgent,
  type OverwatchSelf,
  present,
  type Trust,
} from '../../../../src/nodes/identity/handshake-of-overwatch.ts';
import { makeCertificate, type OwnCertificate } from '../../../../src/nodes/identity/make-certificate.ts';
import { agentProof, nonceBytes, pairKey, signRotation } from '../../../../src/nodes/identity/proofs.ts';

const now = Date.UTC(2027, 0, 31, 12);
const day = 86_400_000;
const [app, api] = ['app.example.com', 'api.example.com'];
const [appToken, apiToken] = ['a token for app, long', 'a token for api, long'];

const certificates = {
  agent: makeCertificate({ role: 'agent', id: 'web-1', now }),
  next: makeCertificate({ role: 'agent', id: 'web-1', now }),
  old: makeCertificate({ role: 'agent', id: 'web-1', now: now - 400 * day }),
  overwatch: makeCertificate({ role: 'overwatch', id: 'ow-1', now }),
  nextOverwatch: makeCertificate({ role: 'overwatch', id: 'ow-1', now }),
  oldOverwatch: makeCertificate({ role: 'overwatch', id: 'ow-1', now: now - 400 * day }),
  otherOverwatch: makeCertificate({ role: 'overwatch', id: 'ow-2', now }),
};
const { agent, next, overwatch, nextOverwatch } = certificates;

const agentSelf: AgentSelf = {
  agent: 'web-1',
  region: 'eu',
  version: '1',
  certificate: agent,
  rotation: null,
  tokens: new Map([[app, appToken]]),
};
const overwatchSelf: OverwatchSelf = {
  overwatch: 'ow-1',
  certificate: overwatch,
  rotation: null,
  tokens: new Map([
    [app, appToken],
    [api, apiToken],
  ]),
  nonceKey: randomBytes(32),
  replaceLostCertificate: 'when-stale',
};
const asked = { agentNonce: new Uint8Array(randomBytes(nonceBytes)), mark: { boot: 5, sequence: 1 }, pinned: undefined, now };
const nobody: Trust = { agent: undefined, isSuperseded: () => false, isRevoked: () => false };
const pinned = (words: Partial<KnownAgent> = {}): Trust => {
  return { ...nobody, agent: { fingerprint: agent.fingerprint, mark: undefined, isStale: false, ...words } };
};
const rotation = (from: OwnCertificate, to: OwnCertificate) => {
  return { previousCertificate: from.der, signature: signRotation(from.privateKey, from.fingerprint, to.fingerprint) };
};

/** Over the wire and back, as a message of that type. */
function carried<T extends MessageType>(bytes: Uint8Array, type: T) {
  const decoded = decode(bytes);
  assert.ok('message' in decoded && decoded.message.type === type, JSON.stringify(decoded));
  return { message: decoded.message as unknown as MessageOf<T>, seal: decoded.seal };
}

function presented(self: OverwatchSelf, at = now): MessageOf<'present'> {
  const greeting = carried(encodeOpen(greet('web-1', asked.agentNonce)), 'greet').message;
  return carried(encodeOpen(present(self, greeting, at)), 'present').message;
}

function introduced(self: AgentSelf = agentSelf, to: OverwatchSelf = overwatchSelf, words: Partial<typeof asked> = {}): Introduced {
  const outcome = introduce(self, presented(to), { ...asked, ...words });
  assert.ok('bytes' in outcome, JSON.stringify(outcome));
  return outcome;
}

describe('two that meet', () => {
  it('pin each other, and have one key', () => {
    const hello = introduced();
    const verdict = judgeHello(overwatchSelf, carried(hello.bytes, 'hello'), nobody, now);
    assert.ok('welcome' in verdict, JSON.stringify(verdict));
    assert.deepEqual([verdict.as, verdict.services, verdict.mark], ['first-use', [app], { boot: 5, sequence: 1 }]);
    assert.equal(verdict.certificate.fingerprint, agent.fingerprint);
    const welcomed = judgeWelcome(agentSelf, hello, decode(verdict.welcome));
    assert.ok('services' in welcomed, JSON.stringify(welcomed));
    assert.deepEqual([welcomed.services, welcomed.declined], [[app], []]);
    assert.equal(welcomed.certificate.fingerprint, overwatch.fingerprint);
    assert.deepEqual(welcomed.key, verdict.key);
  });

  it('never send the token, nor anything that is the same twice', () => {
    const bytes = Buffer.from(introduced().bytes);
    assert.equal(bytes.includes(appToken), false);
    const proof = carried(bytes, 'hello').message.proofs[0]?.proof;
    const later = { ...overwatchSelf, nonceKey: randomBytes(32) };
    assert.notDeepEqual(carried(introduced(agentSelf, later).bytes, 'hello').message.proofs[0]?.proof, proof);
  });

  it('agree on the services whose token both know', () => {
    const tokens = new Map([
      [app, 'a wrong token, long too'],
      [api, apiToken],
      ['x.example.com', appToken],
    ]);
    const self = { ...agentSelf, tokens };
    const hello = introduced(self);
    const verdict = judgeHello(overwatchSelf, carried(hello.bytes, 'hello'), nobody, now);
    assert.ok('welcome' in verdict);
    const welcomed = judgeWelcome(self, hello, decode(verdict.welcome));
    assert.ok('services' in welcomed);
    assert.deepEqual(welcomed.services, [api]);
    assert.deepEqual(welcomed.declined, [
      { service: app, reason: 'wrong-token' },
      { service: 'x.example.com', reason: 'unknown-service' },
    ]);
  });
});

describe('what an overwatch answers to a hello', () => {
  const rotated: AgentSelf = { ...agentSelf, certificate: next, rotation: rotation(agent, next) };
  const lost: AgentSelf = { ...agentSelf, certificate: next };
  const expired: AgentSelf = { ...agentSelf, certificate: certificates.old };
  const marked = pinned({ mark: { boot: 5, sequence: 1 } });
  const from = (self: AgentSelf, words: Partial<typeof asked> = {}) => carried(introduced(self, overwatchSelf, words).bytes, 'hello');
  const named = (name: string) => from({ ...agentSelf, agent: name });
  const good = from(agentSelf);
  const stranger = { ...good, seal: { over: good.seal?.over ?? new Uint8Array(), mac: new Uint8Array(16) } };
  const forged = rotation(next, next);

  const rows: readonly (readonly [string, typeof good, Trust, string])[] = [
    ['the name of another', named('web-2'), nobody, 'replayed'],
    ['a certificate of another name', from({ ...agentSelf, certificate: { ...overwatch } }), nobody, 'certificate-invalid'],
    ['a revoked certificate', good, { ...nobody, isRevoked: (fingerprint) => fingerprint === agent.fingerprint }, 'revoked'],
    [
      'a superseded certificate',
      good,
      { ...nobody, isSuperseded: (fingerprint) => fingerprint === agent.fingerprint },
      'superseded-certificate',
    ],
    ['a certificate without its key', stranger, pinned(), 'wrong-mac'],
    ['a service without a token', from({ ...agentSelf, tokens: new Map([['x.example.com', appToken]]) }), nobody, 'unknown-service'],
    ['no service', from({ ...agentSelf, tokens: new Map() }), nobody, 'unknown-service'],
    ['the token of another service', from({ ...agentSelf, tokens: new Map([[app, apiToken]]) }), nobody, 'wrong-token'],
    ['a wrong token, of the pinned agent', from({ ...agentSelf, tokens: new Map([[app, apiToken]]) }), pinned(), 'wrong-token'],
    ['the same again', good, marked, 'replayed'],
    ['an earlier boot', from(agentSelf, { mark: { boot: 4, sequence: 9 } }), marked, 'too-old-boot'],
    ['the pinned certificate', good, pinned(), 'known'],
    ['the pinned certificate after its end', from(expired), pinned({ fingerprint: certificates.old.fingerprint }), 'known'],
    ['nobody known, and dates of long ago', from(expired), nobody, 'certificate-invalid'],
    ['nobody known', good, nobody, 'first-use'],
    ['a legacy agent known', good, pinned({ fingerprint: null }), 'first-use'],
    ['another certificate of long ago', from(expired), pinned({ isStale: true }), 'certificate-invalid'],
    ['the successor of the pinned one', from(rotated), pinned(), 'rotated'],
    ['another, whose agent is stale', from(lost), pinned({ isStale: true }), 'replaced'],
    [
      'another, whose agent is stale, and its counter lost too',
      from(lost),
      pinned({ isStale: true, mark: { boot: 6, sequence: 1 } }),
      'replaced',
    ],
    ['the successor, and its counter is lost', from(rotated), pinned({ mark: { boot: 6, sequence: 1 } }), 'too-old-boot'],
    ['another, whose agent is alive', from(lost), pinned(), 'fingerprint-mismatch'],
    ['another, by its own word', from({ ...lost, rotation: forged }), pinned(), 'fingerprint-mismatch'],
    ['another, by a word about a third', from({ ...lost, rotation: rotation(agent, certificates.old) }), pinned(), 'fingerprint-mismatch'],
  ];
  for (const [what, hello, trust, answer] of rows) {
    it(`${what}: ${answer}`, () => {
      const verdict = judgeHello(overwatchSelf, hello, trust, now);
      assert.equal('rejected' in verdict ? verdict.rejected : verdict.as, answer);
      if ('rejected' in verdict) assert.deepEqual([verdict.refused.reason, verdict.refused.agentNonce], [answer, asked.agentNonce]);
    });
  }

  it('never another certificate, where the setting says so', () => {
    const strict: OverwatchSelf = { ...overwatchSelf, replaceLostCertificate: 'never' };
    const verdict = judgeHello(strict, from(lost), pinned({ isStale: true }), now);
    assert.equal('rejected' in verdict && verdict.rejected, 'fingerprint-mismatch');
  });

  it('nonces are good for 30 to 60 s, and for one overwatch', () => {
    const at = (moment: number, self = overwatchSelf) => {
      const verdict = judgeHello(self, good, nobody, moment);
      return 'rejected' in verdict ? verdict.rejected : verdict.as;
    };
    assert.deepEqual(
      [now, now + 59_999, now + 60_000, now - 1].map((moment) => at(moment)),
      ['first-use', 'first-use', 'replayed', 'replayed'],
    );
    assert.equal(at(now, { ...overwatchSelf, nonceKey: randomBytes(32) }), 'replayed');
  });

  it('a clock an hour off keeps nobody out', () => {
    for (const off of [-3_600_000, 3_600_000]) {
      const self = { ...agentSelf, certificate: makeCertificate({ role: 'agent', id: 'web-1', now: now + off }) };
      const verdict = judgeHello(overwatchSelf, from(self, { now: now + off }), nobody, now);
      assert.equal('as' in verdict && verdict.as, 'first-use');
    }
  });
});

describe('what an agent says to one who presents itself', () => {
  const rows: readonly (readonly [string, Partial<OverwatchSelf>, Partial<{ pinned: string; agentNonce: Uint8Array }>, string])[] = [
    ['an answer to another greeting', {}, { agentNonce: new Uint8Array(nonceBytes) }, 'replayed'],
    ['the certificate of another name', { certificate: certificates.otherOverwatch }, {}, 'certificate-invalid'],
    ['the certificate of an agent', { certificate: agent }, {}, 'certificate-invalid'],
    ['a certificate of long ago', { certificate: certificates.oldOverwatch }, {}, 'certificate-invalid'],
    [
      'a pinned certificate of long ago',
      { certificate: certificates.oldOverwatch },
      { pinned: certificates.oldOverwatch.fingerprint },
      'hello',
    ],
    ['the pinned certificate', {}, { pinned: overwatch.fingerprint }, 'hello'],
    [
      'the successor',
      { certificate: nextOverwatch, rotation: rotation(overwatch, nextOverwatch) },
      { pinned: overwatch.fingerprint },
      'hello',
    ],
    ['another certificate', { certificate: nextOverwatch }, { pinned: overwatch.fingerprint }, 'fingerprint-mismatch'],
    ['nobody known', {}, {}, 'hello'],
  ];
  for (const [what, self, words, answer] of rows) {
    it(`${what}: ${answer}`, () => {
      const outcome = introduce(agentSelf, presented({ ...overwatchSelf, ...self }), { ...asked, ...words });
      assert.equal('rejected' in outcome ? outcome.rejected : carried(outcome.bytes, 'hello').message.type, answer);
    });
  }
});

describe('what an agent makes of the answer', () => {
  const hello = introduced();
  const key = hello.key;
  const verdict = judgeHello(overwatchSelf, carried(hello.bytes, 'hello'), nobody, now);
  assert.ok('welcome' in verdict);
  const welcome = carried(verdict.welcome, 'welcome').message;
  const proof = welcome.accepted[0]?.proof ?? new Uint8Array();
  const own = agentProof(appToken, hello.introduction, app);
  const sealed = (words: Partial<typeof welcome>, under = key) => encodeSealed({ ...welcome, ...words }, under);
  const strangersKey = pairKey(nextOverwatch.privateKey, agent.publicKey, [agent.fingerprint, nextOverwatch.fingerprint]);

  const rows: readonly (readonly [string, Uint8Array, string])[] = [
    ['garbage', randomBytes(40), 'malformed'],
    ['another message', encodeOpen({ type: 'refused', overwatch: 'ow-1', agentNonce: asked.agentNonce, reason: 'revoked' }), 'malformed'],
    ['the welcome of another overwatch', sealed({ overwatch: 'ow-2' }), 'malformed'],
    ['one sealed by a stranger', sealed({}, strangersKey), 'wrong-mac'],
    ['one for another greeting', sealed({ agentNonce: new Uint8Array(nonceBytes) }), 'replayed'],
    ['no service', sealed({ accepted: [] }), 'false-overwatch'],
    ['a service without the token', sealed({ accepted: [{ service: app, proof: new Uint8Array(32) }] }), 'false-overwatch'],
    ['our own proof sent back', sealed({ accepted: [{ service: app, proof: own }] }), 'false-overwatch'],
    [
      'a service that was not asked for',
      sealed({
        accepted: [
          { service: app, proof },
          { service: api, proof },
        ],
      }),
      'false-overwatch',
    ],
    ['a proven service', sealed({}), 'welcomed'],
  ];
  for (const [what, bytes, outcome] of rows) {
    it(`${what}: ${outcome}`, () => {
      const welcomed = judgeWelcome(agentSelf, hello, decode(bytes));
      assert.equal('rejected' in welcomed ? welcomed.rejected : 'welcomed', outcome);
    });
  }
});

describe('a false overwatch that holds the gossip key alone', () => {
  const falseSelf: OverwatchSelf = { ...overwatchSelf, certificate: nextOverwatch, tokens: new Map(), nonceKey: randomBytes(32) };
  it('cannot use the proof that it was given at the true one', () => {
    const given = carried(introduced(agentSelf, falseSelf).bytes, 'hello').message;
    // It greets the true one with the nonces and its own certificate under the agent's name, and hands the proof on.
    const impostor = makeCertificate({ role: 'agent', id: 'web-1', now });
    const key = pairKey(impostor.privateKey, overwatch.publicKey, [impostor.fingerprint, overwatch.fingerprint]);
    const { overwatchNonce } = presented(overwatchSelf);
    const relayed = encodeSealed({ ...given, certificate: impostor.der, overwatchNonce }, key);
    const verdict = judgeHello(overwatchSelf, carried(relayed, 'hello'), nobody, now);
    assert.equal('rejected' in verdict && verdict.rejected, 'wrong-token');
  });
  it('cannot present the true certificate, without its key', () => {
    const shown = { ...falseSelf, certificate: { ...overwatch, privateKey: nextOverwatch.privateKey } };
    const hello = introduced(agentSelf, shown);
    const guess = pairKey(nextOverwatch.privateKey, agent.publicKey, [agent.fingerprint, overwatch.fingerprint]);
    const accepted = [{ service: app, proof: new Uint8Array(32) }];
    const welcome = encodeSealed({ type: 'welcome', overwatch: 'ow-1', agentNonce: asked.agentNonce, accepted, declined: [] }, guess);
    assert.deepEqual(judgeWelcome(agentSelf, hello, decode(welcome)), { rejected: 'wrong-mac' });
  });
});
