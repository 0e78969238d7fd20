/** Once a minute, when answers changed, the node states in its log what it answers, so that replay can compare. */
import type { Order } from '../../commands/command.ts';
import type { Engine, Listener } from '../engine.ts';
import type { Clock } from '../world.ts';

const everyMs = 60_000;
const order: Order = { command: { kind: 'attestAnswers' }, actor: { kind: 'system', name: 'attester' } };

export interface Attester {
  readonly listener: Listener;
  start(engine: Engine): void;
  stop(): void;
}

export function createAttester(clock: Clock): Attester {
  let changed = false;
  let callOff: (() => void) | undefined;
  return {
    listener: ({ services }) => {
      if (services.length > 0) changed = true;
    },
    start(engine) {
      const attest = () => {
        if (changed) void engine.execute(order);
        changed = false;
        callOff = clock.wakeAt(clock.now() + everyMs, attest);
      };
      callOff = clock.wakeAt(clock.now() + everyMs, attest);
    },
    stop: () => callOff?.(),
  };
}
