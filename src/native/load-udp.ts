/**
 * Takes the better way to datagrams that this machine has. The native one is loaded only where it may work, and asked
 * whether it does; whatever is unexpected leads to the plain one, with a sentence for the log, never to a failed start.
 */
import type { Udp, UdpLoan } from './udp-batch.ts';
import { plainUdp } from './udp-batch-plain.ts';

/** Why batches of the kernel cannot be used here, in a sentence; undefined where they can. Costs two datagrams over loopback. */
export async function whyNoBatches(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `only Linux takes datagrams in batches, and this is ${process.platform}`;
  try {
    const { whyNoLinuxBatches } = await import('./udp-self-test.ts');
    return await whyNoLinuxBatches();
  } catch (error) {
    return `the C library cannot be called: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export interface BestUdp {
  readonly udp: Udp;
  /** Why it is only the plain one. */
  readonly whyPlain?: string;
}

/** For the thread that opens sockets. */
export async function bestUdp(): Promise<BestUdp> {
  const whyPlain = await whyNoBatches();
  return whyPlain === undefined ? { udp: await loadUdp('linux') } : { udp: plainUdp, whyPlain };
}

/** For a thread that was lent sockets of this kind: what opened them is what serves them. */
export async function loadUdp(kind: UdpLoan['kind']): Promise<Udp> {
  return kind === 'plain' ? plainUdp : (await import('./udp-batch-linux.ts')).linuxUdp;
}
