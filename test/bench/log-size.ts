/**
 * How much disk an hour of checks takes: results as a validator records them, in batches as large as so many servers
 * make in the 50 ms that a batch waits for others. For the figures in docs/deployment.md.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fact } from '../../src/events/event.ts';
import { openLevelLog } from '../../src/events/level-log.ts';

const results = 200_000;

for (const batch of [1, 4, 20]) {
  const folder = mkdtempSync(join(tmpdir(), 'opengslb-log-size-'));
  try {
    const directory = join(folder, 'log');
    const log = await openLevelLog({ directory, node: 'overwatch-1' });
    for (let index = 0; index < results; index += batch) {
      const facts = Array.from({ length: batch }, (_, offset) => checked(index + offset));
      await log.append(facts, 1_700_000_000_000 + (index / batch) * 50, { sync: false });
    }
    await log.sync();
    await log.close();
    const bytes = readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
    console.log(`batches of ${batch}: ${(bytes / results).toFixed(0)} bytes a result`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function checked(index: number): Fact {
  const [connectUs, tlsUs, firstByteUs] = [800 + (index % 97), 2_400 + (index % 211), 3_100 + (index % 503)];
  return {
    type: 'validation.recorded',
    data: {
      service: `app-${index % 10}.example.com`,
      address: `192.0.2.${index % 200}`,
      port: 443,
      ok: true,
      status: 200,
      error: null,
      dnsUs: null,
      connectUs,
      tlsUs,
      firstByteUs,
      totalUs: connectUs + tlsUs + firstByteUs,
    },
  };
}
