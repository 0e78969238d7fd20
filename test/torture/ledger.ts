/**
 * What the clients hold: every command that they sent, and what they were told of it. The judge of a node is this list and not the
 * node, so it is compared with what the node shows after it was killed:
 *
 *     the client was told        in the log it must be
 *     carried out (2xx)          exactly once
 *     nothing, or to try later   once or not at all; once after it was repeated with the same key
 *
 * A command that was told to try later counts as unanswered: its facts may have reached the disk that refused it.
 */
import assert from 'node:assert/strict';
import type { ShownEvent } from './api-client.ts';
import { type Command, type Held, nothingHeld, type Target, targetText } from './commands.ts';

export interface Entry {
  readonly command: Command;
  readonly isAcknowledged: boolean;
}

export interface Ledger {
  /** What one server is known to be, by all that was acknowledged or found. */
  held(target: Target): Held;
  /** What was sent since the last settlement, in the order in which the answers came. */
  readonly entries: readonly Entry[];
  note(entry: Entry): void;
  /** Compares the entries with the events since the last settlement: takes over what is there, and gives what is not. */
  settle(events: readonly ShownEvent[]): readonly Entry[];
  /** The server was checked, and found up. */
  noteUp(target: Target): void;
  /** How often a command's fact must be in the whole log: the keys that were ever settled as carried out. */
  readonly carriedOut: ReadonlySet<string>;
}

export function createLedger(): Ledger {
  const helds = new Map<string, Held>();
  const carriedOut = new Set<string>();
  let entries: Entry[] = [];
  const held = (target: Target) => helds.get(targetText(target)) ?? nothingHeld;
  const apply = ({ target, effect }: Command) => helds.set(targetText(target), effect(held(target)));

  return {
    held,
    carriedOut,
    get entries() {
      return entries;
    },
    note(entry) {
      entries.push(entry);
      if (entry.isAcknowledged) apply(entry.command);
    },
    settle(events) {
      const found = factsByKey(events);
      const sent = new Set(entries.map(({ command }) => command.key));
      for (const key of found.keys()) assert(sent.has(key) || carriedOut.has(key), `the log holds ${key}, which nobody sent in this round`);
      const missing: Entry[] = [];
      for (const entry of entries) {
        const { command, isAcknowledged } = entry;
        const facts = found.get(command.key) ?? [];
        const what = `${command.fact} of ${targetText(command.target)}, key ${command.key}`;
        assert(facts.length <= 1, `${what}: in the log ${facts.length} times`);
        assert(!carriedOut.has(command.key), `${what}: settled before`);
        if (facts[0] === undefined) {
          assert(!isAcknowledged, `${what}: acknowledged, and not in the log`);
          missing.push(entry);
          continue;
        }
        assert.equal(facts[0].type, command.fact, what);
        // Each client waits for its answer before it asks again, so what was unanswered was its last command.
        if (!isAcknowledged) apply(command);
        carriedOut.add(command.key);
      }
      entries = [];
      return missing;
    },
    noteUp(target) {
      helds.set(targetText(target), { ...held(target), health: 'up' });
    },
  };
}

export function factsByKey(events: readonly ShownEvent[]): ReadonlyMap<string, readonly ShownEvent[]> {
  const found = new Map<string, ShownEvent[]>();
  for (const event of events) {
    const key = event.request?.key;
    if (key === undefined) continue;
    const facts = found.get(key) ?? [];
    facts.push(event);
    found.set(key, facts);
  }
  return found;
}

/** Positions follow one another from `first` on (I1). */
export function assertNoGap(events: readonly ShownEvent[], first: number): void {
  for (const [index, { position }] of events.entries()) {
    assert.equal(position, first + index, `position ${first + index} is followed or replaced by ${position}`);
  }
}
