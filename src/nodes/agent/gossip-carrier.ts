/** The agent as a member of the gossip: what the links need of it, and what it tells them. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Gossip } from '../gossip/gossip.ts';
import { type KeptKeys, withKeptKeys } from '../gossip/kept-keys.ts';
import { startGossip } from '../gossip/start-gossip.ts';
import { writeMetadata } from '../identity/member-metadata.ts';
import type { Carrier, Place } from './link.ts';
import type { OverwatchLinks } from './overwatch-links.ts';
import type { AgentSettings } from './own-claims.ts';

export interface AgentGossipOptions {
  readonly settings: AgentSettings;
  readonly keys: KeptKeys;
  readonly agent: string;
  readonly version: string;
  /** The moment, in milliseconds since 1970. */
  readonly now: number;
  readonly links: Pick<OverwatchLinks, 'hear' | 'memberCame' | 'memberWent'>;
  /** It broke down, and nobody hears this agent any more. */
  readonly failed: (error: Error) => void;
}

/** Rejects with an error that has a sentence and a remedy. */
export function startAgentGossip({ settings, keys, agent, version, now, links, failed }: AgentGossipOptions): Promise<Gossip> {
  const { bind_address: bind, advertise_address: advertise, encryption_key: key, preset } = settings.gossip;
  return withKeptKeys(
    keys,
    startGossip,
  )({
    ...{ name: agent, bind, key, preset },
    ...(advertise !== undefined && { advertise }),
    meta: writeMetadata({ role: 'agent', region: settings.identity.region, version }, now),
    hears: {
      messages(batch) {
        for (const { bytes } of batch) links.hear(bytes);
      },
      members(batch) {
        for (const { change, member } of batch) {
          if (change === 'joined' || change === 'updated') links.memberCame(member);
          else if (change === 'failed' || change === 'left') links.memberWent(member, wentWords[change]);
        }
      },
      failed,
    },
  });
}

const wentWords = { failed: 'it does not answer any more', left: 'it stopped in order' } as const;

/** `gossip` is asked for only when something is to be sent. */
export function gossipCarrier(gossip: () => Pick<Gossip, 'join' | 'send'>): Carrier {
  return {
    async join(node) {
      const [outcome] = await gossip().join([node]);
      if (outcome?.failure !== undefined) throw new Error(outcome.failure);
      return placeOf(node);
    },
    send: (to, bytes, reliable) => gossip().send(to, bytes, { reliable }),
  };
}

/** Names are looked up each time: what stood behind one may have moved while it was away. */
async function placeOf(node: string): Promise<Place> {
  const colon = node.lastIndexOf(':');
  const host = node.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const port = Number(node.slice(colon + 1));
  return { address: isIP(host) === 0 ? (await lookup(host)).address : host, port };
}
