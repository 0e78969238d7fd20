import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes } from '../../../../src/nodes/gossip/address.ts';
import type { Message } from '../../../../src/nodes/gossip/messages.ts';
import { swimLimits } from '../../../../src/nodes/gossip/swim-limits.ts';
import { acknowledged, alive, changes, dead, type Given, memberA, sentOf, suspect, text } from './swim-member.ts';

type A = ReturnType<typeof memberA>;
/** What `a` says of somebody in its next rounds of rumours. */
const spreads = (a: A, name: string) =>
  a
    .moveTo(a.now() + 1_000)
    .flatMap((output) => (output.type === 'send' ? output.messages : []))
    .filter((message) => (message.type === 'alive' || message.type === 'suspect' || message.type === 'dead') && message.node === name)
    .map(({ type }) => type);

interface Row {
  readonly name: string;
  /** What `a` heard before, of `b` that it knows with incarnation 1. */
  readonly before?: readonly Message[];
  readonly hears: Message;
  readonly changes: readonly string[];
  readonly state: string | undefined;
  readonly incarnation?: number;
  readonly spreads: boolean;
  readonly given?: Given;
  readonly laterMs?: number;
}

function proves(rows: readonly Row[]): void {
  for (const row of rows) {
    test(row.name, () => {
      const a = memberA({ knows: ['b', 'c', 'd', 'e', 'f'], ...row.given });
      a.hear(...(row.before ?? []));
      // A member that was stopped fires nothing, so that only the rule itself is seen.
      a.sleepUntil(a.now() + (row.laterMs ?? 0));
      const subject = 'node' in row.hears ? row.hears.node : '';
      assert.deepEqual(changes(a.hear(row.hears)), row.changes, 'changes');
      assert.equal(a.stateOf(subject), row.state, 'state');
      if (row.incarnation !== undefined) assert.equal(a.member(subject)?.incarnation, row.incarnation, 'incarnation');
      if ((row.before ?? []).length === 0) assert.equal(spreads(a, subject).length > 0, row.spreads, 'spreads');
    });
  }
}

const elsewhere = { addr: addressBytes('10.9.9.9') };
const described = { meta: text('eu-west') };
const versions = (...numbers: number[]) => ({ vsn: Uint8Array.from(numbers) });

proves([
  // name, before, hears, changes, state, incarnation, spreads
  {
    name: 'alive, unknown: taken in and spread',
    hears: alive('x', 7),
    changes: ['joined x'],
    state: 'alive',
    incarnation: 7,
    spreads: true,
  },
  {
    name: 'alive, known, not higher: nothing',
    hears: alive('b', 1, described),
    changes: [],
    state: 'alive',
    incarnation: 1,
    spreads: false,
  },
  {
    name: 'alive, known, higher and described anew: believed and spread',
    hears: alive('b', 2, described),
    changes: ['updated b'],
    state: 'alive',
    incarnation: 2,
    spreads: true,
  },
  {
    name: 'alive, suspect, not higher: still suspected',
    before: [suspect('b', 1, 'c')],
    hears: alive('b', 1),
    changes: [],
    state: 'suspect',
    incarnation: 1,
    spreads: false,
  },
  {
    name: 'alive, suspect, higher: cleared',
    before: [suspect('b', 1, 'c')],
    hears: alive('b', 2),
    changes: ['cleared b'],
    state: 'alive',
    incarnation: 2,
    spreads: true,
  },
  {
    name: 'alive, dead, not higher: still dead',
    before: [dead('b', 1, 'c')],
    hears: alive('b', 1),
    changes: [],
    state: 'dead',
    spreads: false,
  },
  {
    name: 'alive, dead, higher: joined again',
    before: [dead('b', 1, 'c')],
    hears: alive('b', 2),
    changes: ['joined b'],
    state: 'alive',
    incarnation: 2,
    spreads: true,
  },
  {
    name: 'alive, elsewhere while alive: conflict',
    hears: alive('b', 9, elsewhere),
    changes: ['conflict b'],
    state: 'alive',
    incarnation: 1,
    spreads: false,
  },
  {
    name: 'alive, elsewhere while dead for a short time: conflict',
    before: [dead('b', 1, 'c')],
    hears: alive('b', 9, elsewhere),
    changes: ['conflict b'],
    state: 'dead',
    spreads: false,
  },
  {
    name: 'alive, elsewhere after long enough dead: its name is taken again',
    before: [dead('b', 5, 'c')],
    laterMs: 30_001,
    hears: alive('b', 1, elsewhere),
    changes: ['joined b'],
    state: 'alive',
    incarnation: 1,
    spreads: true,
  },
  {
    name: 'alive, elsewhere after long enough dead, where names are never given back: conflict',
    given: { deadReclaimMs: 0 },
    before: [dead('b', 5, 'c')],
    laterMs: 99_000,
    hears: alive('b', 1, elsewhere),
    changes: ['conflict b'],
    state: 'dead',
    spreads: false,
  },
  {
    name: 'alive, elsewhere after it left: at once',
    before: [dead('b', 5, 'b')],
    hears: alive('b', 1, elsewhere),
    changes: ['joined b'],
    state: 'alive',
    spreads: true,
  },
  {
    name: 'alive with a range of versions that is none: refused',
    hears: alive('x', 1, versions(3, 2, 2, 0, 0, 0)),
    changes: [],
    state: undefined,
    spreads: false,
  },
  {
    name: 'alive without versions: refused',
    hears: alive('x', 1, versions(0, 0, 0, 0, 0, 0)),
    changes: [],
    state: undefined,
    spreads: false,
  },
  {
    name: 'alive with versions that nobody here understands: refused before it blocks every exchange',
    hears: alive('x', 1, versions(1, 5, 2, 2, 5, 4)),
    changes: [],
    state: undefined,
    spreads: false,
  },
  {
    name: 'alive with another range that fits: taken in',
    hears: alive('x', 1, versions(2, 3, 2, 0, 0, 0)),
    changes: ['joined x'],
    state: 'alive',
    spreads: true,
  },
  {
    name: 'alive, not admitted: not taken in',
    given: { admits: ({ name }) => name !== 'x' },
    hears: alive('x'),
    changes: [],
    state: undefined,
    spreads: false,
  },

  { name: 'suspect, unknown: nothing', hears: suspect('x', 1, 'c'), changes: [], state: undefined, spreads: false },
  {
    name: 'suspect, lower: nothing',
    before: [alive('b', 3)],
    hears: suspect('b', 2, 'c'),
    changes: [],
    state: 'alive',
    incarnation: 3,
    spreads: false,
  },
  {
    name: 'suspect, alive: suspected and spread',
    hears: suspect('b', 1, 'c'),
    changes: ['suspected b'],
    state: 'suspect',
    incarnation: 1,
    spreads: true,
  },
  {
    name: 'suspect, higher than known: suspected with that incarnation',
    hears: suspect('b', 4, 'c'),
    changes: ['suspected b'],
    state: 'suspect',
    incarnation: 4,
    spreads: true,
  },
  { name: 'suspect, dead: nothing', before: [dead('b', 1, 'c')], hears: suspect('b', 1, 'd'), changes: [], state: 'dead', spreads: false },

  { name: 'dead, unknown: nobody enters as a dead one', hears: dead('x', 1, 'c'), changes: [], state: undefined, spreads: false },
  { name: 'dead, lower: nothing', before: [alive('b', 3)], hears: dead('b', 2, 'c'), changes: [], state: 'alive', spreads: false },
  { name: 'dead by the word of another: failed', hears: dead('b', 1, 'c'), changes: ['failed b'], state: 'dead', spreads: true },
  { name: 'dead by its own word: left', hears: dead('b', 1, 'b'), changes: ['left b'], state: 'left', spreads: true },
  {
    name: 'dead, already left: nothing',
    before: [dead('b', 1, 'b')],
    hears: dead('b', 2, 'c'),
    changes: [],
    state: 'left',
    incarnation: 1,
    spreads: false,
  },
  {
    name: 'dead, suspected before: failed',
    before: [suspect('b', 1, 'c')],
    hears: dead('b', 1, 'c'),
    changes: ['failed b'],
    state: 'dead',
    spreads: true,
  },
]);

test('a confirmation by somebody new is spread, and one that was heard is not', () => {
  const a = memberA({ knows: ['b', 'c', 'd', 'e', 'f'] });
  a.hear(suspect('b', 1, 'c'));
  const spreadsOf = () => sentOf(a.moveTo(a.now() + 1_500), 'suspect').filter(({ from }) => from === 'd').length;
  a.hear(suspect('b', 1, 'd'));
  assert.ok(spreadsOf() > 0);
  a.hear(suspect('b', 1, 'd'));
  assert.equal(spreadsOf(), 0);
});

test('a suspect that does not refute is dead when its time is over, and one that does is not', () => {
  for (const refutes of [false, true]) {
    const a = memberA({ knows: ['b', 'c'] });
    const start = a.now();
    a.hear(suspect('b', 1, 'c'));
    if (refutes) a.hear(alive('b', 2));
    // Three members: nobody confirms, so it takes the shortest time, 4 s.
    assert.deepEqual(changes(a.moveTo(start + 3_999, acknowledged)), []);
    assert.deepEqual(changes(a.moveTo(start + 4_000, acknowledged)), refutes ? [] : ['failed b']);
  }
});

test('the more members confirm a suspicion, the sooner it ends, for each suspect by itself', () => {
  const a = memberA({ knows: ['b', 'c', 'd', 'e', 'f'] });
  const start = a.now();
  // Six members: two confirmations take it from 24 s to 4 s. The one that nobody confirms must not hold the other up.
  a.hear(suspect('c', 1, 'b'), suspect('b', 1, 'c'), suspect('b', 1, 'd'), suspect('b', 1, 'e'));
  assert.deepEqual(changes(a.moveTo(start + 3_999, acknowledged)), []);
  assert.deepEqual(changes(a.moveTo(start + 4_000, acknowledged)), ['failed b']);
  assert.deepEqual(changes(a.moveTo(start + 23_999, acknowledged)), []);
  assert.deepEqual(changes(a.moveTo(start + 24_000, acknowledged)), ['failed c']);
});

test('ill news of ourselves is refuted above what was said and above all that we said', () => {
  const rows: readonly (readonly [hears: Message, incarnation: number])[] = [
    [suspect('a', 1, 'b'), 2],
    [suspect('a', 6, 'b'), 7],
    [dead('a', 1, 'b'), 2],
    [dead('a', 1, 'a'), 2],
    [alive('a', 8), 9],
    [alive('a', 1, { meta: text('another run') }), 2],
    [suspect('a', 2 ** 32 - 1, 'b'), 2 ** 32 - 1],
  ];
  for (const [hears, incarnation] of rows) {
    const a = memberA({ knows: ['b', 'c'] });
    a.hear(hears);
    const [said] = sentOf(a.moveTo(a.now() + 500), 'alive');
    assert.equal(said?.incarnation, incarnation, JSON.stringify(hears));
    assert.equal(said.node, 'a');
    assert.equal(a.stateOf('a'), 'alive');
    assert.equal(a.swim.counters().refutes, 1);
    assert.equal(a.swim.awareness(), 1);
  }
});

test('what we said ourselves, or have refuted, needs no answer', () => {
  const a = memberA({ knows: ['b'] });
  for (const hears of [alive('a', 1), alive('a', 0), suspect('a', 0, 'b'), dead('a', 0, 'b')]) a.hear(hears);
  assert.equal(a.swim.counters().refutes, 0);
  assert.deepEqual(sentOf(a.moveTo(a.now() + 500), 'alive'), []);
});

test('our own name from another address is a conflict, and does not move us', () => {
  const a = memberA({ knows: ['b'] });
  a.hear(alive('a', 9, elsewhere));
  assert.equal(a.member('a')?.address, '10.0.0.97');
  assert.equal(a.refused()['address-conflict'], 1);
});

test('an IPv4 address wrapped in IPv6 is the same member, not a conflict', () => {
  const a = memberA({ knows: ['b'] });
  const wrapped = Uint8Array.from([...new Array(10).fill(0), 255, 255, 10, 0, 0, 98]);
  a.hear(alive('b', 2, { addr: wrapped }));
  assert.equal(a.refused()['address-conflict'], 0);
  assert.equal(a.member('b')?.incarnation, 2);
});

test('a member that names no port listens on the same one as we do', () => {
  const a = memberA();
  a.hear(alive('x', 1, { port: 0 }));
  assert.equal(a.member('x')?.port, 7946);
});

test('a full list takes nobody in, and still believes news of those who are in it', () => {
  const a = memberA({ knows: ['b', 'c'], limits: { ...swimLimits, members: 3 } });
  a.hear(alive('x'), alive('b', 2));
  assert.equal(a.stateOf('x'), undefined);
  assert.equal(a.refused()['too-many-members'], 1);
  assert.equal(a.member('b')?.incarnation, 2);
});

test('the dead and the left are forgotten some time after, and may then come back with any incarnation', () => {
  const a = memberA({ knows: ['b', 'c', 'd'], deadReclaimMs: 0 });
  a.hear(dead('b', 5, 'c'), dead('c', 5, 'c'));
  const start = a.now();
  assert.deepEqual(
    changes(a.moveTo(start + 30_000)).filter((change) => change.startsWith('forgotten')),
    [],
  );
  assert.deepEqual(
    changes(a.moveTo(start + 40_000))
      .filter((change) => change.startsWith('forgotten'))
      .sort(),
    ['forgotten b', 'forgotten c'],
  );
  assert.deepEqual(changes(a.hear(alive('b', 1))), ['joined b']);
});
