// What of a row goes into the ledger: the bytes of PostgreSQL's binary COPY, which are a length-prefixed encoding of
// every column in the order of the table. The lane has them in hand, and a reader gets the same ones from COPY TO.
import { hashBytes, hashText } from "./merkle.js";

/** 32 bytes, a character for each. */
export type Leaf = string;

/** The last column of loom.traces holds the leaf itself: an i32 length and the hash. */
const leafFieldBytes = 4 + hashBytes;
/** The column before it is seq, an int8; the one before that is detail. */
const seqFieldBytes = 4 + 8;
const nullField = -1;

/**
 * SHA-256(0x00 | entry) of RFC 6962. `row` is `i16 columns | (i32 length | bytes)*` up to, without, the last column.
 * With fewer than 256 columns the first byte of the count is the 0x00, so that the entry begins with the second:
 * `u8 columns | (i32 length | bytes)*`, length -1 for NULL.
 * Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
 */
export function leafOf(row: Uint8Array): Leaf {
  if (row[0] !== 0) throw new Error("not a row of the binary COPY format");
  return hashText(row);
}

/**
 * The bytes that the leaf of a row is made of. `row` ends before its last column. A row whose `detail` is NULL was
 * written before there was such a column: it is covered without it, as a row of one column fewer. So neither adding
 * a detail nor taking one away leaves a row with its leaf.
 */
export function coveredOf(row: Buffer): Buffer {
  const detailEnd = row.length - seqFieldBytes;
  // The text of JSON never ends with the bytes of -1: they are no UTF-8.
  if (detailEnd < 6 || row.readInt32BE(detailEnd - 4) !== nullField) return row;
  const covered = Buffer.concat([row.subarray(0, detailEnd - 4), row.subarray(detailEnd)]);
  covered.writeInt16BE(row.readInt16BE(0) - 1, 0);
  return covered;
}

/** A row as a version without `detail` wrote it, in the form of today: with NULL there. Its leaf stays what it was. */
export function withoutDetail(row: Buffer): Buffer {
  const detailAt = row.length - leafFieldBytes - seqFieldBytes;
  const field = Buffer.alloc(4);
  field.writeInt32BE(nullField);
  const made = Buffer.concat([row.subarray(0, detailAt), field, row.subarray(detailAt)]);
  made.writeInt16BE(row.readInt16BE(0) + 1, 0);
  return made;
}

/** A row as COPY TO gives it: what its leaf covers, and its last column `leaf_hash`, null when that is NULL. */
export function splitLeaf(row: Buffer): { readonly covered: Buffer; readonly stored: Buffer | null } {
  const end = row.length - leafFieldBytes;
  if (end > 0 && row.readInt32BE(end) === hashBytes) {
    return { covered: coveredOf(row.subarray(0, end)), stored: row.subarray(end + 4) };
  }
  return { covered: coveredOf(row.subarray(0, row.length - 4)), stored: null };
}
