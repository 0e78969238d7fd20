/** The one door for commands: what is refused, what is carried out, and that repeating an order has one effect. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Command, isRefusal, type RefusalReason } from '../../../src/commands/command.ts';
import { decide } from '../../../src/commands/decide.ts';
import type { Fact } from '../../../src/events/event.ts';
import { digest } from '../../../src/projections/digest.ts';
import { evolve } from '../../../src/projections/evolve.ts';
import type { State } from '../../../src/projections/state.ts';
import {
  a,
  app,
  applying,
  at,
  b,
  c,
  clearingOverride,
  events,
  inForce,
  oneDomain,
  order,
  overridden,
  settingOverride,
  someone,
  stateOf,
  unchecked,
} from '../../given.ts';

const known = () => stateOf(at(1_000, ...inForce(oneDomain([a, b], {}, unchecked))));

function refusalOf(command: Command, state: State, key?: string): RefusalReason | undefined {
  const ruling = decide(order(command, key), state);
  return isRefusal(ruling) ? ruling.refused : undefined;
}

function factsOf(command: Command, state: State, key?: string): readonly Fact[] {
  const ruling = decide(order(command, key), state);
  assert.ok('facts' in ruling, JSON.stringify(ruling));
  return ruling.facts;
}

function carryOut(command: Command, state: State, key?: string): void {
  for (const event of events(at(state.at, ...factsOf(command, state, key)))) evolve(state, { ...event, position: state.position + 1 });
}

describe('an order', () => {
  const commands: readonly { readonly command: Command; readonly facts: readonly Fact['type'][] }[] = [
    { command: applying(oneDomain([a], {}, unchecked)), facts: ['configuration.applied', 'server.deregistered'] },
    { command: settingOverride(a, 'down'), facts: ['override.set'] },
    { command: clearingOverride(b), facts: ['override.cleared'] },
    {
      command: { kind: 'registerServer', service: app, address: c, port: 80, region: 'eu', weight: 1, force: false },
      facts: ['server.registered'],
    },
    { command: { kind: 'updateServer', service: app, address: a, port: 80, weight: 1, force: false }, facts: ['server.updated'] },
    { command: { kind: 'startNode', version: '1' }, facts: ['node.started'] },
    { command: { kind: 'stopNode', reason: 'asked' }, facts: ['node.attested', 'node.stopped'] },
    { command: { kind: 'attestAnswers' }, facts: ['node.attested'] },
  ];
  for (const { command, facts } of commands) {
    it(`to ${command.kind} makes these facts true: ${facts.join(', ')}`, () => {
      const state = known();
      carryOut(settingOverride(b, 'up'), state);
      const before = digest(state);
      const forced = 'force' in command ? { ...command, force: true } : command;
      assert.deepEqual(
        factsOf(forced, state).map(({ type }) => type),
        facts,
      );
      assert.equal(digest(state), before, 'deciding changes nothing');
    });
  }

  it('marks each of its facts with who gave it and with its key', () => {
    const state = known();
    for (const fact of factsOf({ kind: 'stopNode', reason: 'asked' }, state, 'key')) {
      assert.deepEqual(fact.actor, someone);
      assert.equal(fact.request?.key, 'key');
      assert.match(fact.request?.digest ?? '', /^[0-9a-f]{64}$/);
    }
    assert.equal('request' in (factsOf({ kind: 'attestAnswers' }, state)[0] as Fact), false);
  });

  it('is decided alike on the same state', () => {
    assert.deepEqual(decide(order(settingOverride(a, 'down'), 'key'), known()), decide(order(settingOverride(a, 'down'), 'key'), known()));
  });

  it('that is refused makes nothing true', () => {
    assert.equal(refusalOf(settingOverride('192.0.2.99', 'down'), known()), 'unknown-server');
  });

  it('goes past the guard only by force', () => {
    const state = known();
    carryOut(settingOverride(a, 'down'), state);
    assert.equal(refusalOf(settingOverride(b, 'down'), state), 'would-empty-service');
    assert.equal(factsOf(settingOverride(b, 'down', { force: true }), state).length, 1);
  });
});

describe('an order with a request key', () => {
  const command = settingOverride(a, 'down');

  it('that was carried out is not carried out again', () => {
    const state = known();
    carryOut(command, state, 'key');
    const ruling = decide(order(command, 'key'), state);
    assert.ok('carriedOut' in ruling);
    assert.deepEqual([ruling.carriedOut.first, ruling.carriedOut.last], [4, 4]);
  });

  it('is the same in whatever order its fields were written', () => {
    const state = known();
    carryOut(command, state, 'key');
    const turned = Object.fromEntries(Object.entries(command).reverse()) as unknown as Command;
    assert.ok('carriedOut' in decide(order(turned, 'key'), state));
  });

  it('is refused where the key was used for another command', () => {
    const state = known();
    carryOut(command, state, 'key');
    for (const other of [settingOverride(b, 'down'), settingOverride(a, 'drain'), settingOverride(a, 'down', { force: true })]) {
      assert.equal(refusalOf(other, state, 'key'), 'request-key-reused');
    }
    assert.equal(refusalOf({ kind: 'attestAnswers' }, state, 'key'), 'request-key-reused');
  });

  it('is a new one under another key, and without one', () => {
    const state = known();
    carryOut(command, state, 'key');
    assert.equal(factsOf(command, state, 'other').length, 1);
    assert.equal(factsOf(command, state).length, 1);
  });

  it('that was refused may be given again', () => {
    const state = known();
    assert.equal(refusalOf(clearingOverride(a), state, 'key'), 'unknown-override');
    carryOut(settingOverride(a, 'down'), state);
    assert.equal(factsOf(clearingOverride(a), state, 'key').length, 1);
  });

  it('is a new one when a day has passed', () => {
    const state = known();
    carryOut(command, state, 'key');
    const [later] = events(at(state.at + 86_400_000, overridden(b, 'up')));
    evolve(state, { ...(later as NonNullable<typeof later>), position: state.position + 1 });
    assert.equal(factsOf(command, state, 'key').length, 1);
  });
});
