/** The fingerprint of an overwatch by its configuration alone, so that its peers can name it before it first starts. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { fingerprintOfOverwatch } from '../identity/overwatch-identity.ts';
import { readConfiguration } from './read.ts';

/** Throws where the configuration cannot be read, or the certificate cannot be had. */
export function identityOfConfiguration(path: string, environment: NodeJS.ProcessEnv): string {
  // Without the fingerprints of its peers it would not start, and they wait for this one.
  const { configuration } = readConfiguration({ path, mode: 'overwatch', environment, mustFit: false });
  const { data_dir: folder, identity } = configuration.overwatch;
  return fingerprintOfOverwatch(join(resolve(folder), 'secrets'), identity.node_id ?? hostname(), Date.now());
}
