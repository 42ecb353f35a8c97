// What of a row goes into the ledger: the bytes of PostgreSQL's binary COPY, which are a length-prefixed encoding of
// every column in the order of the table. The lane has them in hand, and a reader gets the same ones from COPY TO.
import { hashBytes, hashText } from "./merkle.js";

/** 32 bytes, a character for each. */
export type Leaf = string;

/** The last column of loom.traces holds the leaf itself: an i32 length and the hash. */
const leafFieldBytes = 4 + hashBytes;

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

/** A row as COPY TO gives it, its last column `leaf_hash` apart: null when that is NULL. */
export function splitLeaf(row: Buffer): { readonly covered: Buffer; readonly stored: Buffer | null } {
  const end = row.length - leafFieldBytes;
  if (end > 0 && row.readInt32BE(end) === hashBytes) {
    return { covered: row.subarray(0, end), stored: row.subarray(end + 4) };
  }
  return { covered: row.subarray(0, row.length - 4), stored: null };
}
