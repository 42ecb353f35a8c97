// Durability `disk`: one flush for all batches that were written while the last one ran, and what to do when a
// flush fails. The kernel may have dropped what it could not write, so a segment whose flush failed is never flushed
// again; what nobody was promised yet goes to a fresh one.
import type { Segment } from "./exchange-index.js";
import type { OnKept, SealedBatch } from "./spool.js";
import type { SpoolFiles } from "./spool-files.js";

export type GroupFlushOptions = {
  readonly files: SpoolFiles;
  readonly folder: string;
  readonly cut: (segment: Segment) => void;
  /** Writes a batch once more, to where it can be flushed. */
  readonly write: (batch: SealedBatch) => void;
  readonly onFlushed: (segments: readonly Segment[]) => void;
  readonly onFault: (error: unknown, what: "flush") => void;
  /** Told when the second try failed as well. */
  readonly onFailed: () => void;
};

type Waiting = { readonly batch: SealedBatch; readonly onKept: OnKept; error: Error | null };

export class GroupFlush {
  readonly #options: GroupFlushOptions;
  readonly #dirty = new Set<Segment>();
  /** Being flushed right now: their files must stay open. */
  #inFlight: readonly Segment[] = [];
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  constructor(options: GroupFlushOptions) {
    this.#options = options;
  }

  /** Resolves when nothing waits. */
  get idle(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  mark(segment: Segment): void {
    this.#dirty.add(segment);
  }

  /** Forgets a segment that is about to go. False while it is being flushed. */
  forget(segment: Segment): boolean {
    this.#dirty.delete(segment);
    return !this.#inFlight.includes(segment);
  }

  /** Tells `onKept` after the next flush, or of the `error` that the batch had before. */
  add(batch: SealedBatch, onKept: OnKept, error: Error | null): void {
    this.#waiting.push({ batch, onKept, error });
    this.#running ??= this.#run();
  }

  /** Writes all once more that no flush has been started for: a segment that some of it may be in was cut. */
  rewrite(): void {
    for (const { batch, error } of this.#waiting) if (error === null) this.#options.write(batch);
  }

  /** Gives up all that no flush has been started for: it could not be written once more. */
  refuse(error: Error): void {
    for (const entry of this.#waiting) entry.error ??= error;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      const error = await this.#flushOrRetry(waiting);
      for (const { onKept, error: own } of waiting) onKept(own ?? error);
    }
    this.#running = null;
  }

  /** Adds to `waiting` what came while it failed: that may be in a segment that was cut as well. */
  async #flushOrRetry(waiting: Waiting[]): Promise<Error | null> {
    try {
      await this.#flushDirty();
      return null;
    } catch (error) {
      this.#options.onFault(error, "flush");
    }
    waiting.push(...this.#waiting.splice(0));
    try {
      for (const { batch, error } of waiting) if (error === null) this.#options.write(batch);
      await this.#flushDirty();
      return null;
    } catch (error) {
      this.#options.onFault(error, "flush");
      this.#options.onFailed();
      waiting.push(...this.#waiting.splice(0));
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async #flushDirty(): Promise<void> {
    const { files, folder, cut, onFlushed } = this.#options;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    this.#inFlight = dirty;
    try {
      const flushes = await Promise.allSettled(dirty.map(({ file }) => files.flush(file)));
      const failed = dirty.filter((_, index) => flushes[index]?.status === "rejected");
      for (const segment of failed) cut(segment);
      const rejected = flushes.find((flush) => flush.status === "rejected");
      if (rejected !== undefined) throw rejected.reason;
      const fresh = dirty.filter(({ entry }) => entry === "new");
      if (fresh.length === 0) return;
      await files.flushFolder(folder);
      for (const segment of fresh) segment.entry = "flushed";
    } finally {
      this.#inFlight = [];
      onFlushed(dirty);
    }
  }
}
