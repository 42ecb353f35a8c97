// The numbers of a chain that are accounted for, as ranges: one long stream that stays open among a million short
// exchanges costs two ranges, not a million numbers.

type Range = { from: number; to: number };

export class SeqRanges {
  /** Apart from one another, in order. */
  readonly #ranges: Range[] = [];

  /** All below `lowWater`. */
  static below(lowWater: number): SeqRanges {
    const ranges = new SeqRanges();
    if (lowWater > 1) ranges.#ranges.push({ from: 1, to: lowWater - 1 });
    return ranges;
  }

  copy(): SeqRanges {
    const copy = new SeqRanges();
    copy.#ranges.push(...this.#ranges.map((range) => ({ ...range })));
    return copy;
  }

  /** The first number from 1 on that is not there. */
  get lowWater(): number {
    const first = this.#ranges[0];
    return first?.from === 1 ? first.to + 1 : 1;
  }

  /** The largest number that is there, or 0. */
  get last(): number {
    return this.#ranges.at(-1)?.to ?? 0;
  }

  has(seq: number): boolean {
    const range = this.#ranges[this.#place(seq)];
    return range !== undefined && range.from <= seq;
  }

  /** False when it was there already. */
  add(seq: number): boolean {
    const place = this.#place(seq);
    const after = this.#ranges[place];
    if (after !== undefined && after.from <= seq) return false;
    const before = this.#ranges[place - 1];
    const joinsBefore = before?.to === seq - 1;
    const joinsAfter = after?.from === seq + 1;
    if (joinsBefore && joinsAfter) {
      before.to = after.to;
      this.#ranges.splice(place, 1);
    } else if (joinsBefore) before.to = seq;
    else if (joinsAfter) after.from = seq;
    else this.#ranges.splice(place, 0, { from: seq, to: seq });
    return true;
  }

  /** What is missing up to and with `last`: ranges, at most `max` of them, and how many numbers in all. */
  missingUpTo(last: number, max: number): { readonly ranges: readonly Readonly<Range>[]; readonly count: number } {
    const ranges: Range[] = [];
    let count = 0;
    let from = 1;
    for (const range of [...this.#ranges, { from: last + 1, to: last + 1 }]) {
      const to = Math.min(range.from - 1, last);
      if (to >= from) {
        count += to - from + 1;
        if (ranges.length < max) ranges.push({ from, to });
      }
      from = range.to + 1;
    }
    return { ranges, count };
  }

  /** The first range that ends at or after `seq`. */
  #place(seq: number): number {
    let low = 0;
    let high = this.#ranges.length;
    // Most numbers come near the end.
    const last = this.#ranges[high - 1];
    if (last === undefined || last.to < seq) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle] as Range).to < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
