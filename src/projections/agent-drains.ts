/**
 * Backends whose agents said that they are going away. A drain is a veto of an agent on itself: it lasts until the agent
 * takes it back, through any silence, and ends when the server is gone or another agent speaks for it.
 */
import type { EventOf } from '../events/event.ts';
import { endpointText, entryOf } from './endpoint.ts';

export interface AgentDrain {
  readonly agent: string;
  readonly reason: string;
  readonly at: number;
  readonly position: number;
}

/** service -> endpoint -> drain. */
export type AgentDrains = Map<string, Map<string, AgentDrain>>;

/** Whether the drain of the backend changed. One agent cannot end what another one started. */
export function evolveAgentDrain(drains: AgentDrains, { type, data, at, position }: EventOf<'drain.started' | 'drain.ended'>): boolean {
  const { agent, service, address, port, reason } = data;
  const key = endpointText(address, port);
  const known = drains.get(service)?.get(key);
  if (type === 'drain.ended') return known?.agent === agent && forgetAgentDrain(drains, service, address, port);
  entryOf(drains, service, () => new Map<string, AgentDrain>()).set(key, {
    agent,
    reason,
    at: known?.agent === agent ? known.at : at,
    position,
  });
  return true;
}

export function agentDrainOn(drains: AgentDrains, service: string, address: string, port: number): AgentDrain | undefined {
  return drains.get(service)?.get(endpointText(address, port));
}

/** Whether there was one. */
export function forgetAgentDrain(drains: AgentDrains, service: string, address: string, port: number): boolean {
  const ofService = drains.get(service);
  if (!ofService?.delete(endpointText(address, port))) return false;
  if (ofService.size === 0) drains.delete(service);
  return true;
}

/** All drains of an agent that is believed no more: the services that they were in. */
export function forgetDrainsOf(drains: AgentDrains, agent: string): readonly string[] {
  const services: string[] = [];
  for (const [service, ofService] of drains) {
    const before = ofService.size;
    for (const [key, drain] of ofService) if (drain.agent === agent) ofService.delete(key);
    if (ofService.size === before) continue;
    services.push(service);
    if (ofService.size === 0) drains.delete(service);
  }
  return services;
}
