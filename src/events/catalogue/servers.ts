/** Facts about which servers a service has. Whether they are fit to serve is derived elsewhere. */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { agentName } from './agents.ts';
import { healthCheck } from './configuration.ts';
import { address, domainName, port } from './scalars.ts';

/** What names one backend. */
const backend = { service: domainName, address, port };

const attributesBefore = {
  region: z.string(),
  /** Share of the answers under `weighted`; 0 counts as draining. */
  weight: z.int().nonnegative(),
  /** Host header and TLS server name of its checks. */
  host: z.string().optional(),
  /** Its own check, before the region's. */
  health_check: healthCheck.optional(),
};
const attributes = {
  ...attributesBefore,
  /** Who speaks for it from inside; absent: nobody. */
  agent: agentName.optional(),
};
const source = z.enum(['static', 'agent', 'api']);
/** Until there were agents: nobody spoke for a server. */
const unspoken = (data: never) => data;

export const serverRegistered = defineEvent({
  type: 'server.registered',
  code: 10,
  meaning: 'A service has one more server.',
  data: z.strictObject({ ...backend, source, ...attributes }),
  older: [{ data: z.strictObject({ ...backend, source, ...attributesBefore }), upcast: unspoken }],
});

export const serverUpdated = defineEvent({
  type: 'server.updated',
  code: 11,
  meaning: 'A server has these attributes from now on; the event restates all of them.',
  data: z.strictObject({ ...backend, ...attributes }),
  older: [{ data: z.strictObject({ ...backend, ...attributesBefore }), upcast: unspoken }],
});

export const serverDeregistered = defineEvent({
  type: 'server.deregistered',
  code: 12,
  meaning: 'A service no longer has this server.',
  data: z.strictObject(backend),
});
