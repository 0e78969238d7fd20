/** Facts about where clients are, as people and their tools say it: networks and their regions, beside those of the configuration. */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';
import { network } from './scalars.ts';

export const mappingWords = { cidr: network, region: z.string().min(1).max(100), comment: z.string().max(1000).nullable() };

export const geoMappingSet = defineEvent({
  type: 'geo_mapping.set',
  code: 60,
  meaning: 'From now on clients of this network count as being in this region, whatever the configuration says of the same network.',
  data: z.strictObject(mappingWords),
});

export const geoMappingRemoved = defineEvent({
  type: 'geo_mapping.removed',
  code: 61,
  meaning: 'Nobody says any more where clients of this network are, but for what the configuration says.',
  data: z.strictObject({ cidr: network }),
});
