/** Facts and deadlines in words, for timelines and explanations. */
import type { Event } from '../events/event.ts';
import { assertNever } from './assert-never.ts';
import type { Deadline } from './deadlines.ts';
import { endpointText, targetText } from './endpoint.ts';

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
    default:
      return assertNever(event);
  }
}

export function deadlineSentence({ kind, key }: Deadline): string {
  switch (kind) {
    case 'override-expires': {
      const [, authority, target] = key.split(' ');
      return `the ${authority} override on ${target} expired`;
    }
    case 'request-forgotten':
      return `the request key ${key} was forgotten`;
    default:
      return assertNever(kind);
  }
}
