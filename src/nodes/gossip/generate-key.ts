/** A new gossip key: 32 bytes from the system's source of chance. */
import { randomBytes } from 'node:crypto';
import { keyBytes, keyText } from './key-ring.ts';

export function generateGossipKey(): string {
  return keyText(randomBytes(keyBytes));
}
