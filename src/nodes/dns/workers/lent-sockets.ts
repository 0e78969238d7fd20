/**
 * The UDP sockets that threads answer on, opened and owned by the main thread: one for each address and thread, so that
 * replies leave from the address that was asked. Where every address is listened on, the machine's are looked at now and
 * then; one that cannot be had yet is told of once and tried again.
 */
import { addressChanges, addressesOf } from '../../../native/listen-addresses.ts';
import type { Udp, UdpLoan, UdpSocket } from '../../../native/udp-batch.ts';
import type { ListenAddress } from '../../listen-address.ts';
import { errorCode } from '../../listen-error.ts';
import type { Logger } from '../../logger.ts';
import { workerLimits } from './limits.ts';

export interface LentSockets {
  readonly addresses: readonly string[];
  loansFor(worker: number): readonly UdpLoan[];
  /** Opens sockets on addresses that have come, and leaves out those that have gone; whether anything changed. */
  follow(): Promise<boolean>;
  /** Closes what `follow` left out: once nobody serves it. */
  closeLeftOut(): void;
  /** Once nobody serves them. */
  close(): void;
}

export interface LentSocketsOptions {
  readonly udp: Udp;
  readonly address: ListenAddress;
  readonly workers: number;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** The addresses to listen on. Default: what the machine says. */
  readonly addressesNow?: (host: string) => readonly string[];
}

/** An interface may be on its way up or down while it is listed. */
const passing: ReadonlySet<string | undefined> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENODEV']);

/** Rejects with the error of the operating system. */
export async function openLentSockets(options: LentSocketsOptions): Promise<LentSockets> {
  const { udp, address, workers, logger, addressesNow = addressesOf } = options;
  const open = new Map<string, readonly UdpSocket[]>();
  const leftOut: UdpSocket[] = [];
  const told = new Set<string>();

  const openOn = async (host: string): Promise<void> => {
    const wanted = { host, port: address.port, receiveBufferBytes: workerLimits.receiveBufferBytes };
    open.set(host, await udp.openSockets(wanted, workers));
  };
  const close = () => {
    for (const socket of [...open.values(), leftOut].flat()) socket.close();
    open.clear();
    leftOut.length = 0;
  };

  try {
    let reason: unknown;
    const hosts = addressesNow(address.host);
    for (const host of hosts) {
      try {
        await openOn(host);
      } catch (error) {
        if (hosts.length === 1 || !passing.has(errorCode(error))) throw error;
        reason = error;
      }
    }
    if (open.size === 0) throw reason ?? Object.assign(new Error('this machine has no address'), { code: 'EADDRNOTAVAIL' });
  } catch (error) {
    close();
    throw error;
  }

  return {
    get addresses() {
      return [...open.keys()];
    },
    loansFor: (worker) => [...open.values()].map((sockets) => sockets[worker]!.loan),
    async follow() {
      const { added, removed } = addressChanges([...open.keys()], addressesNow(address.host));
      let isChanged = false;
      for (const host of added) {
        try {
          await openOn(host);
          isChanged = true;
          told.delete(host);
          logger.info({ address: host, port: address.port }, 'DNS listens on another address, which this machine has now');
        } catch (error) {
          if (!told.has(host)) logger.warn({ address: host, err: error }, 'DNS cannot listen on an address of this machine yet');
          told.add(host);
        }
      }
      // Without any address nothing would be served when one comes back; and none has gone for good yet.
      if (removed.length === open.size) return isChanged;
      for (const host of removed) {
        leftOut.push(...(open.get(host) ?? []));
        open.delete(host);
        isChanged = true;
      }
      return isChanged;
    },
    closeLeftOut() {
      for (const socket of leftOut.splice(0)) socket.close();
    },
    close,
  };
}
