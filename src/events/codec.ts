/**
 * From events to bytes, and from bytes and lines to events, by one catalogue. The catalogue is an argument, so that what
 * an older program wrote can be made by a test, and read by the program of today.
 */
import { type BatchCodec, createBatchCodec } from './batch-codec.ts';
import type { EventDefinition } from './define-event.ts';
import { catalogue } from './event.ts';
import { createLineReader, type LineReader } from './ndjson.ts';
import { openCatalogue } from './versions.ts';

export type Codec = BatchCodec & LineReader;

/** The types of events follow the program's own catalogue; for another one they are what the caller says they are. */
export function createCodec(definitions: readonly EventDefinition[]): Codec {
  const versions = openCatalogue(definitions);
  return { ...createBatchCodec(versions), ...createLineReader(versions) };
}

export const codec: Codec = createCodec(catalogue);
