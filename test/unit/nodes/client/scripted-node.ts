/** A node that answers from a table, without a network: for what is done with answers, rather than with connections. */
import type { NodeClient, Question } from '../../../../src/nodes/client/client.ts';
import { NodeError } from '../../../../src/nodes/client/node-error.ts';

export type Asked = Pick<Question<never>, 'method' | 'path' | 'query' | 'body' | 'key'>;

export function scriptedNode(endpoint: string, answer: (asked: Asked) => unknown): NodeClient & { readonly asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    endpoint,
    asked,
    async ask({ shape, alsoStatus: _, ...question }) {
      asked.push(question);
      return shape.parse(answer(question));
    },
  };
}

export const unreachableNode = (endpoint: string) =>
  scriptedNode(endpoint, () => {
    throw new NodeError('unreachable', endpoint, `${endpoint} is away`, 'start it');
  });

export const refusingNode = (endpoint: string) =>
  scriptedNode(endpoint, () => {
    throw new NodeError('refused', endpoint, 'there is no service a', 'list them', 'unknown-service');
  });
