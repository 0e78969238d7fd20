/**
 * What a node tells the service supervisor that started it (systemd, by sd_notify(3)): that it answers, that it reloads,
 * that it stops, one line on how it stands, and a sign of life. Without `NOTIFY_SOCKET` nothing is loaded and nothing is
 * said; a supervisor that cannot be reached costs one line in the log.
 *
 *     told             when                                                       a supervisor that hears nothing
 *     READY=1          DNS answers, and again when a reload is over               goes on waiting, then gives up the start
 *     RELOADING=1      a changed file is read; with the moment, in microseconds   -
 *     WATCHDOG=1       twice in each `WATCHDOG_USEC`, by the clock of the loop    kills the node and starts it again
 *     STOPPING=1       the stop begins                                            -
 *
 * The sign of life is given from the loop on which the engine takes its turns: if that is blocked, none is given. A disk
 * that hangs does not end it, though turns wait for the disk: DNS outlives the disk, and a restart would end DNS.
 */
import { type NotifySocket, openNotifyNobody } from '../native/notify-nobody.ts';
import type { Clock } from './world.ts';

export interface Supervisor {
  /** DNS answers, on these ports. */
  ready(serving: string): void;
  /** Runs a reload between the two messages that it takes. */
  whileReloading<T>(reload: () => Promise<T>): Promise<T>;
  /** What is wrong goes before what is well; undefined: nothing is wrong any more. */
  trouble(sentence: string | undefined): void;
  stopping(): void;
  /** Nothing is said from here on. */
  close(): void;
}

export interface SupervisorOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly warn: (sentence: string) => void;
  /** What is done until it is ready. Default: the log is folded. */
  readonly doing?: string;
  /** Whom `WATCHDOG_PID` must name. Default: this process. */
  readonly pid?: number;
  /** Microseconds of CLOCK_MONOTONIC. Default: the machine's. */
  readonly monotonicUs?: () => bigint;
}

const statusCharactersMax = 200;

export async function openSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const {
    environment,
    clock,
    doing = 'Folding the log',
    pid = process.pid,
    monotonicUs = () => process.hrtime.bigint() / 1_000n,
  } = options;
  const warnOnce = once((reason) =>
    options.warn(`the service supervisor is told nothing: ${reason}; look at NOTIFY_SOCKET, and at NotifyAccess= of the unit`),
  );
  const socket = await openSocket(environment.NOTIFY_SOCKET, warnOnce);
  let serving = '';
  let trouble: string | undefined;
  let reloads = 0;
  let callOffBeat: (() => void) | undefined;

  const tell = (...lines: string[]) => {
    try {
      socket.send(lines.join('\n'));
    } catch (error) {
      warnOnce((error as Error).message);
    }
  };
  const status = () => `STATUS=${oneLine(trouble ?? serving)}`;

  const beatEveryMs = watchdogMs(environment, pid) / 2;
  const beat = () => {
    tell('WATCHDOG=1');
    callOffBeat = clock.wakeAt(clock.now() + beatEveryMs, beat);
  };

  tell(`STATUS=${doing}`);
  if (beatEveryMs > 0) beat();
  return {
    ready(text) {
      serving = text;
      tell('READY=1', status());
    },
    async whileReloading(reload) {
      reloads += 1;
      tell('RELOADING=1', `MONOTONIC_USEC=${monotonicUs()}`);
      try {
        return await reload();
      } finally {
        reloads -= 1;
        if (reloads === 0) tell('READY=1', status());
      }
    },
    trouble(sentence) {
      trouble = sentence;
      tell(status());
    },
    stopping: () => tell('STOPPING=1', 'STATUS=Stopping'),
    close() {
      callOffBeat?.();
      socket.close();
    },
  };
}

async function openSocket(address: string | undefined, warn: (reason: string) => void): Promise<NotifySocket> {
  if (address === undefined || address === '') return openNotifyNobody();
  try {
    // Loaded only here: it brings native code with it.
    const { openNotifySocket } = await import('../native/notify-socket.ts');
    return openNotifySocket(address);
  } catch (error) {
    warn((error as Error).message);
    return openNotifyNobody();
  }
}

/** How long this process may be silent; 0: as long as it likes. */
function watchdogMs({ NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID }: SupervisorOptions['environment'], pid: number): number {
  const isForUs = NOTIFY_SOCKET !== undefined && (WATCHDOG_PID === undefined || WATCHDOG_PID === String(pid));
  const us = Number(WATCHDOG_USEC);
  return isForUs && Number.isFinite(us) && us > 0 ? us / 1_000 : 0;
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > statusCharactersMax ? `${line.slice(0, statusCharactersMax - 3)}...` : line;
}

function once(tell: (reason: string) => void): (reason: string) => void {
  let isTold = false;
  return (reason) => {
    if (!isTold) tell(reason);
    isTold = true;
  };
}
