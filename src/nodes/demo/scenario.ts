/**
 * What the demo does, as a table: each step is a deed and what the client must see before the next one. A step has
 * been seen when the newest DNS answer holds exactly the servers that should serve, and the last forty requests in a
 * row succeeded and came from exactly these.
 */
import { type CastServer, servers, service, web1, web2, web3 } from './cast.ts';
import { type ClientEntry, isAnswer, isRequest } from './client-log.ts';
import type { Stage } from './stage.ts';

/** A deed on some stage: the first demo's, or another one's. */
export interface Step<On = Stage> {
  readonly name: string;
  /** What is done. */
  readonly deed: string;
  /** What the client must see, as the rest of a sentence that begins with "the client sees". */
  readonly sees: string;
  /** The addresses that DNS answers once it took effect; null: the deed changes no answer. */
  readonly answer: readonly string[] | null;
  readonly act: (stage: On) => Promise<void>;
  /** Whether it was seen. `entries` are those since the deed. */
  readonly isSeen: (entries: readonly ClientEntry[]) => boolean;
}

const calmRequests = 40;
const reason = 'maintenance of web3, shown by the demo';

export type Deed<On = Stage> = Pick<Step<On>, 'name' | 'deed' | 'act'>;

export const warmUp = served(servers, {
  name: 'warm-up',
  deed: 'the client begins to ask',
  act: async (stage) => stage.client.start(),
});

/** From all three serving to all three serving again. */
export const failures: readonly Step[] = [
  served([web1, web3], {
    name: 'kill',
    deed: 'web2 is killed (SIGKILL)',
    act: (stage) => stage.killServer(web2),
  }),
  served(servers, {
    name: 'return',
    deed: 'web2 is started again',
    act: (stage) => stage.startServer(web2),
  }),
  served([web1, web2], {
    name: 'override',
    deed: `web3 is overridden: down, "${reason}"`,
    act: (stage) => stage.api.setOverride(service, web3.address, 'down', reason),
  }),
  {
    name: 'direct',
    deed: 'web3 itself is asked',
    sees: 'web3 answer 200 all the same',
    answer: null,
    act: (stage) => stage.client.askDirectly(web3.address),
    isSeen: (entries) => entries.some((entry) => entry.kind === 'request' && entry.direct && entry.server === web3.name),
  },
  served(servers, {
    name: 'clear',
    deed: 'the override is cleared',
    act: (stage) => stage.api.clearOverride(service, web3.address),
  }),
];

/** The deed, seen when DNS answers exactly these, and these serve. */
export function served<On = Stage>(by: readonly CastServer[], deed: Deed<On>): Step<On> {
  const answer = by.map(({ address }) => address);
  const names = by.map(({ name }) => name);
  return {
    ...deed,
    sees: `DNS answer ${names.join(', ')}, and these serve`,
    answer,
    isSeen: (entries) => sameMembers(newestAnswer(entries), answer) && sameMembers(calmlyServedBy(entries), names),
  };
}

/** The addresses of the newest answer that the client got. */
function newestAnswer(entries: readonly ClientEntry[]): readonly string[] {
  return entries.filter(isAnswer).findLast(({ by }) => by === 'client')?.addresses ?? [];
}

/** Who served the last requests; nobody where one of them failed, or where there were too few. */
function calmlyServedBy(entries: readonly ClientEntry[]): readonly string[] {
  const last = entries.filter(isRequest).slice(-calmRequests);
  if (last.length < calmRequests) return [];
  const names = last.map(({ server }) => server);
  return names.every((name) => name !== null) ? [...new Set(names)] : [];
}

export function sameMembers(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}
