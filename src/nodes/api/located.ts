/** In which region a client is, and who says so. */
import { z } from 'zod';
import { mappingFor, mappingsInForce } from '../../projections/geo-mappings.ts';
import type { State } from '../../projections/state.ts';

export const locatedShape = z.strictObject({
  ip: z.string(),
  region: z.string().nullable().describe('null: none, and such clients are answered with servers of all regions.'),
  match_type: z.enum(['custom_mapping', 'default']).describe('`default`: no network holds the address.'),
  matched_cidr: z.string().optional(),
  comment: z.string().optional(),
  source: z.enum(['config', 'api']).optional().describe('Who says where the network is.'),
});

export function located(state: State, ip: string): z.output<typeof locatedShape> {
  const mapping = mappingFor(mappingsInForce(state), ip);
  const usual = state.configuration?.configuration.overwatch.geolocation.default_region;
  if (mapping === undefined) return { ip, region: usual ?? null, match_type: 'default' };
  const { cidr, region, comment, source } = mapping;
  return { ip, region, match_type: 'custom_mapping', matched_cidr: cidr, ...(comment !== null && { comment }), source };
}
