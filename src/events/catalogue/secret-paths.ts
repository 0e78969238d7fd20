/** Where secrets stand in a configuration; `*` is every element or key. They never become part of a fact. */
export const secretPaths = [
  ['overwatch', 'agent_tokens', '*'],
  ['overwatch', 'gossip', 'encryption_key'],
  ['agent', 'identity', 'service_token'],
  ['agent', 'identity', 'tokens', '*'],
  ['agent', 'gossip', 'encryption_key'],
  ['agent', 'backends', '*', 'health_check', 'headers', '*'],
  ['regions', '*', 'health_check', 'headers', '*'],
  ['regions', '*', 'servers', '*', 'health_check', 'headers', '*'],
  ['api', 'tokens', '*', 'token'],
] as const;
