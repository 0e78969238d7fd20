/** The check of a port: a connection that is accepted is a success, and is closed at once. Nothing is sent. */
import { attempt } from './attempt.ts';
import type { Check } from './check.ts';
import { openTcp } from './connect.ts';

export const checkTcp: Check = (target, signal) => attempt(target, signal, (attempt) => openTcp(attempt, () => attempt.end(null)));
