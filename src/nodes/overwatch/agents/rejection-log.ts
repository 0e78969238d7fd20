/**
 * What was not let in, as facts that stay few whatever is sent: of each agent and reason the first at once, and then at
 * most one a minute that says how many it stands for. Names that nobody pinned are anybody's invention, so they have a
 * small table of their own and cannot crowd out what is said of real agents. Every single one is counted.
 *
 *     the pair is        the table is      then
 *     new                not full          told at once, as one
 *     new                full              only counted
 *     in the table       any               added to what the next fact says, at the end of its minute
 */
import type { RejectionReason } from '../../../events/catalogue/agents.ts';
import type { Event, FactOf } from '../../../events/event.ts';
import type { Clock } from '../../world.ts';
import { agentLimits } from './limits.ts';

/** The name in facts of what does not say who sent it. */
export const nameless = '(nameless)';

export interface RejectionLog {
  /** `agent`: what it calls itself. `address`: where it came from, or what it was about. */
  note(agent: string, reason: RejectionReason, address: string | null): void;
  /** What a command refused and made a fact of already. */
  noteFacts(events: readonly Event[]): void;
  /** All since the start, by reason. */
  counts(): ReadonlyMap<RejectionReason, number>;
  stop(): void;
}

export interface RejectionLogOptions {
  readonly clock: Clock;
  readonly isPinned: (agent: string) => boolean;
  readonly tell: (fact: FactOf<'agent.rejected'>) => void;
}

interface Entry {
  readonly agent: string;
  readonly reason: RejectionReason;
  address: string | null;
  untold: number;
  callOff: () => void;
}

export function createRejectionLog({ clock, isPinned, tell }: RejectionLogOptions): RejectionLog {
  const counts = new Map<RejectionReason, number>();
  const ofPinned = new Map<string, Entry>();
  const ofOthers = new Map<string, Entry>();

  function wait(table: Map<string, Entry>, key: string, entry: Entry): void {
    entry.callOff = clock.wakeAt(clock.now() + agentLimits.rejectionToldEveryMs, () => {
      if (entry.untold === 0) return void table.delete(key);
      sayOf(entry, entry.untold);
      entry.untold = 0;
      wait(table, key, entry);
    });
  }

  function sayOf({ agent, reason, address }: Entry, count: number): void {
    tell({ type: 'agent.rejected', data: { agent, reason, address, count } });
  }

  const count = (reason: RejectionReason) => counts.set(reason, (counts.get(reason) ?? 0) + 1);

  return {
    noteFacts(events) {
      for (const { type, data } of events) if (type === 'agent.rejected') count(data.reason);
    },
    note(agent, reason, address) {
      count(reason);
      const pinned = isPinned(agent);
      const [table, most] = pinned ? [ofPinned, agentLimits.rejectionsOfPinnedMax] : [ofOthers, agentLimits.rejectionsOfOthersMax];
      const key = `${reason} ${agent}`;
      const known = table.get(key);
      if (known !== undefined) {
        known.untold += 1;
        known.address = address;
      } else if (table.size < most) {
        const entry: Entry = { agent, reason, address, untold: 0, callOff: () => {} };
        table.set(key, entry);
        sayOf(entry, 1);
        wait(table, key, entry);
      }
    },
    counts: () => counts,
    stop() {
      for (const { callOff } of [...ofPinned.values(), ...ofOthers.values()]) callOff();
    },
  };
}
