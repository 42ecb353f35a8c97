// Cuts the stream of COPY TO STDOUT (FORMAT binary) into rows, whatever pieces it comes in.
// Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"; all numbers are big-endian.
import { splitLeaf } from "../ledger/leaf.js";
import type { LedgerRow } from "../ledger/ledger-item.js";

/** Signature, flags, length of the header's extension. */
const headerBytes = 19;
const extensionAt = 15;
const endOfRows = -1;
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

  /** The rows that end in this piece. They may be views into it. */
  take(piece: Buffer): LedgerRow[] {
    this.#rest.push(piece);
    this.#restBytes += piece.length;
    if (this.#restBytes < this.#neededBytes || this.#state === "ended") return [];
    const bytes = this.#rest.length === 1 ? piece : Buffer.concat(this.#rest);
    let at = 0;
    if (this.#state === "header") {
      at = headerBytes + bytes.readInt32BE(extensionAt);
      this.#state = "rows";
    }
    const rows: LedgerRow[] = [];
    for (;;) {
      const end = this.#endOf(bytes, at);
      if (end === null) break;
      rows.push(this.#rowOf(bytes.subarray(at, end)));
      at = end;
    }
    this.#rest = [bytes.subarray(at)];
    this.#restBytes = bytes.length - at;
    return rows;
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
