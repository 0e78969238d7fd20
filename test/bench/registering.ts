/**
 * What it costs to give one service thousands of servers: all at once by a reload of the configuration, and one after
 * the other through the API, as automation does. A real overwatch, its CPU as the kernel counts it, and how long DNS
 * made clients wait meanwhile. `npm run bench registering 1000` measures that many alone.
 */
import { Agent, request } from 'node:http';
import { benchAddress } from './load/addresses.ts';
import { costOf } from './load/child.ts';
import { latencyText, probeDns } from './load/dns-latency.ts';
import { type LoadedOverwatch, startLoadedOverwatch } from './load/overwatch.ts';

const asked = process.argv.slice(2).map(Number);
const counts = asked.length > 0 ? asked : [1_000, 4_000, 10_000];
const service = 'app.bench.local';
const port = 80;
/** One client may not ask more often at once, so several do. */
const registrationsPerClient = 900;

async function post(url: string, from: string, agent: Agent, body?: object): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const question = request(url, { method: 'POST', agent, localAddress: from, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      answer.once('end', () => {
        const status = answer.statusCode ?? 0;
        if (status < 300) resolve();
        else reject(new Error(`${url} was answered with ${status}: ${text}`));
      });
    });
    question.once('error', reject);
    question.end(body && JSON.stringify(body));
  });
}

const ways = {
  'one reload': async (overwatch: LoadedOverwatch, count: number) => {
    const servers = Array.from({ length: count }, (_, index) => ({ service, address: benchAddress(index), port }));
    await overwatch.configure({ services: [service], servers });
    await post(`${overwatch.apiUrl}/config/reload`, '127.0.0.1', new Agent());
  },
  'one by one': async (overwatch: LoadedOverwatch, count: number) => {
    for (let from = 0; from < count; from += registrationsPerClient) {
      const agent = new Agent({ keepAlive: true });
      const client = `127.0.0.${2 + from / registrationsPerClient}`;
      for (let index = from; index < Math.min(count, from + registrationsPerClient); index += 1) {
        await post(`${overwatch.apiUrl}/services/${service}/servers`, client, agent, { address: benchAddress(index), port });
      }
      agent.destroy();
    }
  },
};

for (const count of counts) {
  for (const [way, register] of Object.entries(ways)) {
    const overwatch = await startLoadedOverwatch({ services: [service], servers: [] });
    try {
      const probe = probeDns(overwatch.dnsPort, service);
      const [before, began] = [costOf(overwatch.pid), performance.now()];
      await register(overwatch, count);
      const ms = performance.now() - began;
      const { cpuMs, rssMiB } = costOf(overwatch.pid);
      const each = (ms / count).toFixed(2);
      const latencies = latencyText(await probe.end());
      const took = `${(ms / 1_000).toFixed(2)} s`.padStart(9);
      console.log(
        `${count} servers, ${way}: ${took}, ${each} ms each, CPU ${((cpuMs - before.cpuMs) / 1_000).toFixed(2)} s, ${rssMiB.toFixed(0)} MiB, DNS ${latencies}`,
      );
    } finally {
      await overwatch.end('SIGTERM');
      await overwatch.remove();
    }
  }
}
