/**
 * Who drains what. Several may ask for a drain, each for its own reason, and a backend drains while anybody does: ending
 * one drain says nothing about the others. What an operator asked for over the control socket is kept by the state folder
 * and holds over restarts until it is ended; a file is there or it is not; an agent that stops drains everything.
 *
 *     who asks              for                        until                           after a restart
 *     the agent's end       every service              it has ended                    no
 *     the drain file        every service              the file is gone                as the file says then
 *     the control socket    one service, or all        `drain off` of the same         yes
 */
import { z } from 'zod';
import { domainName } from '../../events/catalogue/scalars.ts';
import { printable } from '../configuration/problem.ts';
import type { StateFolder } from './state-folder.ts';

/** In the order in which their reasons are told. */
export const drainers = ['stop', 'file', 'socket'] as const;
export type Drainer = (typeof drainers)[number];

export interface Drain {
  readonly by: Drainer;
  /** Null: every service of this agent. */
  readonly service: string | null;
  readonly reason: string;
}

export interface Drains {
  /** Every drain that stands, in the order of `drainers`. */
  list(): readonly Drain[];
  /** Why the backends of this service drain; null: they do not. */
  reasonOf(service: string): string | null;
  /** Begins a drain, or gives one that stands another reason. A drain by the socket is on stable storage when it returns. */
  begin(drain: Drain): void;
  /**
   * Ends the drains by this drainer; whether there was any. Of the socket's:
   *
   *     asked to end    a drain of all stands    what happens
   *     all             -                        every drain by the socket ends
   *     one service     no                       that one ends
   *     one service     yes                      its own ends, if it has one; it drains on, because all of them do
   */
  end(by: Drainer, service?: string | null): boolean;
}

export interface DrainsOptions {
  readonly folder: StateFolder;
  /** Called after every change of what drains, or why. */
  readonly changed: () => void;
}

/** Of three bytes each at most, they fit the 512 bytes that a message to an overwatch has for them. */
export const reasonCharactersMax = 170;

/** Whatever somebody wrote, as one short line that does nothing to a terminal; empty where it says nothing. */
export function reasonText(text: string): string {
  return printable(text.trim())
    .slice(0, reasonCharactersMax)
    .replace(/[\ud800-\udbff]$/, '');
}

const file = 'drains.json';
const kept = z.strictObject({
  drains: z.array(z.strictObject({ service: domainName.nullable(), reason: z.string().min(1).max(reasonCharactersMax) })),
});

/** Throws `StateFolderError` where what was kept cannot be read. */
export function openDrains({ folder, changed }: DrainsOptions): Drains {
  let drains: readonly Drain[] = (folder.read(file, kept)?.drains ?? []).map((drain) => ({ by: 'socket', ...drain }));

  const replace = (next: readonly Drain[]) => {
    const before = drains.filter(isKept);
    const after = next.filter(isKept);
    // First the disk, then the change: an operator who was told "draining" finds it so after a restart.
    if (!isSame(before, after)) folder.write(file, { drains: after.map(({ service, reason }) => ({ service, reason })) });
    drains = [...next].sort((one, other) => drainers.indexOf(one.by) - drainers.indexOf(other.by));
    changed();
  };

  return {
    list: () => drains,
    reasonOf: (service) => drains.find((drain) => drain.service === null || drain.service === service)?.reason ?? null,
    begin(drain) {
      const others = drains.filter(({ by, service }) => by !== drain.by || service !== drain.service);
      const isNews = !drains.some((known) => isSame([known], [drain]));
      if (isNews) replace([...others, drain]);
    },
    end(by, service = null) {
      const left = drains.filter((drain) => drain.by !== by || (service !== null && drain.service !== service));
      if (left.length === drains.length) return false;
      replace(left);
      return true;
    },
  };
}

const isKept = ({ by }: Drain) => by === 'socket';

function isSame(some: readonly Drain[], others: readonly Drain[]): boolean {
  return JSON.stringify(some.map(fields)) === JSON.stringify(others.map(fields));
}

const fields = ({ by, service, reason }: Drain) => [by, service, reason];
