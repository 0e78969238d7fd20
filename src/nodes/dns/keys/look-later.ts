/** Zones that are to be looked at again at a moment of their own: one moment a zone, the newest that was given. */
import type { Clock } from '../../world.ts';

export interface LookLater {
  at(zone: string, moment: number): void;
  /** Forgets all of them. */
  callOff(): void;
}

export function lookLater(clock: Clock, look: (zone: string) => void): LookLater {
  const callOffs = new Map<string, () => void>();
  return {
    at(zone, moment) {
      callOffs.get(zone)?.();
      const wake = () => {
        callOffs.delete(zone);
        look(zone);
      };
      callOffs.set(zone, clock.wakeAt(moment, wake));
    },
    callOff() {
      for (const callOff of callOffs.values()) callOff();
      callOffs.clear();
    },
  };
}
