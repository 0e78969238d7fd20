/** Every limit on what agents, and whoever else holds the gossip key, can make an overwatch do, in one table (I9). */
export const agentLimits = {
  /** Messages that wait to be read; more are dropped. Honest agents send what matters again. */
  messagesWaitingMax: 65_536,
  /** Bytes of all of them: a member may send 20 MiB at once. Ten thousand agents that claim all their backends at once stay far below. */
  messagesWaitingBytesMax: 64 * 1024 * 1024,
  /** How long the node listens to agents at once, before it does other work. */
  listenMs: 2,
  /** Helloes that are looked into at once, and how fast that fills up again: each costs two operations on a curve. Others are counted and dropped. */
  helloesAtOnce: 1_000,
  helloesPerSecond: 500,
  /** Hints to whoever speaks and is not known that it should introduce itself, likewise: each is a connection of its own. */
  hintsAtOnce: 1_000,
  hintsPerSecond: 500,
  /** Orders of agents that the engine has at once; the others of its 1,024 places are for people and tools. */
  ordersAtOnce: 64,
  /** Agents with an order that waits; the newest of each takes the place of the one before. Others are dropped, and come again. */
  ordersWaitingMax: 20_000,
  /** Signs of life in one fact. */
  beatsInFactMax: 10_000,
  /** How long a sign of life without news may wait for others, so that they become one fact. */
  beatsJoinedMs: 20,
  /** From one `agent.rejected` of one agent for one reason to the next. */
  rejectionToldEveryMs: 60_000,
  /** Pairs of agent and reason that are told apart: of names that are pinned, and of all others. Beyond, they are only counted in the metrics. */
  rejectionsOfPinnedMax: 512,
  rejectionsOfOthersMax: 128,
  /** Known agents that are looked for at once, and the waits between attempts. */
  joinsAtOnce: 16,
  joinFirstMs: 1_000,
  joinMostMs: 60_000,
  /** How often the agents are looked through for those that were silent for too long. */
  forgetEveryMs: 1_000,
  /** Until an agent of which nothing could be forgotten is looked at again. */
  forgetAgainMs: 60_000,
  /** From a breakdown of the gossip to the next attempt to start it. */
  reopenMs: 5_000,
  /** How long a stop waits for the news of it to spread. */
  leaveMs: 1_000,
} as const;
