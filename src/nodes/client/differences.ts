/**
 * Where nodes that should say the same do not. Pure: what they said comes in, who says what of which subject goes out.
 * When something was said, and at which position of its log, is each node's own affair and no difference.
 */
import type { ShownAgent, ShownOverride } from './node-api.ts';

/** What one node says. */
export interface Said {
  readonly endpoint: string;
  /** By service, as text. */
  readonly answers: ReadonlyMap<string, string>;
  readonly overrides: readonly ShownOverride[];
  readonly agents: readonly ShownAgent[];
}

export interface Difference {
  readonly kind: 'answer' | 'override' | 'agent';
  /** The service, the server of a service whose override it is, or the agent. */
  readonly subject: string;
  /** Everything that is said, and who says it; what most say comes first. */
  readonly versions: readonly { readonly says: string; readonly nodes: readonly string[] }[];
}

export function differencesBetween(nodes: readonly Said[]): readonly Difference[] {
  return [
    ...differing('answer', nodes, ({ answers }) => answers, 'not served'),
    ...differing('override', nodes, ({ overrides }) => overrideTexts(overrides), 'none'),
    ...differing('agent', nodes, ({ agents }) => agentTexts(agents), 'not known'),
  ];
}

function differing(
  kind: Difference['kind'],
  nodes: readonly Said[],
  saidBy: (node: Said) => ReadonlyMap<string, string>,
  silence: string,
): readonly Difference[] {
  const all = nodes.map((node) => ({ endpoint: node.endpoint, said: saidBy(node) }));
  const subjects = [...new Set(all.flatMap(({ said }) => [...said.keys()]))].sort();
  return subjects.flatMap((subject) => {
    const versions = new Map<string, string[]>();
    for (const { endpoint, said } of all) {
      const says = said.get(subject) ?? silence;
      versions.set(says, [...(versions.get(says) ?? []), endpoint]);
    }
    if (versions.size < 2) return [];
    const inOrder = [...versions].sort(([, a], [, b]) => b.length - a.length);
    return [{ kind, subject, versions: inOrder.map(([says, who]) => ({ says, nodes: who })) }];
  });
}

/** A person's and a tool's override on one server are two subjects. */
function overrideTexts(overrides: readonly ShownOverride[]): ReadonlyMap<string, string> {
  return new Map(
    overrides.map(({ service, address, port, authority, action }) => [
      `${service} ${address}${port === null ? '' : ` port ${port}`}, by a ${authority === 'human' ? 'person' : authority}`,
      action,
    ]),
  );
}

/** Two nodes that pinned different certificates of one name know two hosts, so the beginning of it is part of the text. */
function agentTexts(agents: readonly ShownAgent[]): ReadonlyMap<string, string> {
  return new Map(
    agents.map(({ agent_id: id, status, fingerprint }) => [id, fingerprint === null ? status : `${status}, ${fingerprint.slice(0, 12)}`]),
  );
}
