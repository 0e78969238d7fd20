/** Whether what DNS answers is signed: under the path and with the fields of the original, so that nobody has to guess it from a silence. */
import { z } from 'zod';
import type { Api, RouteContext } from './route-context.ts';
import { answering, noQuery, reads, time } from './shapes.ts';

const statusAnswer = z.strictObject({
  enabled: z.boolean().describe('Whether answers are signed, whatever the configuration asks for.'),
  message: z.string().optional().describe('Why they are not.'),
  keys: z.array(z.never()).describe('The keys that they are signed with.'),
  generated_at: time,
});

export function dnssecRoutes(api: Api, { generatedAt }: RouteContext): void {
  api.get('/dnssec/status', { config: reads, schema: { querystring: noQuery, response: answering(statusAnswer) } }, () => ({
    enabled: false,
    message: 'DNS answers are not signed: this version has no DNSSEC',
    keys: [],
    generated_at: generatedAt(),
  }));
}
