import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketOf, Histogram, valueOf } from "../../../../workers/persist/histogram.js";

const duration = fc.double({ min: 0.001, max: 1e9, noNaN: true });

describe("a latency histogram", () => {
  it("gives every duration back within 1 %", () => {
    fc.assert(
      fc.property(duration, (value) => {
        expect(Math.abs(valueOf(bucketOf(value)) - value) / value).toBeLessThanOrEqual(0.01 + 1e-9);
      }),
      { numRuns: 2000 },
    );
  });

  it("gives every quantile within 1 % of the value at its rank", () => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const histogram = new Histogram();
        for (const value of values) histogram.add(value);
        const exact = values.toSorted((left, right) => left - right)[
          Math.max(1, Math.ceil(q * values.length)) - 1
        ] as number;
        expect(Math.abs((histogram.quantile(q) as number) - exact) / exact).toBeLessThanOrEqual(0.01 + 1e-9);
      }),
    );
  });

  it("of two parts is the histogram of the whole", () => {
    fc.assert(
      fc.property(fc.array(duration), fc.array(duration), (left, right) => {
        const [whole, part, other] = [new Histogram(), new Histogram(), new Histogram()];
        for (const value of [...left, ...right]) whole.add(value);
        for (const value of left) part.add(value);
        for (const value of right) other.add(value);
        part.merge(other.toSparse());
        expect(part.toSparse()).toEqual(whole.toSparse());
      }),
    );
  });

  it("keeps bucket numbers ascending and within int2, whatever it is given", () => {
    const histogram = new Histogram();
    for (const value of [0, -5, Number.NaN, 1e-9, Number.POSITIVE_INFINITY, 1e300, 3, 3]) histogram.add(value);
    const { buckets, counts } = histogram.toSparse();
    expect(buckets).toEqual(buckets.toSorted((left, right) => left - right));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(8);
    for (const bucket of buckets) expect(Math.abs(bucket)).toBeLessThan(32_768);
  });

  it("that is empty has no quantile", () => {
    expect(new Histogram().quantile(0.5)).toBe(null);
  });
});
