/**
 * Keys of the gossip, at run time: the ring of this node is changed, and then the log says so, by fingerprints. No answer
 * ever holds a key but the one that was just made, of which nothing is kept.
 */
import { z } from 'zod';
import { generateGossipKey } from '../gossip/generate-key.ts';
import type { GossipKeys } from '../gossip/gossip.ts';
import { sentenceAndRemedy } from '../gossip/sentence-and-remedy.ts';
import { identityOf } from './door.ts';
import { ApiError } from './errors.ts';
import { carryOut, orderHeaders, orderOf } from './orders.ts';
import type { Api, RouteContext } from './route-context.ts';
import { answering, noQuery, reloads, time } from './shapes.ts';

const generatedAnswer = z.strictObject({
  key: z.string().describe('32 bytes in base64.'),
  algorithm: z.literal('AES-256-GCM'),
  bits: z.literal(256),
});

const fingerprint = z.string().describe('16 hex digits that name a key and do not tell it.');
const keysShape = z.array(z.strictObject({ fingerprint, primary: z.boolean().describe('Whether it seals. All of them open.') }));
const listAnswer = z.strictObject({ keys: keysShape, generated_at: time });
const changeBody = z.strictObject({
  action: z
    .enum(['install', 'use', 'remove'])
    .describe('`install` makes it one that opens, `use` the one that seals, `remove` forgets it. Each on every node before the next.'),
  key: z.string().max(100).describe('32 bytes in base64.'),
});
const changeAnswer = z.strictObject({ ...listAnswer.shape, fingerprint, changed: z.boolean().describe('False: it was so already.') });

const done = { install: 'installed', use: 'used', remove: 'removed' } as const;

export function gossipKeyRoutes(api: Api, { engine, agents, generatedAt }: RouteContext): void {
  const generateSchema = { querystring: noQuery, response: answering(generatedAnswer) };
  api.post('/gossip/generate-key', { config: reloads, schema: generateSchema }, () => ({
    ...{ key: generateGossipKey(), algorithm: 'AES-256-GCM' as const, bits: 256 as const },
  }));

  api.get('/gossip/keys', { config: reloads, schema: { querystring: noQuery, response: answering(listAnswer) } }, async () => ({
    keys: [...(await keysOf(agents).list())],
    generated_at: generatedAt(),
  }));

  const changeSchema = { querystring: noQuery, headers: orderHeaders, body: changeBody, response: answering(changeAnswer) };
  api.post('/gossip/keys', { config: reloads, schema: changeSchema }, async (request) => {
    const { action, key } = request.body;
    const outcome = await keysOf(agents)[action](key);
    if ('refused' in outcome) {
      const { sentence, remedy } = sentenceAndRemedy(outcome.refused);
      throw new ApiError('gossip-key-refused', `the keys stay as they are: ${sentence}`, remedy);
    }
    const { keys, fingerprint, changed } = outcome;
    if (changed) {
      const names = keys.map((one) => one.fingerprint);
      const command = { kind: 'recordGossipKey', action: done[action], fingerprint, keys: names } as const;
      await carryOut(engine, orderOf(identityOf(request).actor, request.headers['idempotency-key'], command));
    }
    return { keys: [...keys], fingerprint, changed, generated_at: generatedAt() };
  });
}

function keysOf(agents: RouteContext['agents']): GossipKeys {
  if (agents !== undefined) return agents.gossip.keys;
  throw new ApiError('not-available', 'gossip is off at this node', 'set overwatch.gossip.encryption_key, and start it again');
}
