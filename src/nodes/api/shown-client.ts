/** What one client of a service gets, and why: where its network is, whose servers that means, and within which prefix it is so. */
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { canonicalAddress, canonicalNetwork } from '../../events/catalogue/scalars.ts';
import type { ServiceAnswer } from '../../projections/answers.ts';
import { type Family, families } from '../../projections/routing/family.ts';
import { pick } from '../../projections/routing/wheel.ts';
import type { State } from '../../projections/state.ts';
import { elsewhere } from '../dns/client-ranges.ts';
import type { ClientSubnet } from '../dns/edns.ts';
import { wheelFor } from '../dns/records-at.ts';
import { located, locatedShape } from './located.ts';
import { familyShape, shownSpokes } from './shown-answer.ts';

const clientFamily = z.strictObject({
  region: z.string().nullable().describe('Whose servers are meant for this client; null: it gets what everybody gets.'),
  spokes: familyShape.shape.spokes,
  scope: z.int().describe('The scope of the reply (RFC 7871): the prefix around the client within which all get this. 0: everybody does.'),
  scope_network: z.string().describe('That prefix as a network.'),
  drawn: z.array(z.string()).optional().describe('What `draw` falls on.'),
});

export const clientShape = locatedShape.extend({
  network: z.string().describe('The subnet that a resolver would name for it; of an address, that address alone.'),
  sentence: z.string().describe('Why it gets this.'),
  families: z.strictObject({ A: clientFamily.optional(), AAAA: clientFamily.optional() }),
});
type ShownClient = z.output<typeof clientShape>;

/** An address, or a network: its canonical text is always that of a network. */
export const clientNetwork = z.string().transform((text, context) => {
  const single = canonicalAddress(text);
  const network = single === undefined ? canonicalNetwork(text) : `${single}/${single.includes(':') ? 128 : 32}`;
  if (network !== undefined) return network;
  const message = 'expected an address or a network of clients, such as 192.0.2.7 or 2001:db8::/56';
  context.issues.push({ code: 'custom', input: text, message });
  return z.NEVER;
});

/** `draw`: the number that picks among the possible answers, as a line of `dns.query_log` has it. */
export function shownClient(state: State, answer: ServiceAnswer, network: string, draw: number | undefined): ShownClient {
  const [ip = '', prefix = ''] = network.split('/');
  const place = located(state, ip);
  const asker = { address: ip, subnet: subnetOf(ip, Number(prefix)) };
  const shown = families.flatMap((family): [Family, z.output<typeof clientFamily>][] => {
    const ofFamily = answer.families[family];
    if (ofFamily === undefined) return [];
    const { place: number, scope, wheel } = wheelFor(answer, ofFamily, asker);
    const region = number === elsewhere ? null : (ofFamily.places?.[number]?.region ?? null);
    const spoke = draw === undefined ? undefined : pick(wheel, draw);
    const drawn = spoke === undefined ? {} : { drawn: [...spoke.addresses] };
    return [
      [family, { region, spokes: shownSpokes(wheel), scope, scope_network: canonicalNetwork(`${ip}/${scope}`) ?? network, ...drawn }],
    ];
  });
  return { ...place, network, sentence: sentenceOf(answer, place, shown), families: Object.fromEntries(shown) };
}

/** As RFC 7871 section 6 has it: no more octets than the prefix needs. */
function subnetOf(ip: string, sourcePrefix: number): ClientSubnet {
  const bytes = Uint8Array.from(ipaddr.parse(ip).toByteArray());
  return { family: bytes.length === 4 ? 1 : 2, sourcePrefix, address: bytes.subarray(0, Math.ceil(sourcePrefix / 8)) };
}

/**
 * | the algorithm    | some family has servers for its region | the client gets                      |
 * |------------------|----------------------------------------|--------------------------------------|
 * | not geolocation  | -                                      | the same as all                      |
 * | geolocation      | yes                                    | those                                |
 * | geolocation      | no                                     | what everybody gets                  |
 */
function sentenceOf(
  { algorithm, clients }: ServiceAnswer,
  { region, match_type: match, matched_cidr: cidr, source }: z.output<typeof locatedShape>,
  shown: readonly (readonly [Family, { readonly region: string | null }])[],
): string {
  if (algorithm !== 'geolocation') return `${algorithm} gives all clients the same, wherever they are`;
  const from = source === 'api' ? 'that was set by API' : 'of the configuration';
  const where =
    match === 'custom_mapping'
      ? `the client is in ${region}, by the network ${cidr} ${from}`
      : `no network holds the client${region === null ? ', and there is no default region' : `, which leaves it to the default region ${region}`}`;
  const own = shown.filter(([, each]) => each.region !== null).map(([family]) => family);
  const what =
    own.length === 0
      ? whatAllGet(match)
      : own.length === shown.length
        ? 'it gets the servers there'
        : `it gets the servers there for ${own.join(' and ')}`;
  const sender =
    clients?.usesSubnet === false ? '; subnets that resolvers name are not looked at, so its resolver counts as the client' : '';
  return `${where}; ${what}${sender}`;
}

function whatAllGet(match: 'custom_mapping' | 'default'): string {
  return match === 'default' ? 'it gets what everybody gets' : 'that region has no answer of its own, so it gets what everybody gets';
}
