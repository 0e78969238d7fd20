/**
 * One operator, many nodes. A change goes to each of them, and what one says holds for it alone; a question goes to the
 * first that can be reached, because overwatches that watch the same servers know the same.
 */
import type { NodeClient } from './client.ts';
import { NodeError } from './node-error.ts';

/** What one node made of what each was asked. */
export type NodeOutcome<T> =
  | { readonly endpoint: string; readonly ok: true; readonly value: T }
  | { readonly endpoint: string; readonly ok: false; readonly error: NodeError };

/** All at once, in the order of the nodes. What is no `NodeError` is a fault of this program, and thrown. */
export async function askEach<T>(
  clients: readonly NodeClient[],
  ask: (client: NodeClient) => Promise<T>,
): Promise<readonly NodeOutcome<T>[]> {
  return Promise.all(
    clients.map(async (client): Promise<NodeOutcome<T>> => {
      const { endpoint } = client;
      try {
        return { endpoint, ok: true, value: await ask(client) };
      } catch (error) {
        if (error instanceof NodeError) return { endpoint, ok: false, error };
        throw error;
      }
    }),
  );
}

/** The answer of the first node that can be reached; `passed` hears of each that could not. What it refuses is refused. */
export async function askFirst<T>(
  clients: readonly NodeClient[],
  ask: (client: NodeClient) => Promise<T>,
  passed: (error: NodeError) => void,
): Promise<T> {
  const tried: NodeError[] = [];
  for (const client of clients) {
    try {
      return await ask(client);
    } catch (error) {
      if (!(error instanceof NodeError) || error.kind === 'refused') throw error;
      tried.push(error);
      if (tried.length < clients.length) passed(error);
    }
  }
  throw noneAnswered(tried);
}

/** What is left to say when no node answered: each that was tried, and why not. */
export function noneAnswered(tried: readonly NodeError[]): NodeError {
  const [first] = tried;
  if (first === undefined) throw new Error('no node was asked');
  if (tried.length === 1) return first;
  const kind = tried.every((error) => error.kind === 'not-a-node') ? 'not-a-node' : 'unreachable';
  const sentences = tried.map(({ message }) => `\n  ${message}`).join('');
  return new NodeError(kind, first.endpoint, `none of ${tried.length} nodes answered:${sentences}`, first.remedy);
}
