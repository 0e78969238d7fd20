/**
 * The gossip itself, as its own thread counts it. The numbers are fetched before each reading; where the thread does not
 * answer they stay as they were.
 */
import type { Gossip, GossipCounters } from '../gossip/gossip.ts';
import type { Exposition, Sample } from './exposition.ts';

/** Fetches the numbers of now. */
export type RefreshGossip = () => Promise<void>;

/** `node` is undefined where gossip is off: the names are exposed then, without numbers. */
export function gossipMetrics(exposition: Exposition, node: { readonly gossip: Pick<Gossip, 'counters'> } | undefined): RefreshGossip {
  let counters: GossipCounters | undefined;
  const one = (read: (of: GossipCounters) => number) => (): Sample[] => (counters === undefined ? [] : [[read(counters)]]);
  const each = (read: (of: GossipCounters) => Readonly<Record<string, number>>) => (): Sample[] =>
    counters === undefined
      ? []
      : Object.entries(read(counters))
          .filter(([, count]) => count > 0)
          .map(([label, count]) => [count, label]);

  exposition.gauge({ name: 'gossip_encryption_enabled', help: 'Always 1 where there is gossip.' }, () => (node === undefined ? [] : [[1]]));
  exposition.gauge(
    { name: 'gossip_members_total', help: 'Members that are known, this node among them.' },
    one(({ members }) => members.alive + members.suspect + members.dead + members.left),
  );
  exposition.gauge(
    { name: 'gossip_healthy_members', help: 'Those of them that are alive.' },
    one(({ members }) => members.alive),
  );
  exposition.gauge(
    { name: 'gossip_queue_depth', help: 'News that waits to be told.' },
    one(({ queueLength }) => queueLength),
  );
  exposition.gauge(
    { name: 'gossip_awareness', help: 'How much this node doubts itself: 0 is well.' },
    one(({ awareness }) => awareness),
  );
  exposition.counter(
    { name: 'gossip_messages_sent_total', help: 'Messages of the protocol that were sent.', labels: ['type'] },
    each(({ sent }) => sent),
  );
  exposition.counter(
    { name: 'gossip_messages_received_total', help: 'Messages of the protocol that were taken.', labels: ['type'] },
    each(({ received }) => received),
  );
  exposition.counter(
    { name: 'gossip_message_send_failures_total', help: 'Messages that could not be sent.' },
    one(({ dropped }) => dropped['send-failed'] + dropped['streams-out']),
  );
  exposition.counter(
    { name: 'gossip_rejected_total', help: 'What came in and was not taken.', labels: ['reason'] },
    each(({ rejected }) => rejected),
  );
  exposition.counter(
    { name: 'gossip_dropped_total', help: 'What was given up at a limit.', labels: ['reason'] },
    each(({ dropped }) => dropped),
  );
  exposition.counter(
    { name: 'gossip_decryption_failures_total', help: 'Packets that no key opens.' },
    one(({ rejected }) => rejected.undecryptable),
  );
  exposition.counter(
    { name: 'gossip_suspicions_total', help: 'Members that were suspected here.' },
    one(({ swim }) => swim.suspicions),
  );
  exposition.counter(
    { name: 'gossip_refutes_total', help: 'Rumours of its own death that this node refuted.' },
    one(({ swim }) => swim.refutes),
  );

  return async () => {
    counters = (await node?.gossip.counters().catch(() => undefined)) ?? counters;
  };
}
