/**
 * The one door for commands: has it been carried out already, what does it make true, may it. Pure: the same order on
 * the same state is decided alike, so a dry run is this function and nothing more.
 */
import { createHash } from 'node:crypto';
import type { Fact } from '../events/event.ts';
import { assertNever } from '../projections/assert-never.ts';
import type { CarriedOut } from '../projections/requests.ts';
import type { State } from '../projections/state.ts';
import { agentLeft, forgetAgent, pinAgent, revokeAgent, rotateAgent } from './agents.ts';
import { applyConfiguration } from './apply-configuration.ts';
import { takeCheckpoint } from './checkpoint.ts';
import { receiveClaims } from './claims.ts';
import { type Command, type Decision, isRefusal, type Order, type Refusal } from './command.ts';
import { removeGeoMapping, setGeoMapping } from './geo-mappings.ts';
import { recordGossipKey } from './gossip-keys.ts';
import { guard } from './guard.ts';
import {
  abortRotation,
  addFirstKeys,
  confirmDs,
  enterKeyStage,
  importKey,
  removeRetiredKey,
  removeZoneKeys,
  startRotation,
} from './keys.ts';
import { attestAnswers, startNode, stopNode } from './node.ts';
import { clearOverride, setOverride } from './overrides.ts';
import { deregisterServer, registerServer, updateServer } from './servers.ts';

/** Facts to append, or that the same order was carried out before, or a refusal. */
export type Ruling = { readonly facts: readonly Fact[] } | { readonly carriedOut: CarriedOut } | Refusal;

export function decide(order: Order, state: State): Ruling {
  const { command, actor, key } = order;
  const digest = commandDigest(command);
  const earlier = key === undefined ? undefined : state.requests.get(key);
  if (earlier !== undefined) return earlier.digest === digest ? { carriedOut: earlier } : keyReused(key as string);
  const decision = decisionOn(command, state);
  if (isRefusal(decision)) return decision;
  const refusal = isForced(command) ? undefined : guard(decision, state);
  if (refusal !== undefined) return refusal;
  const request = key === undefined ? {} : { request: { key, digest } };
  return { facts: decision.map((fact) => ({ ...fact, actor, ...request })) };
}

function decisionOn(command: Command, state: State): Decision {
  switch (command.kind) {
    case 'applyConfiguration':
      return applyConfiguration(command, state);
    case 'setOverride':
      return setOverride(command, state);
    case 'clearOverride':
      return clearOverride(command, state);
    case 'registerServer':
      return registerServer(command, state);
    case 'updateServer':
      return updateServer(command, state);
    case 'deregisterServer':
      return deregisterServer(command, state);
    case 'startNode':
      return startNode(command, state);
    case 'stopNode':
      return stopNode(command, state);
    case 'attestAnswers':
      return attestAnswers(state);
    case 'takeCheckpoint':
      return takeCheckpoint(state);
    case 'pinAgent':
      return pinAgent(command, state);
    case 'rotateAgent':
      return rotateAgent(command, state);
    case 'revokeAgent':
      return revokeAgent(command, state);
    case 'receiveClaims':
      return receiveClaims(command, state);
    case 'agentLeft':
      return agentLeft(command, state);
    case 'forgetAgent':
      return forgetAgent(command, state);
    case 'recordGossipKey':
      return recordGossipKey(command);
    case 'addFirstKeys':
      return addFirstKeys(command, state);
    case 'startRotation':
      return startRotation(command, state);
    case 'enterKeyStage':
      return enterKeyStage(command, state);
    case 'confirmDs':
      return confirmDs(command, state);
    case 'removeRetiredKey':
      return removeRetiredKey(command, state);
    case 'abortRotation':
      return abortRotation(command, state);
    case 'removeZoneKeys':
      return removeZoneKeys(command, state);
    case 'importKey':
      return importKey(command, state);
    case 'setGeoMapping':
      return setGeoMapping(command, state);
    case 'removeGeoMapping':
      return removeGeoMapping(command, state);
    default:
      return assertNever(command);
  }
}

/** What an agent says of itself was seen and not asked for: no guard may refuse it, and it takes effect at once. */
export function isObservation({ kind }: Command): boolean {
  return kind === 'receiveClaims' || kind === 'agentLeft';
}

function isForced(command: Command): boolean {
  return isObservation(command) || ('force' in command && command.force);
}

/** What was made by chance for the order is no part of what is asked: repeated with its key, an order brings something else. */
function commandDigest(command: Command): string {
  const asked = Object.entries(command).filter(([name]) => name !== 'made');
  const entries = asked.sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(entries)).digest('hex');
}

function keyReused(key: string): Refusal {
  return {
    refused: 'request-key-reused',
    error: `the request key ${key} was used for another command in the last 24 hours`,
    remedy: 'use a new key for a new command, and repeat a command with its own key unchanged',
  };
}
