/** Which commands were carried out in the last 24 h, by their request key, so that a repeated one has one effect. */
import type { Event, Request } from '../events/event.ts';
import { type Deadlines, setDeadline } from './deadlines.ts';

export const rememberedMs = 24 * 60 * 60 * 1000;

export interface CarriedOut {
  readonly digest: string;
  /** The positions of its first and last fact. */
  readonly first: number;
  readonly last: number;
  /** When it is forgotten. */
  readonly until: number;
}

export type Requests = Map<string, CarriedOut>;

export function evolveRequests(requests: Requests, deadlines: Deadlines, event: Event, request: Request): void {
  const known = requests.get(request.key);
  const first = known?.digest === request.digest ? known.first : event.position;
  const until = event.at + rememberedMs;
  requests.set(request.key, { digest: request.digest, first, last: event.position, until });
  setDeadline(deadlines, 'request-forgotten', request.key, until);
}

/** The deadline `request-forgotten` fired. */
export function forgetRequest(requests: Requests, key: string): void {
  requests.delete(key);
}
