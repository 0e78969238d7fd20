/**
 * Who gives an order, as the log will name them for ever. Without tokens the allow-list is the only door: whoever comes
 * through it counts as a person who may do everything, so the default of that list is this machine alone.
 */
import type { Actor } from '../../events/event.ts';
import type { Authority } from '../../projections/overrides.ts';
import { isLoopback } from './allowed-networks.ts';

export interface Identity {
  readonly actor: Actor;
  /** Whose word their overrides are. */
  readonly authority: Authority;
}

/** `source` is what they call themselves; it is a name in the log and gives no rights. */
export function identityOf(address: string, source: string | undefined): Identity {
  const name = source ?? (isLoopback(address) ? 'local' : 'remote');
  return { actor: { kind: 'human', name, address }, authority: 'human' };
}
