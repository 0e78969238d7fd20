/**
 * The client of docker-compose.yml: asks for a page of `SERVICE` every 100 ms, keeps DNS answers for their TTL and
 * connections alive, as real clients do, and says whenever what it sees changes: who serves, and how many requests failed.
 */
import { Resolver } from 'node:dns/promises';
import { Agent, get } from 'node:http';

const { SERVICE: service = 'app.demo.local', PORT: port = '8080', NAMESERVER: nameserver = '10.20.0.10:53' } = process.env;
const everyMs = 100;
/** As many requests as show everybody who is in the answer. */
const roundOf = 20;
const resolver = new Resolver({ timeout: 2_000, tries: 2 });
resolver.setServers([nameserver]);
const agent = new Agent({ keepAlive: true });

let known = { addresses: [], until: 0 };
let asking;
let turn = 0;
let failed = 0;
let said = '';
const lastServed = [];

async function lookUp() {
  const records = await resolver.resolve4(service, { ttl: true });
  // A resolver's cache ends with its shortest record.
  const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1_000;
  known = { addresses: records.map(({ address }) => address), until: performance.now() + ttlMs };
}

async function nextAddress() {
  if (performance.now() >= known.until) {
    asking ??= lookUp().finally(() => {
      asking = undefined;
    });
    await asking;
  }
  turn += 1;
  return known.addresses[turn % known.addresses.length];
}

function pageOf(address) {
  return new Promise((resolve, reject) => {
    const request = get({ agent, host: address, port, path: '/', headers: { host: service }, timeout: 1_000 }, (response) => {
      let page = '';
      response.setEncoding('utf8').on('data', (piece) => (page += piece));
      response.on('error', reject).once('end', () => resolve(page.trim()));
    });
    request.once('timeout', () => request.destroy(new Error('no answer within 1 s'))).on('error', reject);
  });
}

function sayNews() {
  const sentence = `served by ${[...new Set(lastServed)].sort().join(', ') || 'nobody'}; ${failed} requests failed so far`;
  if (sentence === said || lastServed.length < roundOf) return;
  said = sentence;
  console.log(sentence);
}

async function ask() {
  try {
    lastServed.push(await pageOf(await nextAddress()));
    if (lastServed.length > roundOf) lastServed.shift();
  } catch {
    failed += 1;
  }
  sayNews();
}

const timer = setInterval(ask, everyMs);
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clearInterval(timer);
    agent.destroy();
  });
}
