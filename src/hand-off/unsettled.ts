// The exchanges of a lane of which it is not sure yet that they are accounted for: as a row, set aside, or as a gap.
// A crash of the worker would lose those, or leave them to what its successor finds in the spool.
import type { SkippedExchange } from "../trace/lane-messages.js";
import type { TraceBegin } from "../trace/record.js";

/** Who an exchange is. */
type Named = Pick<TraceBegin, "id" | "tenantId" | "createdAtMs">;

export class Unsettled {
  readonly #exchanges = new Map<number, Named>();
  /** Those that no row will stand for. */
  readonly #gaps = new Map<number, SkippedExchange>();
  /** Those of which the spool has not all: only the worker's memory does. */
  readonly #refused = new Set<number>();

  get size(): number {
    return this.#exchanges.size;
  }

  /** Every worker of the lane is told of them, until one has them in the ledger. */
  get gaps(): Iterable<SkippedExchange> {
    return this.#gaps.values();
  }

  add(seq: number, { id, tenantId, createdAtMs }: Named): void {
    this.#exchanges.set(seq, { id, tenantId, createdAtMs });
  }

  /** Turns an exchange into a gap. */
  makeGap(seq: number, reason: string): SkippedExchange | null {
    const named = this.#exchanges.get(seq);
    if (named === undefined) return null;
    const gap = { seq, ...named, reason };
    this.#gaps.set(seq, gap);
    return gap;
  }

  /** The worker found no place for a part of it. */
  refuse(seq: number): void {
    if (this.#exchanges.has(seq)) this.#refused.add(seq);
  }

  /**
   * The worker is gone: turns into gaps those of `seqs` and those that it had refused, or all of them when `seqs` is
   * null. Returns those that were none yet.
   */
  lose(seqs: ReadonlySet<number> | null, reason: string): SkippedExchange[] {
    const all = seqs === null ? this.#exchanges.keys() : new Set([...seqs, ...this.#refused]);
    const lost = [...all].filter((seq) => !this.#gaps.has(seq));
    return lost.flatMap((seq) => this.makeGap(seq, reason) ?? []);
  }

  settle(seqs: Iterable<number>): void {
    for (const seq of seqs) {
      this.#exchanges.delete(seq);
      this.#gaps.delete(seq);
      this.#refused.delete(seq);
    }
  }
}
