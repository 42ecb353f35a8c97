import fc from "fast-check";
import { expect, it } from "vitest";
import { SeqRanges } from "../../../../workers/ledger/seq-ranges.js";

it("holds what a set holds, whatever the order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), fc.integer({ min: 1, max: 20 }), (seqs, low) => {
      const ranges = SeqRanges.below(low);
      const set = new Set(Array.from({ length: low - 1 }, (_, index) => index + 1));
      for (const seq of seqs) {
        expect(ranges.add(seq)).toBe(!set.has(seq));
        set.add(seq);
      }
      for (let seq = 1; seq <= 61; seq += 1) expect(ranges.has(seq)).toBe(set.has(seq));
      let lowWater = 1;
      while (set.has(lowWater)) lowWater += 1;
      expect(ranges.lowWater).toBe(lowWater);
      expect(ranges.last).toBe(Math.max(0, ...set));
      const missing = ranges.missingUpTo(40, 100);
      const absent = Array.from({ length: 40 }, (_, index) => index + 1).filter((seq) => !set.has(seq));
      expect(missing.count).toBe(absent.length);
      expect(
        missing.ranges.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, at) => from + at)),
      ).toEqual(absent);
      expect(ranges.missingUpTo(40, 1).ranges.length).toBeLessThanOrEqual(1);
    }),
  );
});

it("is not changed by what happens to its copy", () => {
  const ranges = SeqRanges.below(5);
  const copy = ranges.copy();
  copy.add(5);
  expect([ranges.lowWater, copy.lowWater]).toEqual([5, 6]);
});
