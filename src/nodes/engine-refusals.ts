/** Why the engine itself refuses an order, whatever it asks for. */
import type { Refusal } from '../commands/command.ts';
import type { LogError } from '../events/log.ts';

export const tooMany = (max: number): Refusal => ({
  refused: 'too-many-orders',
  error: `more than ${max} commands wait to be carried out`,
  remedy: 'repeat it later, with the same request key',
});

export function noLongerHeld(position: number): Refusal {
  return {
    refused: 'already-carried-out',
    error: `this command was carried out before, at position ${position}, which the log no longer holds`,
    remedy: 'look at what stands now, and use a new key for a new command',
  };
}

export const stopping: Refusal = {
  refused: 'log-unavailable',
  error: 'the node is stopping and takes no more commands',
  remedy: 'repeat it when the node runs again, with the same request key',
};

export function unavailable(error: LogError): Refusal {
  return { refused: 'log-unavailable', error: error.message, remedy: error.remedy };
}
