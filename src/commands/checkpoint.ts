/** Taking a checkpoint: one fact that restates everything, unless it would be longer than any reader takes. */
import { lineCharactersMax } from '../events/ndjson.ts';
import { checkpointOf } from '../projections/checkpoint.ts';
import type { State } from '../projections/state.ts';
import type { Decision } from './command.ts';

/** What is left of a line for the envelope around the fact, generously. */
const envelopeCharacters = 4_096;

export function takeCheckpoint(state: State, charactersMax = lineCharactersMax - envelopeCharacters): Decision {
  const data = checkpointOf(state);
  // A line of an export has more of everything than a batch on disk, so what fits one fits the other.
  const characters = JSON.stringify(data).length;
  if (characters > charactersMax) {
    return {
      refused: 'checkpoint-too-large',
      error: `everything that stands takes ${characters} characters as one fact, and ${charactersMax} are allowed`,
      remedy: 'deregister servers that are gone; until it fits, nothing of the log can be dropped',
    };
  }
  return [{ type: 'log.checkpoint', data }];
}
