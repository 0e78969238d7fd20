/**
 * Which certificate is which agent, for which services it may speak, and how far its messages have come. Marks only rise:
 * what is older than the mark changes nothing, whoever sends it again. What a new pin does to the mark:
 *
 *     the agent            its certificate   mark
 *     is new               -                 begins
 *     was pinned           the same          stays
 *     was pinned           another           begins: what the old one signed proves nothing now
 */
import type { EventOf } from '../events/event.ts';

/** Agents that are known, revoked ones among them (I9). */
export const agentsMax = 20_000;

/** Certificates that an agent once had; older ones are forgotten (I9). */
const pastMax = 64;

export interface Pin {
  readonly agent: string;
  /** null: a legacy agent. */
  readonly fingerprint: string | null;
  readonly certificate: string | null;
  readonly region: string;
  readonly services: readonly string[];
  /** Where it was met in the gossip. */
  readonly address: string;
  readonly legacy: boolean;
  /** The event that pinned this certificate. */
  readonly position: number;
  readonly pinnedAt: number;
  /** null: it is believed. */
  readonly revokedAt: number | null;
  readonly revokedBecause: string | null;
  /** Fingerprints that are never believed again, oldest first. */
  readonly past: readonly string[];
  /** The newest message that was taken in. */
  boot: number;
  sequence: number;
}

/** agent -> pin. */
export type Trust = Map<string, Pin>;

type TrustEvent = EventOf<'agent.pinned' | 'agent.rotated' | 'agent.revoked'>;

export function evolveTrust(trust: Trust, event: TrustEvent): void {
  const { position, at, data } = event;
  const known = trust.get(data.agent);
  if (event.type === 'agent.pinned') {
    const { fingerprint, certificate, region, services, address, legacy } = event.data;
    const isSame = known !== undefined && known.fingerprint === fingerprint;
    trust.set(data.agent, {
      ...{ agent: data.agent, fingerprint, certificate, region, services, address, legacy, position, pinnedAt: at },
      ...{ revokedAt: null, revokedBecause: null },
      past: known === undefined ? [] : isSame ? known.past : withPast(known, known.fingerprint),
      boot: isSame ? known.boot : 0,
      sequence: isSame ? known.sequence : 0,
    });
  } else if (known === undefined) return;
  else if (event.type === 'agent.rotated') {
    const { fingerprint, certificate, previous } = event.data;
    trust.set(data.agent, { ...known, fingerprint, certificate, position, pinnedAt: at, past: withPast(known, previous) });
  } else {
    const { fingerprint, reason } = event.data;
    trust.set(data.agent, { ...known, revokedAt: at, revokedBecause: reason, past: withPast(known, fingerprint) });
  }
}

function withPast({ past }: Pin, fingerprint: string | null): readonly string[] {
  return fingerprint === null || past.includes(fingerprint) ? past : [...past, fingerprint].slice(-pastMax);
}

/** The pin of an agent that is believed. */
export function trusted(trust: Trust, agent: string): Pin | undefined {
  const pin = trust.get(agent);
  return pin === undefined || pin.revokedAt !== null ? undefined : pin;
}

export interface Mark {
  readonly boot: number;
  readonly sequence: number;
}

/** Whether a message comes after all that was taken in. */
export function isNewer({ boot, sequence }: Mark, than: Mark): boolean {
  return boot > than.boot || (boot === than.boot && sequence > than.sequence);
}

/** Takes a message in, if it is newer than all before it. */
export function raiseMark(pin: Pin, { boot, sequence }: Mark): boolean {
  if (!isNewer({ boot, sequence }, pin)) return false;
  pin.boot = boot;
  pin.sequence = sequence;
  return true;
}
