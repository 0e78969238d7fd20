/**
 * A configuration that says the same in a fraction of the memory. One of a hundred thousand names comes out of a file or a
 * log as some three million texts, each of its own, and most are the same few words: here a text stands once. The servers
 * of a region, which hardly anybody looks at (what is answered is in the registry), are kept as compressed bytes where
 * they are many, and made again for whoever asks.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Configuration, Domain, Region } from '../events/catalogue/configuration.ts';

type StaticServers = Region['servers'];

/** Fewer are not worth it. */
const packedFrom = 256;

export function leanConfiguration(configuration: Configuration): Configuration {
  const texts = new Map<string, string>();
  const lists = new Map<string, string[]>();
  const one = <T extends string>(text: T): T => {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return (known ?? text) as T;
  };
  const oneList = (list: string[]): string[] => {
    const key = JSON.stringify(list);
    const known = lists.get(key) ?? list.map(one);
    lists.set(key, known);
    return known;
  };
  return {
    ...configuration,
    regions: configuration.regions.map((region) => (region.servers.length < packedFrom ? region : withPackedServers(region))),
    domains: configuration.domains.map((domain) => leanDomain(domain, one, oneList)),
  };
}

function leanDomain(domain: Domain, one: <T extends string>(text: T) => T, oneList: (list: string[]) => string[]): Domain {
  const { name, routing_algorithm, regions, answers, failback, failback_delay, slow_start, ...rest } = domain;
  return {
    // There is one of it, unlike of all others.
    name,
    routing_algorithm: one(routing_algorithm),
    regions: oneList(regions),
    answers: typeof answers === 'string' ? one(answers) : answers,
    failback: one(failback),
    failback_delay: one(failback_delay),
    slow_start: one(slow_start),
    ...rest,
  };
}

/** An ordinary property to whoever reads, copies or writes it out. */
function withPackedServers({ servers, ...region }: Region): Region {
  const bytes = deflateRawSync(JSON.stringify(servers), { level: 1 });
  return {
    ...region,
    get servers(): StaticServers {
      return JSON.parse(inflateRawSync(bytes).toString()) as StaticServers;
    },
  };
}
