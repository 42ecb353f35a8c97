// Cuts the stream of COPY TO STDOUT (FORMAT binary) into rows, whatever pieces it comes in.
// Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"; all numbers are big-endian.
import { splitLeaf } from "../ledger/leaf.js";
import type { LedgerRow } from "../ledger/ledger-item.js";

/** Signature, flags, length of the header's extension. */
const headerBytes = 19;
const extensionAt = 15;
const endOfRows = -1;
/** How much of a piece is put behind the row that began before it, for a start. */
const joinBytesMin = 4096;
const highWord = 0x1_0000_0000;

/**
 * What a table's rows look like. `seq`: in traces it is the last column before the leaf, in the others its place is
 * counted from the front.
 */
export type RowShape = { readonly hasLeaf: boolean; readonly seqColumn: number };

export class RowSplitter {
  readonly #shape: RowShape;
  /** What is not cut yet. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** Below this nothing can be cut. */
  #neededBytes = headerBytes;
  #state: "header" | "rows" | "ended" = "header";

  constructor(shape: RowShape) {
    this.#shape = shape;
  }

  /** The rows that end in this piece. They are views into it, but for one that began before it. */
  take(piece: Buffer): LedgerRow[] {
    this.#rest.push(piece);
    this.#restBytes += piece.length;
    const rows: LedgerRow[] = [];
    if (this.#restBytes < this.#neededBytes || this.#state === "ended") return rows;
    this.#rest.pop();
    let began: Buffer = Buffer.concat(this.#rest);
    let from = 0;
    // Only that row is put together: a copy of every piece would cost more than the hashes of its rows.
    let joined = Math.max(this.#neededBytes - began.length, joinBytesMin);
    while (began.length > 0) {
      const bytes = Buffer.concat([began, piece.subarray(0, joined)]);
      const end = this.#cut(bytes, rows);
      from = end - began.length;
      if (from >= 0) break;
      if (joined >= piece.length) return this.#keep(bytes.subarray(end), rows);
      began = began.subarray(end);
      joined *= 2;
    }
    const rest = piece.subarray(from);
    return this.#keep(rest.subarray(this.#cut(rest, rows)), rows);
  }

  #keep(rest: Buffer, rows: LedgerRow[]): LedgerRow[] {
    this.#rest = rest.length > 0 ? [rest] : [];
    this.#restBytes = rest.length;
    return rows;
  }

  /** Cuts what it can, and tells where it ended. */
  #cut(bytes: Buffer, rows: LedgerRow[]): number {
    let at = 0;
    if (this.#state === "header") {
      at = headerBytes + bytes.readInt32BE(extensionAt);
      this.#state = "rows";
    }
    for (;;) {
      const end = this.#endOf(bytes, at);
      if (end === null) return at;
      rows.push(this.#rowOf(bytes.subarray(at, end)));
      at = end;
    }
  }

  /** Where the row at `at` ends; null when that is not here yet, or when there are no more. */
  #endOf(bytes: Buffer, start: number): number | null {
    if (start + 2 > bytes.length) return this.#wait(2);
    const fields = bytes.readInt16BE(start);
    if (fields === endOfRows) {
      this.#state = "ended";
      return null;
    }
    let at = start + 2;
    for (let field = 0; field < fields; field += 1) {
      if (at + 4 > bytes.length) return this.#wait(at + 4 - start);
      const length = bytes.readInt32BE(at);
      at += length > 0 ? 4 + length : 4;
    }
    return at > bytes.length ? this.#wait(at - start) : at;
  }

  #wait(neededBytes: number): null {
    this.#neededBytes = neededBytes;
    return null;
  }

  #rowOf(row: Buffer): LedgerRow {
    if (this.#shape.hasLeaf) {
      const { covered, stored } = splitLeaf(row);
      return { seq: readInt8(covered, covered.length - 8), covered, stored };
    }
    let at = 2;
    for (let column = 0; column < this.#shape.seqColumn; column += 1) at += 4 + Math.max(0, row.readInt32BE(at));
    return { seq: readInt8(row, at + 4), covered: row, stored: null };
  }
}

function readInt8(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * highWord + bytes.readUInt32BE(at + 4);
}
