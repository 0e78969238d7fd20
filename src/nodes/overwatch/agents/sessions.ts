/**
 * What the node has in memory of each pinned agent: the key of the pair, and how far its messages have come. Both follow
 * from the log, the key by an operation on a curve, so they are made once, when an agent is first heard, and made anew
 * when another certificate is pinned. The mark here runs ahead of the folded one by what is on its way into the log.
 */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { staleSinceOf } from '../../../projections/liveness.ts';
import type { State } from '../../../projections/state.ts';
import { type Pin, trusted } from '../../../projections/trust.ts';
import { isP256 } from '../../identity/certificate.ts';
import type { KnownAgent, Trust } from '../../identity/handshake-of-overwatch.ts';
import { type Mark, raised } from '../../identity/high-water.ts';
import { pairKey } from '../../identity/proofs.ts';

export interface Session {
  readonly fingerprint: string;
  /** Seals every message of the two. */
  readonly key: Uint8Array;
  mark: Mark | undefined;
  /** Of the hello that it was last welcomed for, since the node started. */
  helloMark: Mark | undefined;
  /** The configuration whose tokens it was last asked to prove; at first the one in force when it was first heard. */
  tokensOf: State['configuration'];
}

export interface Sessions {
  /** Of an agent that is believed and has a certificate. */
  of(agent: string): Session | undefined;
  /** What the log says of whoever uses this name. */
  trustIn(agent: string): Trust;
}

export function createSessions(state: State, own: { readonly fingerprint: string; readonly privateKey: KeyObject }): Sessions {
  const sessions = new Map<string, Session>();

  function of(agent: string): Session | undefined {
    const pin = trusted(state.trust, agent);
    if (pin === undefined || pin.fingerprint === null || pin.certificate === null) {
      sessions.delete(agent);
      return undefined;
    }
    const known = sessions.get(agent);
    if (known?.fingerprint === pin.fingerprint) return known;
    const { fingerprint } = pin;
    const publicKey = publicKeyIn(pin.certificate);
    if (publicKey === undefined) return undefined;
    const key = pairKey(own.privateKey, publicKey, [fingerprint, own.fingerprint]);
    const made = { fingerprint, key, mark: markOf(pin), helloMark: undefined, tokensOf: state.configuration };
    sessions.set(agent, made);
    return made;
  }

  /**
   *     the pin of the name           seen as
   *     none                          nobody
   *     revoked                       nobody: its certificate never comes back, a new one that proves a token may
   *     believed                      itself
   */
  function knownAgent(agent: string): KnownAgent | undefined {
    const pin = trusted(state.trust, agent);
    if (pin === undefined) return undefined;
    const session = pin.fingerprint === null ? undefined : of(agent);
    return {
      fingerprint: pin.fingerprint,
      mark: helloMarkOf(session, session?.mark ?? markOf(pin)),
      isStale: staleSinceOf(state.liveness, agent) !== null,
    };
  }

  return {
    of,
    trustIn: (agent) => ({
      agent: knownAgent(agent),
      isSuperseded: (fingerprint) => state.trust.get(agent)?.past.includes(fingerprint) ?? false,
      isRevoked: (fingerprint) => isRevoked(state.trust.get(agent), fingerprint),
    }),
  };
}

/** A certificate bears the name of its agent, so the pin of that name knows of it, and no other. */
function isRevoked(pin: Pin | undefined, fingerprint: string): boolean {
  return pin !== undefined && pin.revokedAt !== null && pin.fingerprint === fingerprint;
}

/**
 * What a hello must be newer than. It is new by the nonce of this node, and travels more slowly than the beats that its
 * agent goes on sending, so within a boot it is compared with the hello before it alone.
 */
function helloMarkOf(session: Session | undefined, mark: Mark | undefined): Mark | undefined {
  if (mark === undefined) return undefined;
  const before = session?.helloMark;
  return { boot: mark.boot, sequence: before?.boot === mark.boot ? before.sequence : -1 };
}

/** The certificate was looked at whole before it was pinned; a damaged one, or one on another curve, is nobody's. */
function publicKeyIn(certificate: string): KeyObject | undefined {
  try {
    const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'));
    return isP256(publicKey) ? publicKey : undefined;
  } catch {
    return undefined;
  }
}

/** A pin that was never heard has none. */
function markOf({ boot, sequence }: Pin): Mark | undefined {
  return boot === 0 && sequence === 0 ? undefined : { boot, sequence };
}

/** Takes note that this hello was let in. */
export function welcomed(session: Session, mark: Mark): void {
  letIn(session, mark);
  session.helloMark = raised(session.helloMark, mark);
}

/** Takes note that this message was let in. */
export function letIn(session: Session, { boot, sequence }: Mark): void {
  session.mark = raised(session.mark, { boot, sequence });
}
