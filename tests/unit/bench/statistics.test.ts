import { describe, expect, test } from "vitest";
import { median, percentile, sortSamples, spreadOf } from "../../../bench/statistics.js";

describe("percentile", () => {
  const hundred = sortSamples(Array.from({ length: 100 }, (_, at) => 100 - at));

  test("is the nearest rank, never a value between two samples", () => {
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 0.991)).toBe(100);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile(hundred, 0)).toBe(1);
  });

  test("sorts numbers as numbers", () => {
    expect([...sortSamples([10, 9, 1])]).toEqual([1, 9, 10]);
  });

  test("of nothing is not a number, so that no table shows a zero for it", () => {
    expect(percentile(sortSamples([]), 0.5)).toBeNaN();
    expect(median([])).toBeNaN();
  });
});

test("the median of an even number of rounds lies between the two middle ones", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([3, 1, 2])).toBe(2);
});

test("a spread names the median and both ends", () => {
  expect(spreadOf([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5 });
});
