/**
 * What it takes to sign 100,000 names with three servers each: the time of a start on all cores, how long the loop stood
 * still meanwhile, what the kept signatures weigh, and what a change costs afterwards. `npm run bench -- dns signing [names]`.
 */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { signMany } from '../../../src/nodes/dns/dnssec/sign-many.ts';
import { createSignatureStore } from '../../../src/nodes/dns/dnssec/signatures.ts';
import type { ZoneSigning } from '../../../src/nodes/dns/dnssec/zone-signing.ts';
import { createAnswerTable } from '../../../src/nodes/dns/table.ts';
import type { Zone } from '../../../src/nodes/dns/zone.ts';
import { toBeSigned } from '../../../src/nodes/dns/zone-contents.ts';
import { zoneSet } from '../../../src/nodes/dns/zones.ts';
import { named, newKey, signingWith } from '../../dnssec-keys.ts';
import { configure, serviceAnswer } from '../../unit/nodes/dns/demo.ts';

const count = Number(process.argv[2] ?? 100_000);
const names = Array.from({ length: count }, (_, index) => `service-${index}.gslb.example`);
const print = (what: string, value: string) => console.log(`${what.padEnd(46)} ${value}`);
const millis = (since: number) => performance.now() - since;

const signing: ZoneSigning = signingWith(named('gslb.example'), newKey());
const signatures = createSignatureStore({ signingOf: () => signing, now: () => Date.now(), chance: Math.random });
const configuration = configure({ listen_address: '192.0.2.53:53', zones: ['gslb.example'] }, names);
const table = createAnswerTable(zoneSet(configuration, '192.0.2.53:53'), 0, { signingOf: () => signing, signatures });
const serversOf = (index: number) => [1, 2, 3].map((last) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${(index & 63) * 4 + last}`);
table.publish(
  names.map((name, index) => serviceAnswer(name, { A: serversOf(index) })),
  Date.now(),
);
const zone = table.zones.zones.get(named('gslb.example')) as Zone;

let begun = performance.now();
const ring = table.dnssec?.denialOf(zone);
print('names', String(count));
print('the ring of names, sorted', `${millis(begun).toFixed(0)} ms for ${ring?.owners.length}`);

const delay = monitorEventLoopDelay({ resolution: 1 });
const before = process.cpuUsage();
delay.enable();
begun = performance.now();
const made = await signMany(signatures, toBeSigned(table));
const tookMs = millis(begun);
delay.disable();
const { user, system } = process.cpuUsage(before);
print('signatures', String(made));
print('signed on all cores in', `${(tookMs / 1000).toFixed(1)} s, ${((user + system) / made).toFixed(1)} µs of CPU each`);
print('the loop stood still', `at most ${(delay.max / 1e6).toFixed(0)} ms, p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms`);
print('kept', `${(signatures.kept.bytes / 2 ** 20).toFixed(1)} MiB, ${(signatures.kept.bytes / made).toFixed(0)} bytes each`);

const beforeWalk = process.cpuUsage();
let walked = 0;
for (const [where, rrset] of toBeSigned(table)) walked += signatures.of(where, rrset).length;
const walk = process.cpuUsage(beforeWalk);
print(
  'a walk over all, nothing due',
  `${((walk.user + walk.system) / walked).toFixed(1)} µs of CPU each, ${((walk.user + walk.system) / 1e6).toFixed(1)} s`,
);

begun = performance.now();
const changes = 2000;
for (let change = 0; change < changes; change += 1) {
  const rrset = {
    owner: named(names[change % count] as string),
    type: 1,
    ttlSeconds: 20,
    rdata: [Buffer.from([192, 0, change >> 8, change & 255])],
  };
  signatures.of(zone, rrset);
}
print('an answer that was never signed', `${((1000 * millis(begun)) / changes).toFixed(1)} µs`);
print('resident', `${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB with zones, answers and this bench`);
