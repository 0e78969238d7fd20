/**
 * Starts the gossip of this node: looks at every option, so that what is wrong is said in a sentence before anything is
 * opened, and then starts a member in a thread of its own, or in this one.
 */
import { parseListenAddress } from '../listen-address.ts';
import { listenAddressInvalid } from '../listen-error.ts';
import { advertisedAddress } from './advertised-address.ts';
import type { Gossip, GossipOptions } from './gossip.ts';
import { openLocalChannel, openThreadChannel } from './gossip-channel.ts';
import type { MemberSettings } from './gossip-commands.ts';
import { GossipError } from './gossip-error.ts';
import { openFacade } from './gossip-facade.ts';
import { whyNoKey } from './key-ring.ts';
import { sentenceAndRemedy } from './sentence-and-remedy.ts';
import { timingPresets } from './timing.ts';
import { transportLimits } from './transport-limits.ts';
import { ownVsn } from './versions.ts';
import { wireLimits } from './wire-limits.ts';

/** Throws a `GossipError` or a `ListenError`, each with its remedy. */
export async function startGossip(options: GossipOptions): Promise<Gossip> {
  const settings = await memberSettings(options);
  const open = options.thread === false ? openLocalChannel : openThreadChannel;
  return openFacade((tell) => open(settings, tell), options.hears);
}

async function memberSettings(options: GossipOptions): Promise<MemberSettings> {
  for (const key of [options.key, ...(options.otherKeys ?? [])]) refuseBadKey(key);
  refuseBadSelf(options);
  const bind = parseListenAddress(options.bind);
  if (bind === undefined) throw listenAddressInvalid('gossip', options.bind);
  return {
    name: options.name,
    bind,
    advertise: await advertisedAddress(options.advertise, bind),
    keys: [options.key, ...(options.otherKeys ?? [])],
    meta: new Uint8Array(options.meta ?? []),
    vsn: Uint8Array.from([...ownVsn.subarray(0, 3), ...(options.applicationVersions ?? [0, 0, 0])]),
    timing: { ...timingPresets[options.preset ?? 'lan'], ...options.timing },
    compress: options.compress ?? false,
    limits: { ...transportLimits, ...options.limits },
    rejoinIntervalMs: options.rejoinIntervalMs ?? 30_000,
  };
}

function refuseBadKey(key: string): void {
  const why = whyNoKey(key);
  if (why === undefined) return;
  const { sentence, remedy } = sentenceAndRemedy(why);
  throw new GossipError('gossip-key-invalid', `gossip cannot start, because of gossip.encryption_key: ${sentence}`, remedy);
}

function refuseBadSelf({ name, meta = new Uint8Array() }: GossipOptions): void {
  const nameBytes = Buffer.byteLength(name);
  if (nameBytes === 0 || nameBytes > wireLimits.nameBytesMax)
    throw new GossipError(
      'gossip-settings-invalid',
      `gossip cannot start: the name of this node has ${nameBytes} bytes`,
      `give it a name of 1 to ${wireLimits.nameBytesMax} bytes`,
    );
  if (meta.length > wireLimits.metaBytesMax)
    throw new GossipError(
      'gossip-settings-invalid',
      `gossip cannot start: what this node says of itself has ${meta.length} bytes`,
      `say it in at most ${wireLimits.metaBytesMax} bytes`,
    );
}
