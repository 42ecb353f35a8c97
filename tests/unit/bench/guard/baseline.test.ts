import { expect, test } from "vitest";
import { composeBounds, toleranceMin } from "../../../../bench/guard/baseline.js";

const ratio = (name: string, value: number) => ({ name, value, better: "lower", held: "calm" }) as const;

test("a bound is the median of the runs, with twice the spread that they had", () => {
  const bounds = composeBounds([[ratio("a", 4)], [ratio("a", 5)], [ratio("a", 6)]]);
  expect(bounds["a"]).toEqual({ value: 5, tolerance: 0.5 });
});

test("a steady figure still may move a little", () => {
  expect(composeBounds([[ratio("a", 4)], [ratio("a", 4)]])["a"]).toEqual({ value: 4, tolerance: toleranceMin });
});

test("what these runs did not measure is kept from the baseline before", () => {
  const kept = { a: { value: 1, tolerance: 1 }, b: { value: 2, tolerance: 0.5 } };
  expect(composeBounds([[ratio("a", 3)]], kept)).toEqual({
    a: { value: 3, tolerance: toleranceMin },
    b: { value: 2, tolerance: 0.5 },
  });
});
