/** How a node stands, gathered from its API: what it is, how far its log goes, what it serves and what is overridden. */
import { answerText } from './answer-text.ts';
import type { NodeClient } from './client.ts';
import { clientLimits } from './limits.ts';
import {
  agentsOf,
  answersOf,
  dnssecOf,
  eventsOf,
  overridesOf,
  readinessOf,
  type ServiceSummary,
  type ShownAgent,
  type ShownOverride,
  servicesOf,
  versionOf,
} from './node-api.ts';

export interface NodeStatus {
  readonly endpoint: string;
  /** Whose log it is; null: nothing is in it. */
  readonly node: string | null;
  readonly version: string;
  readonly ready: boolean;
  /** What is not ready; null where all is. */
  readonly missing: string | null;
  /** Why DNS answers are not signed; null where they are. */
  readonly unsigned: string | null;
  /** The last position that is on stable storage. */
  readonly position: number;
  readonly services: readonly ServiceSummary[];
  readonly overrides: readonly ShownOverride[];
  /** Revoked ones as well. */
  readonly agents: readonly ShownAgent[];
}

export async function statusOf(client: NodeClient): Promise<NodeStatus> {
  const [{ version }, { ready, message }, dnssec, { events, last }, services, overrides, agents] = await Promise.all([
    versionOf(client),
    readinessOf(client),
    dnssecOf(client),
    eventsOf(client, { from: -1, limit: 1 }),
    servicesOf(client),
    overridesOf(client),
    agentsOf(client),
  ]);
  const node = events[0]?.node ?? null;
  const unsigned = dnssec.enabled ? null : (dnssec.message ?? 'DNS answers are not signed');
  return {
    endpoint: client.endpoint,
    node,
    version,
    ready,
    missing: message ?? null,
    unsigned,
    position: last,
    services,
    overrides,
    agents,
  };
}

/** The answers of all services of a node, by name, as text. */
export async function answerTextsOf(client: NodeClient, services: readonly ServiceSummary[]): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  const left = services.map(({ name }) => name);
  const askOneByOne = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      texts.set(name, answerText((await answersOf(client, name)).families));
    }
  };
  await Promise.all(Array.from({ length: clientLimits.questionsAtOnce }, askOneByOne));
  return texts;
}
