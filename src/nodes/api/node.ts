/** Whether the node lives and can do its work, and what it is. Whoever can connect may ask. */
import { z } from 'zod';
import type { Api, Readiness, RouteContext } from './route-context.ts';
import { time } from './shapes.ts';

const readyShape = z.strictObject({
  ready: z.boolean(),
  message: z.string().optional().describe('What is not ready.'),
  dns_ready: z.boolean(),
  health_ready: z.boolean(),
});

const versionShape = z.strictObject({ version: z.string(), node_version: z.string(), platform: z.string(), generated_at: time });

const config = { access: 'open' } as const;

export function nodeRoutes(api: Api, { version, readiness, generatedAt }: RouteContext): void {
  api.get('/ready', { config, schema: { response: { 200: readyShape, 503: readyShape } } }, (_request, reply) => {
    const { dns, health } = readiness();
    const ready = dns && health;
    void reply.code(ready ? 200 : 503);
    return { ready, ...(!ready && { message: missing({ dns, health }) }), dns_ready: dns, health_ready: health };
  });

  api.get('/live', { config, schema: { response: { 200: z.strictObject({ alive: z.literal(true) }) } } }, () => ({ alive: true as const }));

  api.get('/version', { config, schema: { response: { 200: versionShape } } }, () => ({
    version,
    node_version: process.version,
    platform: `${process.platform}/${process.arch}`,
    generated_at: generatedAt(),
  }));
}

function missing({ dns, health }: Readiness): string {
  const sentences = [...(dns ? [] : ['DNS is not answered yet']), ...(health ? [] : ['not every server has been checked yet'])];
  return sentences.join(', and ');
}
