/**
 * Whether a file of LevelDB's own log is whole. Opening drops what follows a damaged record without a word, and with it what was
 * acknowledged, so the log looks first. After a loss of power the end of a file may be torn, and even have holes; but
 * only what was not synced yet. The log writes one record after another, so whatever follows a record that asked for a sync
 * was written when that sync was done, and all before it was whole:
 *
 *     damaged record   sound ones after it                          verdict
 *     none             -                                            whole
 *     some             none, or none that asked for a sync          whole: it was never synced
 *     some             one that asked for a sync, as the last       whole: that sync may not have been done
 *     some             one that asked for a sync, and another       damaged since
 *
 * The format is that of LevelDB's doc/log_format.md: blocks of 32 KiB, in them records of a masked CRC-32C (4 bytes), a
 * length (2) and a type (1) before the data; numbers are little-endian, and the checksum covers the type and the data.
 */

const blockBytes = 32 * 1024;
const headerBytes = 7;
/** Zero is room that was never written; full, first, middle, last. */
const lastType = 4;

/** Where the first record begins that was damaged since it was synced, if one was. `syncMark` is in every record that asked for a sync. */
export function damagedAt(bytes: Buffer, syncMark: Buffer): number | undefined {
  let damaged: number | undefined;
  let syncFollows = false;
  for (let block = 0; block < bytes.length; block += blockBytes) {
    const end = Math.min(block + blockBytes, bytes.length);
    for (let at = block; at + headerBytes <= end; ) {
      if (isUnwritten(bytes, at, end)) {
        // No block is left before it is full.
        if (end < bytes.length) damaged ??= at;
        break;
      }
      const next = soundUpTo(bytes, at, end);
      if (next === undefined) damaged ??= at;
      else if (damaged !== undefined) {
        if (syncFollows) return damaged;
        syncFollows = bytes.subarray(at, next).includes(syncMark);
      }
      // Where a length is damaged as well, the next record may begin anywhere.
      at = next ?? at + 1;
    }
  }
  return undefined;
}

/** Where the record that begins here ends, if it is whole. */
function soundUpTo(bytes: Buffer, at: number, end: number): number | undefined {
  const next = at + headerBytes + bytes.readUInt16LE(at + 4);
  const type = bytes[at + 6] as number;
  if (type < 1 || type > lastType || next > end) return undefined;
  return bytes.readUInt32LE(at) === masked(crc32c(bytes, at + 6, next)) ? next : undefined;
}

function isUnwritten(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** LevelDB turns checksums round, so that a checksum of data that holds checksums says something. */
const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function crc32c(bytes: Buffer, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let at = from; at < to; at++) crc = (table[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
