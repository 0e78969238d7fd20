/**
 * The agent's certificate over the years: loaded or made at start, and replaced by one that it vouches for before it ends,
 * without a word from anybody. Overwatches take the new one when the agent introduces itself again.
 */
import { isDueForRotation } from '../identity/certificate.ts';
import { type OwnIdentity, openIdentity, type Place, rotateIdentity } from '../identity/own-certificate.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../world.ts';

export interface KeptIdentity {
  current(): OwnIdentity;
  stop(): void;
}

export interface KeptIdentityOptions {
  readonly agent: string;
  readonly certPath: string;
  readonly keyPath: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** There is a new certificate. Not called for one that was made at start. */
  readonly rotated: () => void;
}

const lookEveryMs = 24 * 60 * 60 * 1000;

/** Throws `IdentityError`. */
export function keepIdentity({ agent, certPath, keyPath, clock, logger, rotated }: KeptIdentityOptions): KeptIdentity {
  const place: Place = { role: 'agent', id: agent, certPath, keyPath };
  let identity = openIdentity(place, clock.now());
  let callOff = () => {};

  const rotateWhenDue = (): boolean => {
    callOff = clock.wakeAt(clock.now() + lookEveryMs, () => void (rotateWhenDue() && rotated()));
    if (!isDueForRotation(identity.certificate, clock.now())) return false;
    try {
      identity = rotateIdentity(place, identity, clock.now());
      logger.info({ fingerprint: identity.certificate.fingerprint }, 'the certificate was replaced');
      return true;
    } catch (error) {
      // The one before is good for weeks yet.
      logger.error({ err: error }, 'the certificate could not be replaced; tomorrow it is tried again');
      return false;
    }
  };
  rotateWhenDue();
  return { current: () => identity, stop: () => callOff() };
}
