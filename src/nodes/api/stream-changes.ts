/**
 * What an event meant: which answers changed by it, and which servers are now up, down, draining or unproven. Derived
 * by looking at the services that a fold names and comparing with how they looked before; stored nowhere.
 */
import { answerOf, answerText } from '../../projections/answers.ts';
import { servicesOf } from '../../projections/configuration.ts';
import { endpointText } from '../../projections/endpoint.ts';
import type { Services } from '../../projections/evolve.ts';
import { type Server, serversOf } from '../../projections/registry.ts';
import type { State } from '../../projections/state.ts';
import { type ShownAnswer, shown } from '../../projections/timeline.ts';
import { type Verdict, verdictOn } from '../../projections/verdict.ts';

export type DerivedChange =
  | {
      readonly kind: 'answer';
      readonly service: string;
      /** null: the service was not served. */
      readonly from: ShownAnswer | null;
      readonly to: ShownAnswer | null;
    }
  | {
      readonly kind: 'server';
      readonly service: string;
      readonly address: string;
      readonly port: number;
      /** null: there was no such server. */
      readonly from: Verdict['status'] | null;
      readonly to: Verdict['status'] | null;
      /** Why it is what it is now; null: it is gone. */
      readonly reason: string | null;
    };

export interface ChangeWatch {
  /** What changed since these services were last looked at: servers first, then the answer that follows from them. */
  lookAt(services: Services, state: State): DerivedChange[];
}

/** How a service looked. */
interface Picture {
  readonly text: string;
  readonly shown: ShownAnswer | null;
  readonly servers: ReadonlyMap<string, { readonly server: Server; readonly verdict: Verdict }>;
}

const nothing: Picture = { text: '', shown: null, servers: new Map() };

/** Everything that the state holds now is known and no change. */
export function watchChanges(state: State): ChangeWatch {
  const pictures = new Map<string, Picture>();
  for (const service of new Set([...servicesOf(state.configuration), ...state.registry.keys()])) {
    pictures.set(service, pictureOf(service, state));
  }
  return {
    lookAt(services, now) {
      return [...new Set(services)].flatMap((service) => {
        const before = pictures.get(service) ?? nothing;
        const after = pictureOf(service, now);
        if (after.shown === null && after.servers.size === 0) pictures.delete(service);
        else pictures.set(service, after);
        const changed = serverChanges(before, after);
        if (before.text !== after.text) changed.push({ kind: 'answer', service, from: before.shown, to: after.shown });
        return changed;
      });
    },
  };
}

function pictureOf(service: string, state: State): Picture {
  const answer = answerOf(state, service);
  const servers = [...serversOf(state.registry, service)].map(
    (server) => [endpointText(server.address, server.port), { server, verdict: verdictOn(state, server) }] as const,
  );
  return {
    text: answer === undefined ? '' : answerText(answer),
    shown: answer === undefined ? null : shown(answer),
    servers: new Map(servers),
  };
}

function serverChanges(before: Picture, after: Picture): DerivedChange[] {
  const changes: DerivedChange[] = [];
  for (const name of new Set([...before.servers.keys(), ...after.servers.keys()])) {
    const [was, is] = [before.servers.get(name), after.servers.get(name)];
    const server = (is ?? was)?.server;
    if (server === undefined || was?.verdict.status === is?.verdict.status) continue;
    const { service, address, port } = server;
    const [from, to] = [was?.verdict.status ?? null, is?.verdict.status ?? null];
    changes.push({ kind: 'server', service, address, port, from, to, reason: is?.verdict.reason ?? null });
  }
  return changes;
}
