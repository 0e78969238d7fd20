/** Members of a real gossip on loopback, with everything that they were told kept for a test to look at. */
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Gossip, GossipOptions, MemberNews, UserMessage } from '../src/nodes/gossip/gossip.ts';
import { startGossip } from '../src/nodes/gossip/start-gossip.ts';
import type { Member } from '../src/nodes/gossip/swim-interface.ts';

export const makeKey = () => randomBytes(32).toString('base64');

export interface TestMember {
  readonly gossip: Gossip;
  /** `127.0.0.1:port`. */
  readonly place: string;
  /** All news so far, oldest first. */
  readonly news: MemberNews[];
  readonly messages: UserMessage[];
  readonly failures: Error[];
  /** `joined b`, `left c`, in order. */
  told(): readonly string[];
  /** What it thinks of the other; undefined: it does not know it. */
  view(name: string): Member | undefined;
  /** Messages as text. */
  texts(): readonly string[];
}

export async function startTestMember(options: Omit<GossipOptions, 'hears' | 'bind'> & { readonly bind?: string }): Promise<TestMember> {
  const [news, messages, failures]: [MemberNews[], UserMessage[], Error[]] = [[], [], []];
  const gossip = await startGossip({
    preset: 'local',
    bind: '127.0.0.1:0',
    ...options,
    hears: {
      members: (batch) => void news.push(...batch),
      messages: (batch) => void messages.push(...batch),
      failed: (error) => void failures.push(error),
    },
  });
  return {
    gossip,
    place: `${gossip.advertised.address}:${gossip.port}`,
    news,
    messages,
    failures,
    told: () => news.map(({ change, member }) => `${change} ${member.name}`),
    view: (name) => gossip.members().find((member) => member.name === name),
    texts: () => messages.map(({ bytes }) => Buffer.from(bytes).toString()),
  };
}

/** Waits until it holds, and fails with `what` and what there is instead when `withinMs` is over. Returns how long it took. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { withinMs = 15_000, instead = () => '' as unknown }: { readonly withinMs?: number; readonly instead?: () => unknown } = {},
): Promise<number> {
  const begun = performance.now();
  while (!(await holds())) {
    if (performance.now() - begun > withinMs) throw new Error(`not within ${withinMs} ms: ${what}; ${JSON.stringify(instead())}`);
    await nextTurn();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - begun;
}
