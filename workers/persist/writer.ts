// A lane's rows on their way into Postgres: collected into batches by rows, bytes and time, one batch in flight,
// kept until its COMMIT is confirmed, however long the database is away.
import { limits } from "../../src/limits.js";
import type { LoomEvent } from "../../src/report/events.js";
import type { SealedBodies } from "../seal/seal.js";
import { Batch } from "./batch.js";
import { BatchWrite, type SealRow } from "./batch-write.js";
import { BinaryCopy } from "./binary-copy.js";
import { Connection } from "./connection.js";
import { readReason } from "./faults.js";
import type { TraceRow } from "./trace-row.js";

export type WriterOptions = {
  readonly databaseUrl: string;
  readonly lane: number;
  readonly seal: SealRow;
  readonly emit: (event: LoomEvent) => void;
  /** Told when the backlog has become smaller: these numbers are in Postgres, set aside, or named as lost. */
  readonly onProgress?: (seqs: readonly number[]) => void;
  /** For tests; `limits.databaseTimeoutMs` else. */
  readonly timeoutMs?: number;
};

const firstCapacityBytes = 256 * 1024;
const firstRetryMs = 100;
/** A slow disk is not a frozen server: each failure in a row doubles the patience, so far. */
const patienceMax = 8;

export class TraceWriter {
  readonly #options: WriterOptions;
  readonly #timeoutMs: number;
  readonly #life: Promise<void>;
  /** `closing` writes what is there without waiting for more; `closed` writes nothing any more. */
  #state: "open" | "closing" | "closed" = "open";
  #filling: Batch | null = null;
  /** True when the batch that is filling has waited long enough. */
  #isDue = false;
  #full: Batch[] = [];
  #writing: BatchWrite | null = null;
  #connection: Connection | null = null;
  /** Of the last batch: its buffer has the size that is needed. */
  #spare: BinaryCopy | null = null;
  #failures = 0;
  #awaySinceMs: number | null = null;
  #wake: () => void = () => {};

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? limits.databaseTimeoutMs;
    this.#life = this.#run();
  }

  /** Bytes that no COMMIT has confirmed yet. */
  get backlogBytes(): number {
    let bytes = (this.#filling?.copy.length ?? 0) + (this.#writing?.bytesLeft ?? 0);
    for (const batch of this.#full) bytes += batch.copy.length;
    return bytes;
  }

  /** Throws when the row cannot be encoded, or after `drain`; the other rows are as before then. */
  add(row: TraceRow, bodies: SealedBodies, keySalt: string): void {
    if (this.#state !== "open") throw new Error("the writer is closed");
    if (this.#filling === null) this.#startBatch();
    const batch = this.#filling as unknown as Batch;
    batch.add(row, bodies, keySalt);
    if (batch.rows.length < limits.copyRowsMax && batch.copy.length < limits.copyBytesMax) return;
    this.#full.push(batch);
    this.#filling = null;
    this.#wake();
  }

  /** Writes what it can within `deadlineMs` and ends; what is left is reported by its ids, once. */
  async drain(deadlineMs: number): Promise<void> {
    if (this.#state !== "open") return this.#life;
    this.#state = "closing";
    this.#wake();
    await this.#lifeOrDeadline(deadlineMs);
    this.#close();
    const left = [...this.#full, ...(this.#filling === null ? [] : [this.#filling])];
    const ids = [...(this.#writing?.idsLeft ?? []), ...left.flatMap((batch) => batch.rows.map(({ row }) => row.id))];
    if (ids.length === 0) return;
    this.#options.emit({
      name: "traces_lost",
      lane: this.#options.lane,
      ids,
      reason: "not written before the deadline",
    });
  }

  #lifeOrDeadline(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const deadline = setTimeout(resolve, deadlineMs);
      this.#life.finally(() => clearTimeout(deadline)).then(resolve, resolve);
    });
  }

  #startBatch(): void {
    const batch = new Batch(this.#spare ?? new BinaryCopy(firstCapacityBytes));
    this.#spare = null;
    this.#filling = batch;
    this.#isDue = false;
    setTimeout(() => {
      if (this.#filling !== batch) return;
      this.#isDue = true;
      this.#wake();
    }, limits.copyWaitMs);
  }

  #close(): void {
    this.#state = "closed";
    this.#connection?.close();
    this.#wake();
  }

  #nextBatch(): Batch | null {
    const batch = this.#full.shift();
    if (batch !== undefined) return batch;
    const filling = this.#filling;
    if (filling === null || filling.rows.length === 0 || (this.#state === "open" && !this.#isDue)) return null;
    this.#filling = null;
    return filling;
  }

  async #run(): Promise<void> {
    while (this.#state !== "closed") {
      const batch = this.#nextBatch();
      if (batch !== null) await this.#write(batch);
      else if (this.#state === "closing") return;
      else await this.#pause(null);
    }
  }

  async #write(batch: Batch): Promise<void> {
    const { lane, seal, emit } = this.#options;
    const writing = new BatchWrite(batch, { lane, seal, emit });
    this.#writing = writing;
    while (!writing.isDone && this.#state !== "closed") {
      try {
        const patience = Math.min(patienceMax, 2 ** this.#failures);
        // One that broke while it was idle is nobody's failure.
        if (this.#connection?.isOpen !== true) this.#connection = await this.#connect();
        await writing.step(this.#connection, this.#timeoutMs * patience);
        this.#reportBack();
      } catch (error) {
        await this.#backOff(error);
      }
    }
    if (!writing.isDone) return;
    this.#writing = null;
    if (batch.copy.length <= 2 * limits.copyBytesMax) this.#spare = batch.copy;
    this.#options.onProgress?.(batch.rows.map(({ row }) => row.seq));
  }

  async #connect(): Promise<Connection> {
    const connection = await Connection.open(
      this.#options.databaseUrl,
      `loom lane ${this.#options.lane}`,
      this.#timeoutMs,
    );
    // The deadline may have passed meanwhile.
    if (this.#state === "closed") connection.close();
    return connection;
  }

  async #backOff(error: unknown): Promise<void> {
    const hadConnection = this.#connection !== null;
    this.#connection?.close();
    this.#connection = null;
    if (this.#state === "closed") return;
    this.#failures += 1;
    // A connection that broke under work may be replaced at once; only a second failure is news.
    if (hadConnection && this.#failures === 1) return;
    if (this.#awaySinceMs === null) {
      this.#awaySinceMs = Date.now();
      this.#options.emit({ name: "database_away", who: `lane ${this.#options.lane}`, reason: readReason(error) });
    }
    const full = Math.min(limits.databaseRetryMsMax, firstRetryMs * 2 ** (this.#failures - 1));
    await this.#pause(full * (0.5 + Math.random() / 2));
  }

  #reportBack(): void {
    this.#failures = 0;
    if (this.#awaySinceMs === null) return;
    const awayMs = Date.now() - this.#awaySinceMs;
    this.#awaySinceMs = null;
    this.#options.emit({ name: "database_back", who: `lane ${this.#options.lane}`, awayMs });
  }

  /** Until something changes, or for `ms`; new rows do not cut a pause short, the end does. */
  #pause(ms: number | null): Promise<void> {
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        if (ms !== null && this.#state === "open") return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
