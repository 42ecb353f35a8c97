// One batch on its way into Postgres until every row of it has found its place: in loom.traces, or set aside in
// loom.dead_traces. Survives lost connections and unknown commits; a bad row costs nobody but itself.
import type { Client } from "pg";
import type { LoomEvent } from "../../src/report/events.js";
import type { Batch, BatchRow, Slice } from "./batch.js";
import type { ChainWriter, LedgerEntry } from "./chain-writer.js";
import type { Connection } from "./connection.js";
import { copyTraces, copyTracesOnce } from "./copy-traces.js";
import { readFault, readFaultyRow, readReason } from "./faults.js";
import { type SealedRowBytes, setAside } from "./set-aside.js";
import type { TraceRow } from "./trace-row.js";

/** Seals an encoded row that goes to loom.dead_traces. */
export type SealRow = (entry: BatchRow, encoded: Uint8Array) => SealedRowBytes;

/** How a slice is written: directly, or with a look at what is there already. */
type Work = Slice & { readonly form: "direct" | "once" };

export type BatchWriteOptions = {
  readonly lane: number;
  readonly seal: SealRow;
  /** null writes no ledger. */
  readonly chains: ChainWriter | null;
  readonly emit: (event: LoomEvent) => void;
};

export class BatchWrite {
  readonly batch: Batch;
  /** Rows that found no place at all; each has been reported. */
  readonly lost: { readonly row: TraceRow; readonly reason: string }[] = [];
  readonly #options: BatchWriteOptions;
  /** What is still to be written; the last comes first. */
  #work: Work[];
  #partitions: "assumed" | "ensured" = "assumed";

  constructor(batch: Batch, options: BatchWriteOptions) {
    this.batch = batch;
    this.#options = options;
    this.#work = [{ from: 0, to: batch.rows.length, form: "direct" }];
  }

  get isDone(): boolean {
    return this.#work.length === 0;
  }

  get bytesLeft(): number {
    return this.#work.reduce((bytes, slice) => bytes + this.batch.encoded(slice).length, 0);
  }

  get idsLeft(): string[] {
    return this.#work.flatMap((slice) => this.batch.rowsOf(slice).map(({ row }) => row.id));
  }

  /**
   * Takes the next step over an open connection. Throws when the database cannot take anything now: the caller
   * closes the connection and tries again later, and this slice will look at what is there already.
   */
  async step(connection: Connection, timeoutMs: number): Promise<void> {
    // It stays on the list until its fate is known: a deadline in the middle names its rows too.
    const work = this.#work.at(-1);
    if (work === undefined) return;
    const startedAt = performance.now();
    const write = work.form === "direct" && connection.mayCopy ? copyTraces : copyTracesOnce;
    try {
      const rows = await connection.transact(timeoutMs, async (client) => {
        const written = await write(client, this.batch, work);
        await this.#options.chains?.add(client, "rows", written.map(leafOfRow));
        return written.length;
      });
      this.#options.chains?.commit();
      const ms = performance.now() - startedAt;
      this.#emitRecorded(work, rows, ms);
      this.#work.pop();
    } catch (error) {
      this.#options.chains?.forget();
      const fault = connection.isOpen ? readFault(error) : "moment";
      if (fault === "moment") {
        // The commit may have happened: from now on only what is missing is added.
        this.#replace([{ ...work, form: "once" }]);
        throw error;
      }
      if (fault === "doubled" && work.form === "direct") this.#replace([{ ...work, form: "once" }]);
      else if (fault === "partition" && this.#partitions === "assumed") {
        await this.#addPartitions(connection, timeoutMs, work);
      } else if (work.to - work.from > 1) this.#split(work, readFaultyRow(error));
      else await this.#setAside(connection, timeoutMs, work, error);
    }
  }

  /** Puts `parts` in the place of the slice in hand; the first comes next. */
  #replace(parts: readonly Work[]): void {
    this.#work.pop();
    this.#work.push(...parts.toReversed());
  }

  #emitRecorded(work: Work, rows: number, ms: number): void {
    const { lane, emit } = this.#options;
    const bytes = this.batch.encoded(work).length;
    if (rows > 0) emit({ name: "traces_recorded", lane, rows, bytes, ms });
    const repeated = work.to - work.from - rows;
    if (repeated > 0) emit({ name: "traces_repeated", lane, rows: repeated });
  }

  /** Around the row that the server named, else in halves; the parts are smaller in any case. */
  #split(work: Work, faultyRow: number | null): void {
    const { from, to, form } = work;
    this.#options.emit({ name: "batch_split", lane: this.#options.lane, rows: to - from });
    const at = from + (faultyRow ?? -1);
    const cuts = at >= from && at < to ? [from, at, at + 1, to] : [from, from + ((to - from) >> 1), to];
    const parts = cuts.slice(1).map((end, index) => ({ from: cuts[index] as number, to: end, form }));
    this.#replace(parts.filter((part) => part.to > part.from));
  }

  /** Once a batch, for the months of its rows; the slice then comes again. */
  async #addPartitions(connection: Connection, timeoutMs: number, work: Work): Promise<void> {
    this.#partitions = "ensured";
    const months = new Set(
      this.batch.rowsOf(work).map(({ row }) => new Date(row.createdAtMs).toISOString().slice(0, 7)),
    );
    await this.#attempt(connection, timeoutMs, async (client) => {
      for (const month of months)
        await client.query("SELECT loom.ensure_trace_partitions($1, 1)", [`${month}-01T00:00:00Z`]);
    });
  }

  async #setAside(connection: Connection, timeoutMs: number, work: Work, error: unknown): Promise<void> {
    const entry = this.batch.rows[work.from];
    if (entry === undefined) return;
    const { lane, emit, seal } = this.#options;
    const { id, tenantId } = entry.row;
    const failure = await this.#attempt(connection, timeoutMs, async (client) => {
      const leaf = await setAside(client, entry.row, seal(entry, this.batch.encoded(work)), error);
      if (leaf !== null) await this.#options.chains?.add(client, "dead", [leaf]);
    });
    this.#work.pop();
    const reason = readReason(error);
    if (failure === null) emit({ name: "trace_dead", lane, id, tenantId, reason });
    else {
      const both = `${reason}; ${readReason(failure)}`;
      emit({ name: "traces_lost", lane, ids: [id], reason: both });
      this.lost.push({ row: entry.row, reason: both });
    }
  }

  /** The error of a transaction that the database refused, or null. Throws when the database is away. */
  async #attempt(connection: Connection, timeoutMs: number, work: (client: Client) => Promise<void>): Promise<unknown> {
    try {
      await connection.transact(timeoutMs, work);
      this.#options.chains?.commit();
      return null;
    } catch (error) {
      this.#options.chains?.forget();
      if (!connection.isOpen || readFault(error) === "moment") throw error;
      return error;
    }
  }
}

function leafOfRow({ row, leaf }: BatchRow): LedgerEntry {
  const { nodeId, bootId, lane, seq, createdAtMs } = row;
  return { nodeId, bootId, lane, seq, createdAtMs, leaf };
}
