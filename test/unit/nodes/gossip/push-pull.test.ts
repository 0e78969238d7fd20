import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../../../src/nodes/gossip/messages.ts';
import type { Output } from '../../../../src/nodes/gossip/swim-interface.ts';
import { swimLimits } from '../../../../src/nodes/gossip/swim-limits.ts';
import { versionsFit } from '../../../../src/nodes/gossip/versions.ts';
import { acknowledged, alive, changes, dead, memberA, only, placeOf, pushPull, record, suspect, text } from './swim-member.ts';

const opened = (outputs: readonly Output[]) => only(outputs, 'open').filter(({ message }) => message.type === 'pushPull');
const namesIn = (message: Message | undefined) =>
  message?.type === 'pushPull' ? message.nodes.map(({ name, state }) => `${name} ${state}`).sort() : [];

test('a request is answered with everybody in any state, as known before the request is believed', () => {
  const a = memberA({ knows: ['b', 'c', 'd', 'e'] });
  a.hear(suspect('c', 1, 'b'), dead('d', 1, 'b'), dead('e', 1, 'e'));
  const outputs = a.step({ type: 'request', stream: 3, message: pushPull([record('x', 'alive')], true), from: placeOf('x') });
  const [reply] = only(outputs, 'reply');
  assert.equal(reply?.stream, 3);
  assert.deepEqual(namesIn(reply?.message), ['a alive', 'b alive', 'c suspect', 'd dead', 'e left']);
  assert.equal(reply?.message.type === 'pushPull' && reply.message.join, true, 'it says join where the request did');
  assert.deepEqual(changes(outputs), ['joined x']);
});

test('a record counts by its state', () => {
  const rows: readonly (readonly [state: Parameters<typeof record>[1], incarnation: number, changes: readonly string[], state: string])[] =
    [
      ['alive', 2, [], 'alive'],
      ['left', 1, ['left b'], 'left'],
      ['suspect', 1, ['suspected b'], 'suspect'],
      ['dead', 1, ['suspected b'], 'suspect'],
      ['dead', 0, [], 'alive'],
    ];
  for (const [state, incarnation, expected, then] of rows) {
    const a = memberA({ knows: ['b', 'c'] });
    const outputs = a.step({ type: 'request', stream: 1, message: pushPull([record('b', state, incarnation)]), from: placeOf('c') });
    assert.deepEqual(changes(outputs), expected, state);
    assert.equal(a.stateOf('b'), then, state);
  }
});

test('a member that started again refutes what others remember of it, and needs to remember nothing itself', () => {
  for (const state of ['alive', 'suspect', 'dead', 'left'] as const) {
    const a = memberA();
    a.step({ type: 'request', stream: 1, message: pushPull([record('a', state, 41), record('b', 'alive')]), from: placeOf('b') });
    assert.deepEqual([a.stateOf('a'), a.member('a')?.incarnation], ['alive', 42], state);
  }
});

test('who is dead or has left does not come in by way of an exchange', () => {
  const a = memberA({ knows: ['b'] });
  const nodes = [record('x', 'dead'), record('y', 'left'), record('z', 'suspect')];
  assert.deepEqual(changes(a.step({ type: 'request', stream: 1, message: pushPull(nodes), from: placeOf('b') })), []);
  assert.equal(a.swim.members().length, 2);
});

test('a record whose versions make no sense is left out, and the others count', () => {
  const a = memberA();
  const broken = [
    record('x', 'alive', 1, { vsn: Uint8Array.of(0, 0, 0, 0, 0, 0) }),
    record('y', 'alive', 1, { vsn: Uint8Array.of(5, 1, 2, 0, 0, 0) }),
  ];
  const outputs = a.step({ type: 'request', stream: 1, message: pushPull([...broken, record('b', 'alive')]), from: placeOf('b') });
  assert.deepEqual(changes(outputs), ['joined b']);
  assert.equal(a.refused()['incompatible-version'], 2);
});

test('versions that do not fit together end the whole exchange', () => {
  const clash = record('x', 'alive', 1, { vsn: Uint8Array.of(1, 5, 2, 2, 5, 4) });
  const a = memberA({ knows: ['b'] });
  assert.deepEqual(
    changes(a.step({ type: 'request', stream: 1, message: pushPull([record('c', 'alive'), clash]), from: placeOf('c') })),
    [],
  );
  assert.equal(a.refused()['version-clash'], 1);
  const [exchange] = opened(a.step({ type: 'join', addresses: [placeOf('c')], remember: false }));
  const [joined] = only(a.step({ type: 'response', stream: exchange?.stream ?? 0, message: pushPull([clash]) }), 'joined');
  assert.match(joined?.results[0]?.failure ?? '', /speak versions that ours do not understand; run one version/);
});

test('versions fit where everybody speaks what all that are alive understand', () => {
  type Row = readonly [name: string, records: readonly (readonly [vsn: readonly number[], isAlive: boolean])[], fits: boolean];
  const ours = [[1, 5, 2, 0, 0, 0], true] as const;
  const rows: readonly Row[] = [
    ['one alone', [ours], true],
    ['others of another application', [ours, [[1, 5, 2, 2, 5, 4], true]], false],
    [
      'the same application',
      [
        [[1, 5, 2, 2, 5, 4], true],
        [[1, 5, 2, 2, 5, 5], true],
      ],
      true,
    ],
    ['an alive one that understands only more', [ours, [[3, 5, 3, 0, 0, 0], true]], false],
    ['a dead one that understands only more', [ours, [[3, 5, 3, 0, 0, 0], false]], true],
    ['a dead one that speaks what nobody understands', [ours, [[1, 5, 9, 0, 0, 0], false]], false],
  ];
  for (const [name, records, fits] of rows) {
    assert.equal(versionsFit(records.map(([vsn, isAlive]) => ({ vsn: Uint8Array.from(vsn), isAlive }))), fits, name);
  }
});

test('what a partner says for its application is told, unless there is nothing', () => {
  const a = memberA();
  const states = [text('state'), text('')].map((bytes) =>
    only(a.step({ type: 'request', stream: 1, message: pushPull([], true, bytes), from: placeOf('b') }), 'userState'),
  );
  assert.deepEqual(states, [[{ type: 'userState', bytes: text('state'), join: true }], []]);
});

test('a join tries each address, and says of each what came of it', () => {
  const a = memberA();
  const begun = opened(a.step({ type: 'join', addresses: ['b', 'c', 'd', 'e'].map(placeOf), remember: false }));
  assert.deepEqual(
    begun.map(({ to, deadline }) => [to, deadline]),
    ['b', 'c', 'd', 'e'].map((name) => [placeOf(name), 10_000]),
  );
  assert.ok(begun.every(({ message }) => message.type === 'pushPull' && message.join));
  const [b = 0, c = 0, d = 0] = begun.map(({ stream }) => stream);
  const outputs = [
    ...a.step({ type: 'response', stream: b, message: pushPull([record('b', 'alive')], true) }),
    ...a.step({ type: 'response', stream: c, message: { type: 'err', error: 'remote state is not encrypted' } }),
    ...a.step({ type: 'streamFailed', stream: d, why: 'nobody listens there' }),
  ];
  assert.deepEqual([changes(outputs), only(outputs, 'joined')], [['joined b'], []], 'the last address is still open');
  const [joined] = only(a.moveTo(10_000, acknowledged), 'joined');
  assert.deepEqual(joined?.results, [
    { address: placeOf('b'), failure: undefined },
    { address: placeOf('c'), failure: 'it answered: remote state is not encrypted' },
    { address: placeOf('d'), failure: 'nobody listens there' },
    { address: placeOf('e'), failure: 'it did not answer in time; is it running, and is TCP to it allowed?' },
  ]);
});

test('a join of no address is over at once, and one of many takes turns', () => {
  const a = memberA({ limits: { ...swimLimits, exchanges: 2 } });
  assert.deepEqual(only(a.step({ type: 'join', addresses: [], remember: false }), 'joined'), [{ type: 'joined', results: [] }]);
  const begun = opened(a.step({ type: 'join', addresses: ['b', 'c', 'd'].map(placeOf), remember: false }));
  assert.deepEqual(
    begun.map(({ to }) => to),
    [placeOf('b'), placeOf('c')],
  );
  const next = opened(a.step({ type: 'streamFailed', stream: begun[0]?.stream ?? 0, why: 'no' }));
  assert.deepEqual(
    next.map(({ to }) => to),
    [placeOf('d')],
  );
});

test('a member does not join itself', () => {
  const outputs = memberA().step({ type: 'join', addresses: [placeOf('a'), placeOf('b')], remember: false });
  assert.deepEqual(
    opened(outputs).map(({ to }) => to),
    [placeOf('b')],
  );
  const [joined] = only(memberA().step({ type: 'join', addresses: [placeOf('a')], remember: false }), 'joined');
  assert.match(joined?.results[0]?.failure ?? '', /of this member itself; name another/);
});

test('an answer to nothing that was asked is counted, and so is an answer twice', () => {
  const a = memberA();
  const [exchange] = opened(a.step({ type: 'join', addresses: [placeOf('b')], remember: false }));
  const stream = exchange?.stream ?? 0;
  a.step({ type: 'response', stream, message: pushPull([]) });
  a.step({ type: 'response', stream, message: pushPull([record('x', 'alive')]) });
  a.step({ type: 'response', stream: 99, message: pushPull([record('x', 'alive')]) });
  assert.equal(a.refused()['misplaced-message'], 2);
  assert.equal(a.stateOf('x'), undefined);
});

test('everything is exchanged with one member by chance each interval, and with nobody where there is nobody', () => {
  const a = memberA({ knows: ['b', 'c'] });
  const first = opened(a.moveTo(a.now() + 30_000, acknowledged));
  assert.equal(first.length, 1);
  assert.ok(first.every(({ message }) => message.type === 'pushPull' && !message.join));
  assert.deepEqual(opened(memberA().moveTo(90_000)), []);
});

test('configured addresses at which nobody is are tried again and again', () => {
  const a = memberA({ rejoinIntervalMs: 30_000 });
  const [exchange] = opened(a.step({ type: 'join', addresses: [placeOf('b')], remember: true }));
  a.step({ type: 'streamFailed', stream: exchange?.stream ?? 0, why: 'no' });
  assert.deepEqual(
    opened(a.moveTo(30_000, acknowledged)).map(({ to }) => to),
    [placeOf('b')],
  );
  const again = opened(a.moveTo(60_000, acknowledged));
  assert.deepEqual(
    again.map(({ to }) => to),
    [placeOf('b')],
  );
  a.step({ type: 'response', stream: again[0]?.stream ?? 0, message: pushPull([record('b', 'alive')]) });
  const later = opened(a.moveTo(120_000, acknowledged)).filter(({ message }) => message.type === 'pushPull' && message.join);
  assert.deepEqual(later, []);
});

test('failed members are looked for after they were forgotten, as long as the setting says, and who left is not', () => {
  for (const [news, isSought] of [
    [dead('b', 1, 'c'), true],
    [dead('b', 1, 'b'), false],
  ] as const) {
    const a = memberA({ knows: ['b'], rejoinIntervalMs: 30_000, rejoinForMs: 300_000 });
    a.hear(news);
    a.moveTo(a.now() + 60_000, acknowledged);
    assert.equal(a.stateOf('b'), undefined);
    assert.equal(opened(a.moveTo(a.now() + 120_000, acknowledged)).length > 0, isSought);
    a.moveTo(a.now() + 300_000, acknowledged);
    assert.deepEqual(opened(a.moveTo(a.now() + 120_000, acknowledged)), []);
  }
});

test('a member that is found again is no longer looked for', () => {
  const a = memberA({ knows: ['b'], rejoinIntervalMs: 30_000 });
  a.hear(dead('b', 1, 'c'), alive('b', 2), dead('b', 2, 'b'));
  assert.deepEqual(opened(a.moveTo(a.now() + 200_000, acknowledged)), []);
});
