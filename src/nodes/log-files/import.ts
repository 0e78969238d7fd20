/** A log directory from a whole export: the same batches, byte for byte, so that the chain ends in the same hash. */
import { type LevelLogWriter, writeLevelLog } from '../../events/level-log.ts';
import { notWhole, readWholeExport } from './whole-export.ts';

export interface Imported {
  readonly node: string;
  readonly events: number;
  readonly position: number;
  readonly hash: string;
}

/** `directory` must hold no log yet. The export is verified as it is read; what fails leaves the directory as it is then. */
export async function importLog(file: string, directory: string, onProgress: (events: number) => void = () => {}): Promise<Imported> {
  let writer: LevelLogWriter | undefined;
  let imported: Imported | undefined;
  let events = 0;
  try {
    for await (const batch of readWholeExport(file)) {
      writer ??= await writeLevelLog(directory, batch.node, { position: batch.record.first, previousHash: batch.previousHash });
      await writer.write(batch.record, batch.end);
      events += batch.events;
      imported = { node: batch.node, events, position: batch.end.position, hash: Buffer.from(batch.end.hash).toString('hex') };
      onProgress(events);
    }
  } finally {
    await writer?.close();
  }
  if (imported === undefined) throw notWhole(file);
  return imported;
}
