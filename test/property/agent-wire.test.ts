/** Laws of the messages between agents and overwatches: every one comes back, and bytes from anywhere never throw nor pass. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { rejectionReasons } from '../../src/events/catalogue/agents.ts';
import { canonicalAddress } from '../../src/events/catalogue/scalars.ts';
import { type AgentMessage, isSealed, type MessageOf, type MessageType } from '../../src/nodes/identity/agent-messages.ts';
import { decode, encodeOpen, encodeSealed, sealFits } from '../../src/nodes/identity/agent-wire.ts';
import { readCertificate } from '../../src/nodes/identity/certificate.ts';
import { decodeLegacy } from '../../src/nodes/identity/legacy.ts';
import { readMetadata } from '../../src/nodes/identity/member-metadata.ts';
import { tries } from '../tries.ts';

const text = (leastBytes: number, mostBytes: number) =>
  fc.string({ unit: 'grapheme', maxLength: 40 }).filter((value) => {
    const length = Buffer.byteLength(value);
    return length >= leastBytes && length <= mostBytes && !/[\p{Cc}\p{Cs}]/u.test(value);
  });
const bytes = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,8}[a-z0-9])?$/);
const service = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((value) => canonicalAddress(value) ?? '::1');
const amount = fc.double({ min: 0, max: 1e9, noNaN: true }).map((value) => value + 0);
const proofs = fc.array(fc.record({ service, proof: bytes(32) }), { maxLength: 5 });
const rotation = fc.option(fc.record({ previousCertificate: bytes(1, 500), signature: bytes(1, 80) }));
const reason = fc.constantFrom(...rejectionReasons);
const bleeding = fc.record({ threshold: amount, leave: amount, bleedMs: fc.nat(86_400_000) });
const who = { agent: text(1, 128), boot: fc.maxSafeNat(), sequence: fc.maxSafeNat() };
const overwatch = text(1, 255);
const backend = fc.record({
  service,
  address,
  port: fc.integer({ min: 1, max: 65_535 }),
  weight: fc.nat(),
  healthy: fc.boolean(),
  draining: fc.option(text(1, 512)),
});
const claims = fc.record({
  missedThreshold: fc.integer({ min: 1, max: 1_000 }),
  predictive: fc.option(fc.record({ cpu: bleeding, memory: bleeding, errorRate: bleeding })),
  backends: fc.array(backend, { maxLength: 10 }),
});
const signals = fc.record({ cpu: fc.option(amount), memory: fc.option(amount), errorRate: fc.option(amount) });
const introduction = { region: text(0, 255), version: text(0, 255), certificate: bytes(1, 500), rotation };
const nonces = { agentNonce: bytes(16), overwatchNonce: bytes(16) };

type Models = { [T in MessageType]: fc.Arbitrary<MessageOf<T>> };
const kind = <T extends MessageType>(type: T) => fc.constant(type);
const models: Models = {
  greet: fc.record({ type: kind('greet'), agent: who.agent, agentNonce: bytes(16) }),
  present: fc.record({ type: kind('present'), overwatch, certificate: bytes(1, 500), rotation, ...nonces }),
  hello: fc.record({ type: kind('hello'), ...who, ...introduction, ...nonces, proofs }),
  welcome: fc.record({
    type: kind('welcome'),
    overwatch,
    agentNonce: bytes(16),
    accepted: proofs,
    declined: fc.array(fc.record({ service, reason }), { maxLength: 5 }),
  }),
  refused: fc.record({ type: kind('refused'), overwatch, agentNonce: bytes(16), reason }),
  beat: fc.record({
    type: kind('beat'),
    ...who,
    intervalMs: fc.integer({ min: 1, max: 86_400_000 }),
    signals: fc.option(signals),
    claims: fc.option(claims),
  }),
  ack: fc.record({
    type: kind('ack'),
    ...{ overwatch, boot: who.boot, sequence: who.sequence },
    ttlSeconds: fc.option(fc.integer({ min: 0, max: 604_800 })),
  }),
  farewell: fc.record({ type: kind('farewell'), ...who }),
};
const message: fc.Arbitrary<AgentMessage> = fc.oneof(...Object.values(models));

const key = new Uint8Array(32).fill(3);
const encoded = (said: AgentMessage) => (isSealed[said.type] ? encodeSealed(said, key) : encodeOpen(said));
/** Objects of the test's libraries have no prototype, which does not matter. */
const normal = (value: unknown) => structuredClone(value);

describe('messages between agents and overwatches', () => {
  it('come back as they were said', () => {
    fc.assert(
      fc.property(message, (said) => {
        const decoded = decode(encoded(said));
        assert.ok('message' in decoded, JSON.stringify(decoded));
        assert.deepEqual(normal(decoded.message), normal(said));
        assert.equal(sealFits(decoded, key), isSealed[said.type]);
      }),
      tries(500),
    );
  });

  it('with any bit flipped never pass as sealed', () => {
    let read = 0;
    fc.assert(
      fc.property(message, fc.nat(), (said, draw) => {
        fc.pre(isSealed[said.type]);
        const flipped = encoded(said);
        const bit = draw % (flipped.length * 8);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const decoded = decode(flipped);
        if (!('message' in decoded)) return;
        read += 1;
        assert.ok(!sealFits(decoded, key));
      }),
      tries(1_000),
    );
    assert.ok(read > 50, `only ${read} of the changed messages could be read at all`);
  });

  it('and bytes from anywhere never throw, and never pass as sealed', () => {
    const anything = fc.uint8Array({ maxLength: 400 });
    const likely = fc.tuple(fc.nat(10), anything).map(([type, rest]) => Uint8Array.from([0x4f, 1, type, ...rest]));
    const mutated = fc.tuple(message, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 })).map(([said, changes]) => {
      const changed = encoded(said);
      for (const [at, value] of changes) changed[at % changed.length] = value;
      return changed;
    });
    fc.assert(
      fc.property(fc.oneof(anything, likely, mutated), (given) => {
        const decoded = decode(given);
        if ('message' in decoded) assert.ok(!sealFits(decoded, new Uint8Array(32)));
        else assert.ok((rejectionReasons as readonly string[]).includes(decoded.rejected));
        readCertificate(given);
        readMetadata(given);
        decodeLegacy(given);
      }),
      tries(3_000),
    );
  });

  it('and JSON from anywhere never throws', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 3 }, fc.jsonValue(), tie('beat')),
      beat: fc.record(
        {
          type: fc.oneof(fc.constant('heartbeat'), fc.string()),
          agent_id: fc.oneof(fc.constant('a'), fc.jsonValue()),
          region: fc.jsonValue(),
          timestamp: fc.oneof(fc.constant('2026-11-21T14:00:00Z'), fc.jsonValue()),
          payload: fc.record({ backends: fc.array(fc.record({ service, address, port: fc.jsonValue(), weight: fc.jsonValue() })) }),
        },
        { requiredKeys: ['type', 'agent_id', 'payload'] },
      ),
    })).any;
    fc.assert(
      fc.property(value, (json) => {
        const decoded = decodeLegacy(Buffer.from(JSON.stringify(json)));
        if ('rejected' in decoded) return;
        assert.equal(typeof decoded.agent, 'string');
      }),
      tries(1_000),
    );
  });
});
