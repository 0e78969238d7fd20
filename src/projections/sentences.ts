/** Facts and deadlines in words, for timelines and explanations. */

import type { Beat } from '../events/catalogue/heartbeats.ts';
import { durationText } from '../events/duration.ts';
import type { Event } from '../events/event.ts';
import { type Candidate, type ServiceAnswer, spokesOf } from './answers.ts';
import { assertNever } from './assert-never.ts';
import type { Deadline } from './deadlines.ts';
import { endpointText, targetText } from './endpoint.ts';
import type { Verdict } from './verdict.ts';

/** One sentence without a full stop; short enough for a line. */
export function eventSentence(event: Event): string {
  const by = event.actor === undefined ? '' : ` by ${event.actor.kind} ${event.actor.name}`;
  switch (event.type) {
    case 'node.started':
      return `the node started (version ${event.data.version})`;
    case 'node.stopped':
      return `the node stopped: ${event.data.reason}`;
    case 'node.attested':
      return 'the node stated what it answered';
    case 'node.stalled':
      return `the node stood still for ${durationText(event.data.forMs)}`;
    case 'clock.stepped': {
      const { fromMs, toMs } = event.data;
      return `the wall clock was set ${toMs > fromMs ? 'forward' : 'back'} by ${durationText(Math.abs(toMs - fromMs))}`;
    }
    case 'log.gap':
      return `${event.data.dropped.reduce((sum, { repetitions, lost }) => sum + repetitions + lost, 0)} observations were dropped`;
    case 'log.checkpoint':
      return 'everything that stood was restated';
    case 'configuration.applied':
      return `configuration ${event.data.digest.slice(0, 12)} applied${by}`;
    case 'server.registered':
      return `server ${endpointText(event.data.address, event.data.port)} registered (${event.data.source})`;
    case 'server.updated':
      return `server ${endpointText(event.data.address, event.data.port)} updated${by}`;
    case 'server.deregistered':
      return `server ${endpointText(event.data.address, event.data.port)} deregistered${by}`;
    case 'validation.recorded': {
      const { address, port, ok, error, totalUs } = event.data;
      const result = ok ? `succeeded in ${(totalUs / 1000).toFixed(1)} ms` : `failed: ${error}`;
      return `check of ${endpointText(address, port)} ${result}`;
    }
    case 'override.set': {
      const { address, port, action, reason } = event.data;
      return `override ${action} on ${targetText(address, port)} set${by}: ${reason}`;
    }
    case 'override.cleared': {
      const { address, port, reason } = event.data;
      return `override on ${targetText(address, port)} cleared${by}${reason === null ? '' : `: ${reason}`}`;
    }
    case 'agent.pinned': {
      const { agent, services, legacy } = event.data;
      return `agent ${agent} ${legacy ? 'let in without proof' : 'pinned'}: it speaks for ${services.join(', ')}`;
    }
    case 'agent.rotated':
      return `agent ${event.data.agent} changed its certificate`;
    case 'agent.revoked':
      return `agent ${event.data.agent} revoked${by}: ${event.data.reason}`;
    case 'agent.rejected': {
      const { agent, reason, address, count } = event.data;
      return `agent ${agent} rejected${address === null ? '' : ` (${address})`}: ${reason}${count === 1 ? '' : `, ${count} times`}`;
    }
    case 'agent.left':
      return `agent ${event.data.agent} left`;
    case 'heartbeat.received':
      return beatsSentence(event.data.beats);
    case 'drain.started': {
      const { agent, address, port, reason } = event.data;
      return `agent ${agent} began to drain ${endpointText(address, port)}: ${reason}`;
    }
    case 'drain.ended': {
      const { agent, address, port } = event.data;
      return `agent ${agent} ended the drain of ${endpointText(address, port)}`;
    }
    case 'gossip_key.rotated': {
      const { action, fingerprint, keys } = event.data;
      return `gossip key ${fingerprint} ${action}${by}: ${keys.length === 1 ? `only ${keys[0]} is left` : `there are ${keys.length}, and ${keys[0]} seals`}`;
    }
    case 'key.generated': {
      const { zone, keyTag, successorOf } = event.data;
      return `key ${keyTag} of ${zone} made${by}${successorOf === null ? '' : `, to succeed ${successorOf}`}`;
    }
    case 'key.stage_entered': {
      const { zone, keyTag, stage, evidence } = event.data;
      return `key ${keyTag} of ${zone} is ${stage}${by}: ${evidence}`;
    }
    case 'key.imported':
      return `key ${event.data.keyTag} of ${event.data.zone} taken over from ${event.data.from}`;
    case 'key.removed':
      return `key ${event.data.keyTag} of ${event.data.zone} removed${by}: ${event.data.reason}`;
    case 'key.refused':
      return `key ${event.data.keyTag} of ${event.data.zone} from ${event.data.from} refused: ${event.data.reason}`;
    case 'geo_mapping.set':
      return `clients of ${event.data.cidr} are in ${event.data.region}${by}${event.data.comment === null ? '' : `: ${event.data.comment}`}`;
    case 'geo_mapping.removed':
      return `where clients of ${event.data.cidr} are is not said any more${by}`;
    default:
      return assertNever(event);
  }
}

/** Of one agent what it said; of many how many there were. */
function beatsSentence(beats: readonly Beat[]): string {
  const [first, ...others] = beats as [Beat, ...Beat[]];
  if (others.length > 0) return `${beats.length} agents were heard`;
  const { agent, claims } = first;
  if (claims === undefined) return `agent ${agent} was heard`;
  const words = claims.backends.map(
    ({ address, port, healthy }) => `${endpointText(address, port)} ${healthy ? 'healthy' : 'not healthy'}`,
  );
  const shown = words.length > 3 ? [...words.slice(0, 3), `${words.length - 3} more`] : words;
  return `agent ${agent} claims ${shown.length === 0 ? 'nothing' : shown.join(', ')}`;
}

export function deadlineSentence({ kind, key }: Deadline): string {
  switch (kind) {
    case 'override-expires': {
      const [, authority, target] = key.split(' ');
      return `the ${authority} override on ${target} expired`;
    }
    case 'answer-due':
      return 'the time came: a failback was due, or a server that starts slowly took more weight';
    case 'agent-silent':
      return `nothing was heard of agent ${key} for too long`;
    case 'bleed-step':
      return `a weight moved by a tenth, by the signals of agent ${key}`;
    case 'key-due':
      return `the time came for the next step of the keys of ${key}`;
    case 'request-forgotten':
      return `the request key ${key} was forgotten`;
    default:
      return assertNever(kind);
  }
}

/**
 * Why a candidate is in or out, in one sentence: what is thought of it, by its worst server, and then
 *
 *     tier    answers   in the wheel   says
 *     none    no        no             it never answers
 *     a tier  no        no             a better tier answers
 *     a tier  yes       no             it stands by
 *     a tier  yes       yes            it answers
 */
export function candidateSentence(candidate: Candidate, { algorithm, families }: ServiceAnswer): string {
  const family = families[candidate.family];
  const isDrawn = family !== undefined && spokesOf(family).some((spoke) => spoke.addresses.includes(candidate.address));
  const opinion = opinionSentence(candidate);
  if (candidate.tier === undefined) return `out: ${opinion}`;
  if (!candidate.answers) return `out: ${opinion}, and ${family?.tier} servers go before ${candidate.tier} ones`;
  if (!isDrawn) return `stands by: ${opinion}, and ${algorithm} answers with others`;
  if (candidate.tier === 'fit') return `in: ${opinion}`;
  return `in: ${opinion}, and no server is any better`;
}

const authorityWords: Readonly<Record<Verdict['authority'], string>> = {
  'human-override': 'by a person',
  'tool-override': 'by a tool',
  'agent-drain': 'by its agent',
  validation: 'by its checks',
  liveness: 'by silence',
  'agent-claim': "by its agent's word",
  registration: 'by its registration',
  nothing: 'so far',
};

function opinionSentence({ servers }: Candidate): string {
  const [{ server, verdict, weight }] = servers;
  const which = servers.length > 1 ? `port ${server.port}, the worst of ${servers.length}, is ` : '';
  const bled = weight === server.weight ? '' : ` of ${server.weight}, by the signals of its agent`;
  const weightless = verdict.status !== 'down' && (weight === 0 || bled !== '') ? `, its weight is ${weight}${bled}` : '';
  return `${which}${verdict.status} ${authorityWords[verdict.authority]} (${verdict.reason})${weightless}`;
}
