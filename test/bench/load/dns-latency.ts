/** How long a DNS server takes for an answer: one question at a time, the next some milliseconds after the answer. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { encode } from 'dns-packet';

export interface DnsProbe {
  /** Milliseconds, shortest first. A question that is not answered within two seconds counts as two seconds. */
  end(): Promise<readonly number[]>;
}

const everyMs = 5;
const patienceMs = 2_000;

export function probeDns(port: number, name: string): DnsProbe {
  const latencies: number[] = [];
  let ended = false;
  const asking = (async () => {
    const socket = createSocket('udp4');
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    for (let id = 1; !ended; id = (id % 65_535) + 1) {
      const began = performance.now();
      socket.send(encode({ type: 'query', id, questions: [{ type: 'A', name }] }));
      await once(socket, 'message', { signal: AbortSignal.timeout(patienceMs) }).catch(() => {});
      latencies.push(performance.now() - began);
      await setTimeout(everyMs);
    }
    socket.close();
  })();
  return {
    async end() {
      ended = true;
      await asking;
      return latencies.sort((a, b) => a - b);
    },
  };
}

/** `p50 0.3 ms, p99 1.2 ms, longest 4.0 ms` */
export function latencyText(sorted: readonly number[]): string {
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(1)} ms`;
}
