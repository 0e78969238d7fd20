/** From the flags of a command to the nodes to speak to. */
import { type ClientOptions, createClient, type NodeClient } from '../nodes/client/client.ts';
import { askFirst } from '../nodes/client/many-nodes.ts';
import { type ClientFlags, clientSettings } from '../nodes/client/settings.ts';
import { warn } from './node-flags.ts';

export function nodesOf(flags: ClientFlags): readonly NodeClient[] {
  const { endpoints, token, timeoutMs } = clientSettings(flags, process.env);
  return endpoints.map((endpoint) => {
    const options: ClientOptions = { endpoint, timeoutMs };
    return createClient(token === undefined ? options : { ...options, token });
  });
}

/** Asks the first node that can be reached; which could not is said on stderr. */
export function askOne<T>(flags: ClientFlags, ask: (client: NodeClient) => Promise<T>): Promise<T> {
  return askFirst(nodesOf(flags), ask, ({ message }) => warn(`${message}; asking the next`));
}
