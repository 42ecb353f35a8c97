// Rows that several connections read side by side, brought back into one order. One connection alone is bound by the
// server's process that fetches the bodies from where they lie out of line; the check is faster than that.
import type { LedgerRow } from "../ledger/ledger-item.js";

type Rows = AsyncGenerator<LedgerRow[], void, void>;

/**
 * The rows of all parts in the order of their numbers. Each part is in that order itself, and a number is in one part
 * only, however often it is there. Holds at most two pieces of each part. Rejects with what a part rejects with.
 */
export async function* mergeRows(parts: readonly Rows[]): Rows {
  const open: PartAhead[] = [];
  for (const part of parts.map((rows) => new PartAhead(rows))) if (await part.load()) open.push(part);
  while (open.length > 0) {
    const merged: LedgerRow[] = [];
    const emptied = takeUntilEmpty(open, merged);
    yield merged;
    if (!(await emptied.load())) open.splice(open.indexOf(emptied), 1);
  }
}

/** Takes rows in order until one part has none at hand; that one may have the next number. */
function takeUntilEmpty(open: readonly PartAhead[], merged: LedgerRow[]): PartAhead {
  for (;;) {
    // Few parts: the two lowest are found by looking at all.
    let lowest = open[0] as PartAhead;
    let limit = Number.POSITIVE_INFINITY;
    for (const part of open.slice(1)) {
      limit = Math.min(limit, Math.max(part.seq, lowest.seq));
      if (part.seq < lowest.seq) lowest = part;
    }
    if (lowest.takeUpTo(limit, merged) === "empty") return lowest;
  }
}

/** A part, and the piece after the one in hand on its way already. */
class PartAhead {
  readonly #rows: Rows;
  #next: ReturnType<Rows["next"]>;
  #piece: readonly LedgerRow[] = [];
  #at = 0;

  constructor(rows: Rows) {
    this.#rows = rows;
    this.#next = this.#ask();
  }

  /** Of the row that comes next. Only of a part that has rows at hand. */
  get seq(): number {
    return (this.#piece[this.#at] as LedgerRow).seq;
  }

  /** Takes the next piece in hand. False: there is none. */
  async load(): Promise<boolean> {
    do {
      const next = await this.#next;
      if (next.done === true) return false;
      this.#piece = next.value;
      this.#at = 0;
      this.#next = this.#ask();
    } while (this.#piece.length === 0);
    return true;
  }

  takeUpTo(limit: number, merged: LedgerRow[]): "empty" | "more" {
    const piece = this.#piece;
    for (; this.#at < piece.length; this.#at += 1) {
      const row = piece[this.#at] as LedgerRow;
      if (row.seq > limit) return "more";
      merged.push(row);
    }
    return "empty";
  }

  #ask(): ReturnType<Rows["next"]> {
    const next = this.#rows.next();
    // Whoever comes to it hears of it; a reading that was given up by then must not end the thread.
    next.catch(() => undefined);
    return next;
  }
}
