/** `Gossip` over a channel: questions with their answers, listeners with their batches, and what everybody is told of members. */
import { resolveAddress } from './advertised-address.ts';
import type { Gossip, GossipListeners, JoinOutcome, MemberNews } from './gossip.ts';
import type { GossipChannel } from './gossip-channel.ts';
import type { Answers, Command, Notice, Question, Started } from './gossip-commands.ts';
import { GossipError } from './gossip-error.ts';
import type { JoinResult, Member } from './swim-interface.ts';

/** Whoever waits for the answer to a question. */
interface Asker {
  readonly resolve: (answer: never) => void;
  readonly reject: (error: Error) => void;
}

export async function openFacade(
  openChannel: (tell: (notice: Notice) => void) => Promise<GossipChannel>,
  hears: GossipListeners,
): Promise<Gossip> {
  const askers = new Map<number, Asker>();
  const members = new Map<string, Member>();
  let lastId = 0;
  let end: Error | undefined;
  let closing: Promise<void> | undefined;

  const channel = await openChannel(hear);
  const { advertised, port, self }: Started = channel.started;
  members.set(self.name, self);

  function hear(notice: Notice) {
    if (notice.type === 'done') return settle(notice);
    if (end !== undefined) return;
    if (notice.type === 'broken') return breakDown(notice.error);
    // Taken before it is looked at: what follows is made ready meanwhile, and a listener that throws ends the program anyway.
    post({ type: 'taken' });
    for (const news of notice.news) remember(members, news);
    if (notice.news.length > 0) hears.members?.(notice.news);
    if (notice.messages.length > 0) hears.messages?.(notice.messages);
  }

  function settle({ id, answer }: Notice & { type: 'done' }): void {
    askers.get(id)?.resolve(answer as never);
    askers.delete(id);
  }

  function breakDown(error: Error): void {
    endAll(error);
    void channel.end();
    hears.failed?.(error);
  }

  function endAll(error: Error): void {
    end = error;
    for (const { reject } of askers.values()) reject(error);
    askers.clear();
  }

  function post(command: Command): void {
    if (end === undefined) channel.post(command);
  }

  function ask<Asked extends Question>(question: Asked): Promise<Answers[Asked['type']]> {
    if (end !== undefined) return Promise.reject(end);
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      askers.set(id, { resolve, reject });
      channel.post({ id, ...question });
    });
  }

  async function join(addresses: readonly string[], remember: boolean): Promise<readonly JoinOutcome[]> {
    const found = await Promise.all(addresses.map(resolved));
    const all = found.flatMap((one) => ('failure' in one ? [] : one.addresses));
    const results = [...(await ask({ type: 'join', addresses: all, remember }))];
    return found.map((one, index) => {
      const address = addresses[index] as string;
      return 'failure' in one ? { address, failure: one.failure } : outcomeOf(address, results.splice(0, one.addresses.length));
    });
  }

  const changeKeys = (action: 'install' | 'use' | 'remove') => (key: string) => ask({ type: 'changeKeys', action, key });

  return {
    name: self.name,
    advertised,
    port,
    members: () => [...members.values()].sort((one, other) => (one.name < other.name ? -1 : 1)),
    join: (addresses, { remember = false } = {}) => join(addresses, remember),
    send: (to, bytes, { reliable = false } = {}) => post({ type: 'send', to, bytes: new Uint8Array(bytes), reliable }),
    broadcast: (bytes, key) => post({ type: 'broadcast', bytes: new Uint8Array(bytes), ...(key === undefined ? {} : { key }) }),
    async describe(meta) {
      await ask({ type: 'describe', meta: new Uint8Array(meta) });
      members.set(self.name, { ...(members.get(self.name) ?? self), meta: new Uint8Array(meta) });
    },
    leave: (timeoutMs) => ask({ type: 'leave', timeoutMs }),
    keys: {
      list: () => ask({ type: 'listKeys' }),
      install: changeKeys('install'),
      use: changeKeys('use'),
      remove: changeKeys('remove'),
    },
    counters: () => ask({ type: 'counters' }),
    close() {
      closing ??= (async () => {
        if (end !== undefined) return;
        const closed = ask({ type: 'close' });
        // From here on nobody is told anything, and nothing more is asked.
        const error = new GossipError('gossip-closed', 'the gossip of this node was closed', 'start it again');
        end = error;
        await closed.catch(() => {});
        endAll(error);
        await channel.end();
      })();
      return closing;
    },
  };
}

/** A member that was forgotten is gone; of a conflict, what is told is the member as it was. */
function remember(members: Map<string, Member>, { change, member }: MemberNews): void {
  if (change === 'forgotten') members.delete(member.name);
  else members.set(member.name, member);
}

async function resolved(address: string) {
  try {
    return { addresses: await resolveAddress(address) };
  } catch (error) {
    if (error instanceof GossipError) return { failure: `${error.message}; ${error.remedy}` };
    throw error;
  }
}

/** One address of a name that answers is enough. */
function outcomeOf(address: string, results: readonly JoinResult[]): JoinOutcome {
  const isDone = results.some(({ failure }) => failure === undefined);
  return { address, failure: isDone ? undefined : (results[0]?.failure ?? 'it has no address') };
}
