// A lane's rows on their way into Postgres: collected into batches by rows, bytes and time, one batch in flight,
// kept until its COMMIT is confirmed, however long the database is away.
import type { Client } from "pg";
import { limits } from "../../src/limits.js";
import type { LoomEvent } from "../../src/report/events.js";
import type { CrashPoint } from "../../src/trace/lane-messages.js";
import type { Signer } from "../ledger/sign.js";
import type { ChainName } from "../ledger/window.js";
import type { SealedBodies } from "../seal/seal.js";
import { Batch } from "./batch.js";
import { BatchWrite, type SealRow } from "./batch-write.js";
import { BinaryCopy } from "./binary-copy.js";
import { ChainWriter } from "./chain-writer.js";
import { type Gap, writeGaps } from "./gaps.js";
import { Link } from "./link.js";
import type { TraceRow } from "./trace-row.js";

export type WriterOptions = {
  readonly databaseUrl: string;
  readonly lane: number;
  readonly seal: SealRow;
  /** Who signs the windows, and the lane's own chain; without it no ledger is written. */
  readonly ledger?: { readonly signer: Signer; readonly own: ChainName };
  readonly emit: (event: LoomEvent) => void;
  /** Told when the backlog has become smaller: these numbers are in Postgres, set aside, or named as lost. */
  readonly onProgress?: (seqs: readonly number[]) => void;
  /** Whether something of this number is in the spool: the drain makes no gap of it then. Never, without this. */
  readonly isHeld?: (seq: number) => boolean;
  /** What becomes of rows that the drain leaves: `kept` in the spool, for the next start, or `lost` (the default). */
  readonly left?: "kept" | "lost";
  /** Crash points of the fault suite. */
  readonly reach?: (point: CrashPoint) => void;
  /** For tests; `limits.databaseTimeoutMs` else. */
  readonly timeoutMs?: number;
};

const firstCapacityBytes = 256 * 1024;

export class TraceWriter {
  readonly #options: WriterOptions;
  readonly #link: Link;
  readonly #chains: ChainWriter | null;
  readonly #checkpointing: NodeJS.Timeout;
  readonly #life: Promise<void>;
  /** `closing` writes what is there without waiting for more; `closed` writes nothing any more. */
  #state: "open" | "closing" | "closed" = "open";
  #filling: Batch | null = null;
  /** True when the batch that is filling has waited long enough. */
  #isDue = false;
  #full: Batch[] = [];
  #writing: BatchWrite | null = null;
  #gaps: Gap[] = [];
  /** The last number that the lane has given. */
  #admitted = 0;
  /** Of the last batch: its buffer has the size that is needed. */
  #spare: BinaryCopy | null = null;
  #wake: () => void = () => {};

  constructor(options: WriterOptions) {
    this.#options = options;
    const { databaseUrl, lane, emit, ledger, reach, timeoutMs = limits.databaseTimeoutMs } = options;
    this.#link = new Link({ databaseUrl, lane, timeoutMs, emit, reach, pause: (ms) => this.#pause(ms) });
    this.#chains =
      ledger === undefined
        ? null
        : new ChainWriter(ledger.signer, { name: ledger.own, admitted: () => this.#admitted });
    this.#checkpointing = setInterval(() => this.#emitCheckpoints(), limits.checkpointEveryMs).unref();
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

  /** Tells of a number that no row will stand for. Without a ledger nothing keeps it. */
  addGap(gap: Gap): void {
    if (this.#state === "closed" || this.#chains === null) {
      this.#options.onProgress?.([gap.seq]);
      return;
    }
    // The last window of the lane makes gaps of all that nothing stands for: these lose their particulars only.
    if (this.#gaps.length >= limits.laneGapsMax) return this.#options.onProgress?.([gap.seq]);
    this.#gaps.push(gap);
    this.#wake();
  }

  /** The lane has given numbers up to this one; its last window will say so. */
  noteAdmitted(seq: number): void {
    this.#admitted = Math.max(this.#admitted, seq);
  }

  /** Writes what it can within `deadlineMs` and ends; what is left is reported by its ids, once. */
  async drain(deadlineMs: number): Promise<void> {
    if (this.#state !== "open") return this.#life;
    this.#state = "closing";
    this.#wake();
    await this.#lifeOrDeadline(deadlineMs);
    this.#close();
    this.#emitCheckpoints();
    const left = [...this.#full, ...(this.#filling === null ? [] : [this.#filling])];
    const ids = [...(this.#writing?.idsLeft ?? []), ...left.flatMap((batch) => batch.rows.map(({ row }) => row.id))];
    if (ids.length === 0) return;
    const { emit, lane, left: fate } = this.#options;
    if (fate === "kept") emit({ name: "traces_left", lane, exchanges: ids.length });
    else emit({ name: "traces_lost", lane, ids, reason: "not written before the deadline" });
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
    this.#link.close();
    clearInterval(this.#checkpointing);
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
      else if (this.#chains !== null && this.#gaps.length > 0) {
        await this.#writeGaps(this.#chains, this.#gaps.splice(0, limits.copyRowsMax));
      } else if (this.#state === "closing") return this.#closeChain();
      else await this.#pause(null);
    }
  }

  async #write(batch: Batch): Promise<void> {
    const { lane, seal, emit } = this.#options;
    const writing = new BatchWrite(batch, { lane, seal, chains: this.#chains, emit });
    this.#writing = writing;
    while (!writing.isDone && this.#state !== "closed") {
      await this.#link.attempt((connection, timeoutMs) => writing.step(connection, timeoutMs));
    }
    if (!writing.isDone) return;
    this.#writing = null;
    for (const { row, reason } of writing.lost) this.addGap({ ...row, reason });
    if (batch.copy.length <= 2 * limits.copyBytesMax) this.#spare = batch.copy;
    const lost = new Set(writing.lost.map(({ row }) => row.seq));
    this.#options.onProgress?.(batch.rows.flatMap(({ row }) => (lost.has(row.seq) ? [] : row.seq)));
  }

  /** Until it is committed, or the deadline has passed. */
  async #writeGaps(chains: ChainWriter, gaps: readonly Gap[]): Promise<void> {
    await this.#persist(chains, async (client) => {
      const open = await chains.leaveOutAccounted(client, gaps);
      await chains.add(client, "gap", await writeGaps(client, open));
    });
    if (this.#state !== "closed") this.#options.onProgress?.(gaps.map(({ seq }) => seq));
  }

  async #closeChain(): Promise<void> {
    const { ledger } = this.#options;
    const chains = this.#chains;
    if (ledger === undefined || chains === null) return;
    const { own } = ledger;
    await this.#persist(chains, async (client) => {
      const missing = await chains.missing(client, own, { admitted: this.#admitted, max: limits.laneGapsMax });
      await chains.add(client, "gap", await writeGaps(client, this.#gapsOf(own, missing)));
      await chains.close(client, own, this.#admitted);
    });
  }

  /** Numbers that were given and of which nothing was found: their exchanges got no further than their begin. */
  #gapsOf(own: ChainName, missing: readonly number[]): Gap[] {
    const { isHeld = () => false } = this.#options;
    const createdAtMs = Date.now();
    const nobody = { id: null, tenantId: null, reason: "nothing of it was found when its lane was closed" };
    return missing.flatMap((seq) => (isHeld(seq) ? [] : { ...own, seq, ...nobody, createdAtMs }));
  }

  async #persist(chains: ChainWriter, work: (client: Client) => Promise<void>): Promise<void> {
    let isDone = false;
    while (!isDone && this.#state !== "closed") {
      await this.#link.attempt(async (connection, timeoutMs) => {
        try {
          await connection.transact(timeoutMs, work);
          chains.commit();
          isDone = true;
        } catch (error) {
          chains.forget();
          throw error;
        }
      });
    }
  }

  #emitCheckpoints(): void {
    for (const checkpoint of this.#chains?.takeCheckpoints() ?? []) {
      this.#options.emit({ name: "ledger_checkpoint", ...checkpoint });
    }
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
