// Rows on their way into one COPY: encoded as they come, so that a row's ciphertext is held once; and the rows
// beside it, for rollups, for naming what is lost, and for what is set aside.
import type { Leaf } from "../ledger/leaf.js";
import type { SealedBodies } from "../seal/seal.js";
import type { BinaryCopy } from "./binary-copy.js";
import { type TraceRow, writeTraceRow } from "./trace-row.js";

/** A row, the salt of its tenant (a row that Postgres refuses is sealed whole) and its leaf in the ledger. */
export type BatchRow = { readonly row: TraceRow; readonly keySalt: string; readonly leaf: Leaf };

/** Rows `from` to before `to` of a batch. */
export type Slice = { readonly from: number; readonly to: number };

export class Batch {
  readonly rows: BatchRow[] = [];
  readonly copy: BinaryCopy;
  /** Where each row starts. */
  readonly #starts: number[] = [];

  constructor(copy: BinaryCopy) {
    copy.truncate(0);
    this.copy = copy;
  }

  /** Throws what writeTraceRow throws; the batch is then as before. */
  add(row: TraceRow, bodies: SealedBodies, keySalt: string): void {
    const start = this.copy.length;
    let leaf: Leaf;
    try {
      leaf = writeTraceRow(this.copy, row, bodies);
    } catch (error) {
      this.copy.truncate(start);
      throw error;
    }
    this.#starts.push(start);
    this.rows.push({ row, keySalt, leaf });
  }

  /** A row as `encoded` gave it once. */
  addEncoded(entry: BatchRow, encoded: Uint8Array): void {
    this.#starts.push(this.copy.length);
    this.copy.raw(encoded);
    this.rows.push(entry);
  }

  /** The encoded rows of a slice: a view, without COPY's header and trailer. */
  encoded({ from, to }: Slice): Buffer {
    return this.copy.view(this.#startOf(from), this.#startOf(to));
  }

  rowsOf({ from, to }: Slice): readonly BatchRow[] {
    return this.rows.slice(from, to);
  }

  #startOf(index: number): number {
    return this.#starts[index] ?? this.copy.length;
  }
}
