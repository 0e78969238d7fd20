/**
 * What waits for the owner of a member, who may be busy: messages and news of members, one batch at a time. The next is given
 * only when the last was taken, so a main thread that stands still for a minute costs a bounded amount of memory, and finds
 * everything in one piece. Pure.
 */
import type { MemberNews, UserMessage } from './gossip.ts';
import type { TransportLimits } from './transport-limits.ts';

export interface Batch {
  readonly messages: readonly UserMessage[];
  readonly news: readonly MemberNews[];
}

export interface Inbox {
  /** False: there is no room, and it was dropped. */
  addMessage(message: UserMessage): boolean;
  addNews(news: MemberNews): void;
  /** What has come since, unless the last batch is still with the owner, or nothing has. */
  give(): Batch | undefined;
  /** The owner has taken the last batch. */
  taken(): void;
}

export function createInbox(limits: Pick<TransportLimits, 'inboxMessages' | 'inboxBytes'>): Inbox {
  let messages: UserMessage[] = [];
  let bytes = 0;
  let news = new Map<string, MemberNews>();
  let isWithOwner = false;
  return {
    addMessage(message) {
      if (messages.length >= limits.inboxMessages || bytes + message.bytes.length > limits.inboxBytes) return false;
      messages.push(message);
      bytes += message.bytes.length;
      return true;
    },
    addNews(latest) {
      const key = `${latest.change === 'conflict' ? 'conflict' : 'member'} ${latest.member.name}`;
      const merged = mergedNews(news.get(key), latest);
      // What was told last comes last.
      news.delete(key);
      news.set(key, merged);
    },
    give() {
      if (isWithOwner || (messages.length === 0 && news.size === 0)) return undefined;
      const batch: Batch = { messages, news: [...news.values()] };
      messages = [];
      bytes = 0;
      news = new Map();
      isWithOwner = true;
      return batch;
    },
    taken() {
      isWithOwner = false;
    },
  };
}

/**
 * | waiting | latest                      | told                                |
 * |---------|-----------------------------|-------------------------------------|
 * | nothing | any                         | the latest                          |
 * | joined  | updated, suspected, cleared | joined, with the member as it is now |
 * | any     | any other                   | the latest                          |
 */
function mergedNews(waiting: MemberNews | undefined, latest: MemberNews): MemberNews {
  const isDetail = latest.change === 'updated' || latest.change === 'suspected' || latest.change === 'cleared';
  return waiting?.change === 'joined' && isDetail ? { change: 'joined', member: latest.member } : latest;
}
