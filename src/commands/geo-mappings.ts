/**
 * Saying where the clients of a network are. What the configuration says of a network is hidden by what is set here, and
 * counts again when that is removed; it goes only with its line in the file.
 *
 *     order    the network is set   in the configuration   what is asked            decision
 *     set      any                  any                    a region that is none    refused: unknown-region
 *     set      yes                  any                    what is so already       nothing
 *     set      no                   any                    beyond the limit         refused: too-many-mappings
 *     set      any                  any                    anything else            geo_mapping.set
 *     remove   yes                  any                    -                        geo_mapping.removed
 *     remove   no                   yes                    -                        refused: static-mapping
 *     remove   no                   no                     -                        refused: unknown-mapping
 */
import { mappingsInForce } from '../projections/geo-mappings.ts';
import type { State } from '../projections/state.ts';
import type { Decision, RemoveGeoMapping, SetGeoMapping } from './command.ts';

/** Networks that may be set by order; the configuration may hold others (I9). */
export const geoMappingsMax = 2_000;

export function setGeoMapping({ cidr, region, comment }: SetGeoMapping, state: State): Decision {
  const regions = state.configuration?.regions;
  if (regions?.has(region) !== true) {
    const known = [...(regions?.keys() ?? [])].join(', ');
    return { refused: 'unknown-region', error: `there is no region named ${region}`, remedy: `use one of ${known}` };
  }
  const before = state.geoMappings.find((mapping) => mapping.cidr === cidr);
  if (before?.region === region && before.comment === comment) return [];
  if (before === undefined && state.geoMappings.length >= geoMappingsMax) {
    const remedy = 'remove those that are not needed, or put them into overwatch.geolocation.custom_mappings of the configuration';
    return { refused: 'too-many-mappings', error: `${geoMappingsMax} networks are set already`, remedy };
  }
  return [{ type: 'geo_mapping.set', data: { cidr, region, comment } }];
}

export function removeGeoMapping({ cidr }: RemoveGeoMapping, state: State): Decision {
  const before = state.geoMappings.find((mapping) => mapping.cidr === cidr);
  if (before !== undefined) return [{ type: 'geo_mapping.removed', data: { cidr }, cause: before.position }];
  if (mappingsInForce(state).some((mapping) => mapping.cidr === cidr)) {
    const remedy = 'remove it from overwatch.geolocation.custom_mappings there and reload, or set another region for it';
    return { refused: 'static-mapping', error: `the configuration says where ${cidr} is`, remedy };
  }
  return { refused: 'unknown-mapping', error: `nobody said where ${cidr} is`, remedy: 'GET /api/v1/geo/mappings lists the networks' };
}
