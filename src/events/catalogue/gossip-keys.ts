/** Facts about the keys of the gossip. Fingerprints only: a key itself never comes near a fact. */
import { z } from 'zod';
import { defineEvent } from '../define-event.ts';

/** 16 hex digits that name a key and do not tell it. */
const keyFingerprint = z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 hex digits');

export const gossipKeyRotated = defineEvent({
  type: 'gossip_key.rotated',
  code: 48,
  meaning: 'Somebody installed, used or removed this key at this node, and these are its keys since then, the one that seals first.',
  data: z.strictObject({
    action: z.enum(['installed', 'used', 'removed']),
    fingerprint: keyFingerprint,
    keys: z.array(keyFingerprint).min(1).max(64),
  }),
});
