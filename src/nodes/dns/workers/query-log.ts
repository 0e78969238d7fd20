/** A log line for each query that was sampled: what was asked and said, and what an explanation of it needs. */

import type { Logger } from '../../logger.ts';
import { rcodes, typeText } from '../codes.ts';
import { nameOfWire, textOf } from '../names.ts';
import type { QuerySample } from './query-samples.ts';
import { type ReaderCounts, words } from './reader-counts.ts';

export interface QueryLog {
  /** A sample of this thread. */
  write(sample: QuerySample): void;
  /** A sample that a thread sent: it does not wait any more. */
  taken(worker: number, sample: QuerySample): void;
}

const rcodeTexts: ReadonlyMap<number, string> = new Map(Object.entries(rcodes).map(([name, number]) => [number, name]));

/** `counts`: of the threads. */
export function createQueryLog(logger: Pick<Logger, 'info'>, counts: readonly ReaderCounts[]): QueryLog {
  const write = ({ name, type, rcode, ...rest }: QuerySample): void => {
    const asked = name === undefined ? null : printable(textOf(nameOfWire(Buffer.from(name))));
    logger.info(
      { name: asked, type: type === undefined ? null : typeText(type), rcode: rcodeTexts.get(rcode) ?? String(rcode), ...rest },
      'query',
    );
  };
  return {
    write,
    taken(worker, sample) {
      const ofWorker = counts[worker];
      if (ofWorker !== undefined) Atomics.sub(ofWorker.words, words.samplesWaiting, 1);
      write(sample);
    },
  };
}

/** Clients choose names: what would move a terminal is written as in a master file (RFC 1035 section 5.1). */
function printable(text: string): string {
  return text.replace(/[^!-~]|\\/g, (odd) => `\\${String(odd.charCodeAt(0)).padStart(3, '0')}`);
}
